<?php
/**
 * The one notice there may be.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * A notice on the pages of plugins and of WooCommerce, while there is something to do that nobody was told of yet.
 */
final class Notices {

	const SEEN    = 'shelfwise_notice_seen';
	const BROKEN  = 3600;
	const SCREENS = '/^(plugins|woocommerce_page_.*|toplevel_page_woocommerce|edit-product|product)$/';

	/**
	 * Adds the hook.
	 */
	public static function register() {
		add_action( 'admin_notices', array( __CLASS__, 'show' ) );
	}

	/**
	 * What there is to do: "connect", "copy ...", "broken", or "" for nothing.
	 *
	 * @return string The same text for the same thing, so that it is told a person once.
	 */
	public static function topic() {
		if ( ! Link::is_linked() ) {
			return 'connect';
		}
		if ( Link::is_copy() ) {
			return 'copy ' . Link::home();
		}
		$push = Push_Journal::state();
		return $push['failures'] > 2 && $push['failed_at'] - $push['ok_at'] > self::BROKEN ? 'broken' : '';
	}

	/**
	 * Shows it, where it belongs, to who can do something about it.
	 */
	public static function show() {
		$screen = function_exists( 'get_current_screen' ) ? get_current_screen() : null;
		if ( ! $screen || Settings_Page::is_here() || ! preg_match( self::SCREENS, $screen->id ) || ! current_user_can( Settings_Page::MAY ) ) {
			return;
		}
		$topic = self::topic();
		if ( '' === $topic || get_user_meta( get_current_user_id(), self::SEEN, true ) === $topic ) {
			return;
		}
		$sentences = array(
			'connect' => __( 'Shelfwise is installed. Connect it, and your shop shows its first recommendations within minutes.', 'shelfwise' ),
			'copy'    => __( 'This site looks like a copy of a shop that is connected with Shelfwise, so Shelfwise keeps still here.', 'shelfwise' ),
			'broken'  => __( 'Changes of stock have not reached Shelfwise for more than an hour.', 'shelfwise' ),
		);
		$dismiss   = wp_nonce_url( admin_url( 'admin-post.php?action=shelfwise_dismiss' ), 'shelfwise_dismiss' );
		printf(
			'<div class="notice notice-%s"><p>%s <a href="%s">%s</a> · <a href="%s">%s</a></p></div>',
			'connect' === $topic ? 'info' : 'warning',
			esc_html( $sentences[ strtok( $topic, ' ' ) ] ),
			esc_url( Settings_Page::url() ),
			esc_html__( 'Open Shelfwise', 'shelfwise' ),
			esc_url( $dismiss ),
			esc_html__( 'Do not show this again', 'shelfwise' )
		);
	}
}
