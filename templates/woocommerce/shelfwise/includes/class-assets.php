<?php
/**
 * The script and the style.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Both come with a slate only: a page without one loads nothing of ours.
 */
final class Assets {

	const NAME = 'shelfwise';

	/**
	 * Adds the hooks.
	 */
	public static function register() {
		add_action( 'init', array( __CLASS__, 'announce' ) );
		add_filter( 'wp_consent_api_registered_' . plugin_basename( SHELFWISE_FILE ), '__return_true' );
	}

	/**
	 * Tells WordPress where they are. The style is small, and written into the page where the theme lets it.
	 */
	public static function announce() {
		$deferred = array(
			'strategy'  => 'defer',
			'in_footer' => true,
		);
		wp_register_style( self::NAME, plugins_url( 'assets/shelfwise.css', SHELFWISE_FILE ), array(), SHELFWISE_VERSION );
		wp_style_add_data( self::NAME, 'path', SHELFWISE_DIR . '/assets/shelfwise.css' );
		wp_register_script( self::NAME, plugins_url( 'assets/shelfwise.js', SHELFWISE_FILE ), array(), SHELFWISE_VERSION, $deferred );
		if ( function_exists( 'wp_add_cookie_info' ) ) {
			wp_add_cookie_info(
				Consent::COOKIE,
				'Shelfwise',
				'statistics',
				__( '1 year', 'shelfwise' ),
				__( 'Tells which products were recommended to a visitor and bought later.', 'shelfwise' )
			);
		}
	}

	/**
	 * Loads both with this page.
	 */
	public static function show() {
		wp_enqueue_style( self::NAME );
		wp_enqueue_script( self::NAME );
	}

	/**
	 * The style where the page's head is gone already, so that nothing is shown without it.
	 *
	 * @return string
	 */
	public static function late_style() {
		if ( ! did_action( 'wp_print_styles' ) || wp_style_is( self::NAME, 'done' ) ) {
			return '';
		}
		ob_start();
		wp_print_styles( self::NAME );
		return (string) ob_get_clean();
	}
}
