<?php
/**
 * What the plugin is made of.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Starts the parts, when WooCommerce is there.
 */
final class Plugin {

	/**
	 * The parts; each has a public static `register()` that adds its hooks and does nothing else.
	 */
	const PARTS = array(
		'Link_Route',
		'Settings_Page',
		'Notices',
		'Stock_Push',
		'Attribution',
		'Privacy',
		'Slates',
		'Assets',
		'Placements',
		'Block',
		'Personal_Route',
	);

	/**
	 * Finds a class of ours: `Shelfwise\Stock_Push` in includes/class-stock-push.php.
	 *
	 * @param string $name The class with its namespace.
	 */
	public static function load( $name ) {
		if ( 0 !== strpos( $name, 'Shelfwise\\' ) ) {
			return;
		}
		$file = __DIR__ . '/class-' . strtolower( str_replace( '_', '-', substr( $name, 10 ) ) ) . '.php';
		if ( is_readable( $file ) ) {
			require_once $file;
		}
	}

	/**
	 * Tells WooCommerce that orders are only reached through its own functions, and that block pages are served.
	 */
	public static function declare_features() {
		if ( ! class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
			return;
		}
		foreach ( array( 'custom_order_tables', 'cart_checkout_blocks' ) as $feature ) {
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( $feature, SHELFWISE_FILE, true );
		}
	}

	/**
	 * Registers the parts, unless WooCommerce is missing.
	 */
	public static function start() {
		if ( ! function_exists( 'WC' ) ) {
			return;
		}
		add_action( 'init', array( __CLASS__, 'load_texts' ) );
		foreach ( self::PARTS as $part ) {
			$class = __NAMESPACE__ . '\\' . $part;
			if ( class_exists( $class ) ) {
				$class::register();
			}
		}
	}

	/**
	 * Loads the translations that came with the plugin; WordPress finds those of the plugin directory by itself.
	 */
	public static function load_texts() {
		load_plugin_textdomain( 'shelfwise', false, dirname( plugin_basename( SHELFWISE_FILE ) ) . '/languages' );
	}

	/**
	 * Takes planned work out when the plugin is switched off. Everything else waits for it to be switched on again.
	 */
	public static function stop() {
		wp_clear_scheduled_hook( 'shelfwise_push_again' );
	}
}
