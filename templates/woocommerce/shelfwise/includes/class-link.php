<?php
/**
 * Which app this shop is connected with.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * The link to the app: its address, the shop's key there, and the secret that both know.
 *
 * `shelfwise_link` is autoloaded, since every page with a slate reads it. The secret, which only a push or a signed
 * question needs, is an option of its own that is not, so that no page and no object cache carries it about.
 */
final class Link {

	const OPTION = 'shelfwise_link';
	const SECRET = 'shelfwise_secret';

	/**
	 * The link as it is kept.
	 *
	 * @return array{api:string,shop:string,home:string,since:int} Empty texts while not connected.
	 */
	public static function get() {
		$kept = get_option( self::OPTION );
		$none = array(
			'api'   => '',
			'shop'  => '',
			'home'  => '',
			'since' => 0,
		);
		return is_array( $kept ) ? array_merge( $none, array_intersect_key( $kept, $none ) ) : $none;
	}

	/**
	 * Whether the shop was connected, be this the shop itself or a copy of it.
	 *
	 * @return bool
	 */
	public static function is_linked() {
		$link = self::get();
		return '' !== $link['api'] && '' !== $link['shop'];
	}

	/**
	 * Whether slates may be asked for and events and stock be sent: connected, and no copy under another address.
	 *
	 * @return bool
	 */
	public static function is_live() {
		return self::is_linked() && ! self::is_copy();
	}

	/**
	 * Whether this is a copy of the connected shop (a staging site), or the shop after a move: its address is another.
	 *
	 * Another scheme, or "www." before it, is no other shop.
	 *
	 * @return bool
	 */
	public static function is_copy() {
		$link = self::get();
		return '' !== $link['home'] && self::bare( $link['home'] ) !== self::bare( self::home() );
	}

	/**
	 * The app's address without a slash at its end, "" while not connected.
	 *
	 * @return string
	 */
	public static function api() {
		return self::get()['api'];
	}

	/**
	 * The shop's key at the app, "" while not connected.
	 *
	 * @return string
	 */
	public static function shop() {
		return self::get()['shop'];
	}

	/**
	 * What signs messages, "" while not connected.
	 *
	 * @return string
	 */
	public static function secret() {
		return (string) get_option( self::SECRET, '' );
	}

	/**
	 * Keeps a link, and this shop's address of now with it.
	 *
	 * @param string $api    The app's address.
	 * @param string $shop   The shop's key there.
	 * @param string $secret What signs messages.
	 */
	public static function keep( $api, $shop, $secret ) {
		$link = array(
			'api'   => untrailingslashit( $api ),
			'shop'  => $shop,
			'home'  => self::home(),
			'since' => time(),
		);
		update_option( self::SECRET, $secret, false );
		update_option( self::OPTION, $link, true );
		// An option that does not exist costs every page a query; this one comes with the others.
		add_option( Settings::OPTION, array() );
		/** Fires when the shop was connected, or connected anew. */
		do_action( 'shelfwise_linked' );
	}

	/**
	 * Forgets the link.
	 */
	public static function forget() {
		delete_option( self::OPTION );
		delete_option( self::SECRET );
		/** Fires when the shop was disconnected. */
		do_action( 'shelfwise_unlinked' );
	}

	/**
	 * Takes this shop's address of now for the connected one's.
	 */
	public static function moved() {
		$link         = self::get();
		$link['home'] = self::home();
		update_option( self::OPTION, $link, true );
	}

	/**
	 * The shop's address, "Site Address" in WordPress's general settings.
	 *
	 * The option, as home_url() is another in each language on many multilingual shops.
	 *
	 * @return string Without a slash at its end.
	 */
	public static function home() {
		return untrailingslashit( (string) get_option( 'home' ) );
	}

	/**
	 * The app's address that the downloaded zip came with, "" for none.
	 *
	 * @return string
	 */
	public static function offered_api() {
		$file   = SHELFWISE_DIR . '/config.php';
		$config = is_readable( $file ) ? include $file : array();
		return is_array( $config ) && isset( $config['api'] ) ? self::usable_api( (string) $config['api'] ) : '';
	}

	/**
	 * An address of an app made usable: https, or http on this machine.
	 *
	 * @param string $text What was typed.
	 * @return string Without a slash at its end, "" if it can't be used.
	 */
	public static function usable_api( $text ) {
		$text  = untrailingslashit( trim( $text ) );
		$parts = wp_parse_url( $text );
		if ( ! is_array( $parts ) || empty( $parts['scheme'] ) || empty( $parts['host'] ) || strlen( $text ) > 200 ) {
			return '';
		}
		if ( isset( $parts['user'] ) || isset( $parts['pass'] ) || isset( $parts['query'] ) || isset( $parts['fragment'] ) ) {
			return '';
		}
		$scheme = strtolower( $parts['scheme'] );
		$here   = in_array( strtolower( $parts['host'] ), array( 'localhost', '127.0.0.1', '[::1]' ), true );
		if ( 'https' !== $scheme && ! ( 'http' === $scheme && $here ) ) {
			return '';
		}
		return esc_url_raw( $text ) === $text ? $text : '';
	}

	/**
	 * An address without what does not make it another shop's.
	 *
	 * @param string $address With scheme.
	 * @return string
	 */
	private static function bare( $address ) {
		$parts = wp_parse_url( $address );
		$host  = isset( $parts['host'] ) ? preg_replace( '/^www\./', '', strtolower( $parts['host'] ) ) : '';
		$port  = isset( $parts['port'] ) ? ':' . $parts['port'] : '';
		return $host . $port . ( isset( $parts['path'] ) ? untrailingslashit( $parts['path'] ) : '' );
	}
}
