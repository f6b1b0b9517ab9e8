<?php
/**
 * Plugin Name: WooCommerce
 * Description: A stand-in for tests: the part of WooCommerce that Shelfwise's plugin meets, as documented and observed.
 * Version: 11.0.1
 * Requires at least: 6.5
 * Requires PHP: 7.4
 *
 * What it is honest about, and what it cannot prove: docs/developers/woocommerce/wordpress-rig.md
 *
 * @package StandIn
 */

namespace Automattic\WooCommerce\Utilities {

	/** Which plugins say that they work with which of WooCommerce's features. */
	class FeaturesUtil {

		/** @var array<string, array<string, bool>> */
		public static $declared = array();

		public static function declare_compatibility( string $feature_id, string $plugin_file, bool $positive_compatibility = true ): bool {
			if ( ! doing_action( 'before_woocommerce_init' ) ) {
				_doing_it_wrong( __METHOD__, 'FeaturesUtil::declare_compatibility must be called in before_woocommerce_init', '6.9' );
				return false;
			}
			self::$declared[ plugin_basename( $plugin_file ) ][ $feature_id ] = $positive_compatibility;
			return true;
		}
	}

	/** Where orders are kept. */
	class OrderUtil {

		public static function custom_orders_table_usage_is_enabled(): bool {
			return true;
		}

		/** @return string */
		public static function get_order_type( $order_id ) {
			return wc_get_order( $order_id ) ? 'shop_order' : '';
		}
	}
}

namespace {

	defined( 'ABSPATH' ) || exit;

	define( 'WC_PLUGIN_FILE', __FILE__ );
	define( 'WC_VERSION', '11.0.1' );
	define( 'WOOCOMMERCE_VERSION', WC_VERSION );
	define( 'WC_ABSPATH', __DIR__ . '/' );

	foreach ( array( 'products', 'cart', 'orders', 'pages', 'blocks', 'rest', 'schedule' ) as $rig_part ) {
		require __DIR__ . '/' . $rig_part . '.php';
	}

	/** The one object that everything hangs on. */
	final class WooCommerce {

		public $version = WC_VERSION;
		public $session = null;
		public $cart    = null;
		public $customer = null;
		private static $instance = null;

		public static function instance() {
			if ( null === self::$instance ) {
				self::$instance = new self();
			}
			return self::$instance;
		}

		private function __construct() {
			register_activation_hook( WC_PLUGIN_FILE, 'rig_wc_tables' );
			add_action(
				'plugins_loaded',
				function () {
					do_action( 'woocommerce_loaded' );
				},
				-1
			);
			add_action( 'init', array( $this, 'init' ), 0 );
			add_action( 'admin_menu', array( $this, 'menu' ) );
		}

		public function init() {
			do_action( 'before_woocommerce_init' );
			rig_wc_types();
			if ( $this->is_frontend() || $this->is_store_api_request() ) {
				wc_load_cart();
			}
			do_action( 'woocommerce_init' );
		}

		public function menu() {
			add_menu_page( 'WooCommerce', 'WooCommerce', 'edit_others_shop_orders', 'woocommerce', '__return_null', 'dashicons-store', '55.5' );
		}

		private function is_frontend() {
			return ( ! is_admin() || wp_doing_ajax() ) && ! wp_doing_cron() && ! $this->is_rest_api_request();
		}

		public function is_rest_api_request() {
			$path = isset( $_SERVER['REQUEST_URI'] ) ? (string) $_SERVER['REQUEST_URI'] : '';
			return (bool) apply_filters( 'woocommerce_is_rest_api_request', false !== strpos( $path, trailingslashit( rest_get_url_prefix() ) ) );
		}

		public function is_store_api_request() {
			$path = isset( $_SERVER['REQUEST_URI'] ) ? (string) $_SERVER['REQUEST_URI'] : '';
			return false !== strpos( $path, trailingslashit( rest_get_url_prefix() ) . 'wc/store/' );
		}

		public function checkout() {
			return WC_Checkout::instance();
		}

		public function plugin_url() {
			return untrailingslashit( plugins_url( '/', WC_PLUGIN_FILE ) );
		}

		public function plugin_path() {
			return untrailingslashit( plugin_dir_path( WC_PLUGIN_FILE ) );
		}

		public function api_request_url( $request ) {
			return home_url( '/wc-api/' . $request . '/' );
		}
	}

	function WC() { // phpcs:ignore
		return WooCommerce::instance();
	}
	$GLOBALS['woocommerce'] = WC();

	function wc_string_to_bool( $value ) {
		$value = null === $value ? '' : $value;
		return is_bool( $value ) ? $value : in_array( strtolower( (string) $value ), array( 'yes', '1', 'true' ), true );
	}

	function wc_bool_to_string( $value ) {
		return wc_string_to_bool( $value ) ? 'yes' : 'no';
	}

	function wc_clean( $value ) {
		return is_array( $value ) ? array_map( 'wc_clean', $value ) : ( is_scalar( $value ) ? sanitize_text_field( $value ) : $value );
	}

	function get_woocommerce_currency() {
		return apply_filters( 'woocommerce_currency', get_option( 'woocommerce_currency' ) );
	}

	function wc_price( $price, $args = array() ) {
		return '<span class="woocommerce-Price-amount amount"><bdi><span class="woocommerce-Price-currencySymbol">&pound;</span>'
			. number_format( (float) $price, 2 ) . '</bdi></span>';
	}

	function wc_get_logger() {
		return new class() {
			public function __call( $level, $args ) {
				error_log( "WooCommerce {$level}: {$args[0]}" );
			}
		};
	}

	function wc_enqueue_js( $code ) {
	}

	function wc_wp_theme_get_element_class_name( $element ) {
		if ( wp_is_block_theme() && function_exists( 'wp_theme_get_element_class_name' ) ) {
			return wp_theme_get_element_class_name( $element );
		}
		return '';
	}
}
