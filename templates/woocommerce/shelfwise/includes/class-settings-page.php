<?php
/**
 * WooCommerce > Shelfwise.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * The settings page: connecting, how it is going, and where slates show.
 */
final class Settings_Page {

	const SLUG  = 'shelfwise';
	const GROUP = 'shelfwise';
	const MAY   = 'manage_woocommerce';

	/**
	 * Adds the hooks, in wp-admin only.
	 */
	public static function register() {
		if ( ! is_admin() ) {
			return;
		}
		add_action( 'admin_menu', array( __CLASS__, 'add' ), 60 );
		add_action( 'admin_init', array( __CLASS__, 'add_settings' ) );
		add_action( 'admin_enqueue_scripts', array( __CLASS__, 'enqueue' ) );
		add_action( 'wp_ajax_shelfwise_state', array( __CLASS__, 'refresh' ) );
		add_filter( 'option_page_capability_' . self::GROUP, array( __CLASS__, 'capability' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( SHELFWISE_FILE ), array( __CLASS__, 'add_link' ) );
		Settings_Actions::register();
	}

	/**
	 * Adds the page to WooCommerce's menu.
	 */
	public static function add() {
		add_submenu_page(
			'woocommerce',
			__( 'Shelfwise', 'shelfwise' ),
			__( 'Shelfwise', 'shelfwise' ),
			self::MAY,
			self::SLUG,
			array( __CLASS__, 'show' )
		);
	}

	/**
	 * Tells WordPress which option the form keeps, and how it is cleaned.
	 */
	public static function add_settings() {
		register_setting(
			self::GROUP,
			Settings::OPTION,
			array(
				'type'              => 'array',
				'sanitize_callback' => array( Settings::class, 'clean' ),
			)
		);
	}

	/**
	 * Who may save the form.
	 *
	 * @return string
	 */
	public static function capability() {
		return self::MAY;
	}

	/**
	 * Adds "Settings" to our line in the list of plugins.
	 *
	 * @param array<int|string,string> $links What there is.
	 * @return array<int|string,string>
	 */
	public static function add_link( $links ) {
		$ours = sprintf( '<a href="%s">%s</a>', esc_url( self::url() ), esc_html__( 'Settings', 'shelfwise' ) );
		return array_merge( array( 'shelfwise' => $ours ), is_array( $links ) ? $links : array() );
	}

	/**
	 * The page's address.
	 *
	 * @return string
	 */
	public static function url() {
		return admin_url( 'admin.php?page=' . self::SLUG );
	}

	/**
	 * Whether this is our page.
	 *
	 * @return bool
	 */
	public static function is_here() {
		// phpcs:ignore WordPress.Security.NonceVerification -- which page is looked at, nothing is changed.
		return isset( $_GET['page'] ) && self::SLUG === $_GET['page'];
	}

	/**
	 * Puts our style and script on our page, and on no other.
	 */
	public static function enqueue() {
		if ( ! self::is_here() ) {
			return;
		}
		wp_enqueue_style( 'shelfwise-admin', plugins_url( 'assets/admin.css', SHELFWISE_FILE ), array(), SHELFWISE_VERSION );
		wp_style_add_data( 'shelfwise-admin', 'rtl', false );
		wp_enqueue_script( 'shelfwise-admin', plugins_url( 'assets/admin.js', SHELFWISE_FILE ), array(), SHELFWISE_VERSION, true );
		$told = array(
			'url'   => admin_url( 'admin-ajax.php' ),
			'nonce' => wp_create_nonce( 'shelfwise_state' ),
		);
		wp_add_inline_script( 'shelfwise-admin', 'window.shelfwiseAdmin = ' . wp_json_encode( $told ) . ';', 'before' );
	}

	/**
	 * Answers the page's own script with the state of this moment.
	 */
	public static function refresh() {
		if ( ! current_user_can( self::MAY ) || ! check_ajax_referer( 'shelfwise_state', false, false ) ) {
			wp_send_json_error( null, 403 );
		}
		ob_start();
		Settings_View::health();
		wp_send_json_success( array( 'html' => ob_get_clean() ) );
	}

	/**
	 * Shows the page.
	 */
	public static function show() {
		if ( ! current_user_can( self::MAY ) ) {
			return;
		}
		echo '<div class="wrap shelfwise"><h1>' . esc_html__( 'Shelfwise', 'shelfwise' ) . '</h1>';
		settings_errors();
		Settings_Actions::outcome();
		if ( ! Link::is_linked() ) {
			Settings_View::welcome();
		} elseif ( Link::is_copy() ) {
			Settings_View::copy();
		} else {
			echo '<div id="shelfwise-health" aria-live="polite">';
			Settings_View::health();
			echo '</div>';
			Settings_View::placements();
			Settings_View::leaving();
		}
		echo '</div>';
	}
}
