<?php
/**
 * What the merchant chose.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * The option `shelfwise_settings`: placement => on, heading, count.
 */
final class Settings {

	const OPTION   = 'shelfwise_settings';
	const MOST     = 24;
	const DEFAULTS = array(
		'product'       => 4,
		'collection'    => 4,
		'cart'          => 4,
		'post_purchase' => 4,
		'search'        => 4,
		'not_found'     => 4,
		'home'          => 8,
	);

	/**
	 * Every placement's settings.
	 *
	 * @return array<string,array{on:bool,heading:string,count:int}> An empty heading means the slate's own.
	 */
	public static function all() {
		return self::clean( get_option( self::OPTION ) );
	}

	/**
	 * One placement's settings; one that is not known is off.
	 *
	 * @param string $placement Such as "product".
	 * @return array{on:bool,heading:string,count:int}
	 */
	public static function placement( $placement ) {
		$all = self::all();
		return isset( $all[ $placement ] ) ? $all[ $placement ] : array(
			'on'      => false,
			'heading' => '',
			'count'   => 4,
		);
	}

	/**
	 * Settings as they may be kept, whatever was sent or is kept.
	 *
	 * @param mixed $given Placement => on, heading, count; what is missing takes its default.
	 * @return array<string,array{on:bool,heading:string,count:int}>
	 */
	public static function clean( $given ) {
		$given = is_array( $given ) ? $given : array();
		$clean = array();
		foreach ( self::DEFAULTS as $placement => $count ) {
			$row     = isset( $given[ $placement ] ) && is_array( $given[ $placement ] ) ? $given[ $placement ] : null;
			$heading = isset( $row['heading'] ) && is_scalar( $row['heading'] ) ? (string) $row['heading'] : '';
			$wanted  = isset( $row['count'] ) && is_numeric( $row['count'] ) ? (int) $row['count'] : $count;

			$clean[ $placement ] = array(
				'on'      => null === $row || ! empty( $row['on'] ),
				'heading' => mb_substr( sanitize_text_field( $heading ), 0, 120 ),
				'count'   => max( 1, min( self::MOST, $wanted ) ),
			);
		}
		return $clean;
	}

	/**
	 * Where a placement shows, in the merchant's language.
	 *
	 * @return array<string,string>
	 */
	public static function labels() {
		return array(
			'product'       => __( 'Product page', 'shelfwise' ),
			'collection'    => __( 'Shop and category pages', 'shelfwise' ),
			'cart'          => __( 'Cart, also an empty one', 'shelfwise' ),
			'post_purchase' => __( 'Thank-you page', 'shelfwise' ),
			'search'        => __( 'Search without results', 'shelfwise' ),
			'not_found'     => __( 'Page not found', 'shelfwise' ),
			'home'          => __( 'Block or shortcode', 'shelfwise' ),
		);
	}
}
