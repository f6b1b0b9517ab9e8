<?php
/**
 * What the settings page's buttons do.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Connect, disconnect, moved, dismiss: each with its capability and nonce.
 */
final class Settings_Actions {

	const ACTIONS = array( 'connect', 'disconnect', 'moved', 'dismiss' );
	const TYPED   = 'shelfwise_api';

	/**
	 * Adds the hooks.
	 */
	public static function register() {
		foreach ( self::ACTIONS as $action ) {
			add_action( 'admin_post_shelfwise_' . $action, array( __CLASS__, $action ) );
		}
	}

	/**
	 * The app's address that a connect goes to: the linked one, the typed one, or the one the zip came with.
	 *
	 * @return string "" for none.
	 */
	public static function api() {
		$known = array( Link::api(), Link::offered_api(), Link::usable_api( (string) get_option( self::TYPED, '' ) ) );
		return (string) current( array_filter( $known ) );
	}

	/**
	 * Takes the merchant to the app, which checks the shop and asks for keys.
	 */
	public static function connect() {
		self::check( 'connect' );
		// phpcs:ignore WordPress.Security.NonceVerification.Missing, WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- check() and usable_api().
		$typed = isset( $_POST['api'] ) && is_string( $_POST['api'] ) ? Link::usable_api( wp_unslash( $_POST['api'] ) ) : null;
		if ( '' === $typed ) {
			self::back( 'bad_address' );
		}
		if ( null !== $typed ) {
			update_option( self::TYPED, $typed, false );
		}
		$api = null === $typed ? self::api() : $typed;
		if ( '' === $api ) {
			self::back( 'bad_address' );
		}
		$arguments = array(
			'site'   => rawurlencode( Link::home() ),
			'return' => rawurlencode( Settings_Page::url() ),
		);
		// The app is another site: wp_safe_redirect() would not go there. Its address was judged above.
		// phpcs:ignore WordPress.Security.SafeRedirect.wp_redirect_wp_redirect
		wp_redirect( add_query_arg( $arguments, $api . '/woocommerce/connect' ) );
		exit;
	}

	/**
	 * Ends the connection, here in any case.
	 */
	public static function disconnect() {
		self::check( 'disconnect' );
		$told = true;
		if ( Link::is_live() ) {
			$answer = App::ask( 'POST', 'disconnect', '{}', 8000 );
			$told   = $answer['status'] >= 200 && $answer['status'] < 300 || in_array( $answer['status'], array( 404, 410 ), true );
		}
		Link::forget();
		Health::forget();
		self::back( $told ? 'disconnected' : 'disconnected_alone' );
	}

	/**
	 * Tells the app that the shop has this address now.
	 */
	public static function moved() {
		self::check( 'moved' );
		$answer = App::ask( 'POST', 'moved', (string) wp_json_encode( array( 'home' => Link::home() ) ), 8000 );
		if ( $answer['status'] < 200 || $answer['status'] >= 300 ) {
			self::back( 'not_moved' );
		}
		Link::moved();
		Health::forget();
		self::back( 'moved' );
	}

	/**
	 * Remembers that this person has seen a notice.
	 */
	public static function dismiss() {
		self::check( 'dismiss' );
		update_user_meta( get_current_user_id(), Notices::SEEN, Notices::topic() );
		$back = wp_get_referer();
		wp_safe_redirect( $back ? $back : admin_url() );
		exit;
	}

	/**
	 * Shows what became of the button that was pressed.
	 */
	public static function outcome() {
		// phpcs:ignore WordPress.Security.NonceVerification -- a word that picks one of the sentences below.
		$word      = isset( $_GET['shelfwise'] ) && is_string( $_GET['shelfwise'] ) ? sanitize_key( $_GET['shelfwise'] ) : '';
		$sentences = array(
			'disconnected'       => array( 'success', __( 'Disconnected. Shelfwise has taken its webhooks out of your shop, and no slates are shown.', 'shelfwise' ) ),
			'disconnected_alone' => array( 'warning', __( 'Disconnected here, but Shelfwise did not answer. Remove its key under WooCommerce > Settings > Advanced > REST API, and its webhooks under Webhooks.', 'shelfwise' ) ),
			'moved'              => array( 'success', __( 'Shelfwise knows the new address. Its webhooks are being made anew.', 'shelfwise' ) ),
			'not_moved'          => array( 'error', __( 'Shelfwise could not be told of the new address. Try again, or connect anew.', 'shelfwise' ) ),
			'bad_address'        => array( 'error', __( 'That is no address of Shelfwise. It begins with https:// and is told by who hosts it for you.', 'shelfwise' ) ),
		);
		if ( isset( $sentences[ $word ] ) ) {
			printf( '<div class="notice notice-%s"><p>%s</p></div>', esc_attr( $sentences[ $word ][0] ), esc_html( $sentences[ $word ][1] ) );
		}
	}

	/**
	 * A form with one button.
	 *
	 * @param string $action One of ACTIONS.
	 * @param string $label  What the button says.
	 * @param string $look   Its class, such as "button button-primary".
	 */
	public static function button( $action, $label, $look = 'button' ) {
		printf( '<form method="post" action="%s" class="shelfwise-button">', esc_url( admin_url( 'admin-post.php' ) ) );
		self::fields( $action );
		printf( '<button type="submit" class="%s">%s</button></form>', esc_attr( $look ), esc_html( $label ) );
	}

	/**
	 * What a form of ours always holds.
	 *
	 * @param string $action One of ACTIONS.
	 */
	public static function fields( $action ) {
		printf( '<input type="hidden" name="action" value="shelfwise_%s">', esc_attr( $action ) );
		wp_nonce_field( 'shelfwise_' . $action );
	}

	/**
	 * Lets only who may, and who meant it, go on.
	 *
	 * @param string $action One of ACTIONS.
	 */
	private static function check( $action ) {
		check_admin_referer( 'shelfwise_' . $action );
		if ( ! current_user_can( Settings_Page::MAY ) ) {
			wp_die( esc_html__( 'You may not manage this shop.', 'shelfwise' ), '', array( 'response' => 403 ) );
		}
	}

	/**
	 * Goes back to the page.
	 *
	 * @param string $word What became of it.
	 */
	private static function back( $word ) {
		wp_safe_redirect( add_query_arg( 'shelfwise', $word, Settings_Page::url() ) );
		exit;
	}
}
