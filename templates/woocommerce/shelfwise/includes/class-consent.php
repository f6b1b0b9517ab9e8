<?php
/**
 * Whether the shopper agreed.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Consent, and the visitor's token that is only there with it.
 */
final class Consent {

	const COOKIE = 'shelfwise_visitor';

	/**
	 * The token of a visitor who agreed, "" for anybody else.
	 *
	 * The script makes the cookie with consent only, and takes it away with it. Where the WP Consent API is there, it
	 * has the last word.
	 *
	 * @return string
	 */
	public static function visitor() {
		$token = isset( $_COOKIE[ self::COOKIE ] ) && is_string( $_COOKIE[ self::COOKIE ] )
			? sanitize_text_field( wp_unslash( $_COOKIE[ self::COOKIE ] ) ) : '';
		if ( ! preg_match( '/^[A-Za-z0-9_-]{8,64}$/D', $token ) ) {
			return '';
		}
		if ( function_exists( 'wp_has_consent' ) && ! wp_has_consent( 'statistics' ) && ! wp_has_consent( 'marketing' ) ) {
			return '';
		}
		return $token;
	}
}
