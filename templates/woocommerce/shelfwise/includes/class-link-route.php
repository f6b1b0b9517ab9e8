<?php
/**
 * The way in through which the app links itself.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * `wc-shelfwise/v1/link`: WooCommerce checks REST keys for every namespace that begins with "wc-".
 */
final class Link_Route {

	const SPACE = 'wc-shelfwise/v1';

	/**
	 * Adds the hook.
	 */
	public static function register() {
		add_action( 'rest_api_init', array( __CLASS__, 'add' ) );
	}

	/**
	 * Adds the route.
	 */
	public static function add() {
		$texts = array(
			'api'    => array( __CLASS__, 'is_api' ),
			'shop'   => array( __CLASS__, 'is_shop' ),
			'secret' => array( __CLASS__, 'is_secret' ),
		);
		$args  = array();
		foreach ( $texts as $name => $check ) {
			$args[ $name ] = array(
				'type'              => 'string',
				'required'          => true,
				'validate_callback' => $check,
			);
		}
		$mays = array( __CLASS__, 'may' );
		register_rest_route(
			self::SPACE,
			'/link',
			array(
				array(
					'methods'             => 'GET',
					'callback'            => array( __CLASS__, 'show' ),
					'permission_callback' => $mays,
				),
				array(
					'methods'             => 'POST',
					'callback'            => array( __CLASS__, 'link' ),
					'permission_callback' => $mays,
					'args'                => $args,
				),
				array(
					'methods'             => 'DELETE',
					'callback'            => array( __CLASS__, 'unlink' ),
					'permission_callback' => $mays,
				),
			)
		);
	}

	/**
	 * Whether who asks may manage the shop.
	 *
	 * @return bool|\WP_Error
	 */
	public static function may() {
		if ( current_user_can( 'manage_woocommerce' ) ) {
			return true;
		}
		return new \WP_Error(
			'shelfwise_rest_cannot_link',
			__( 'Only who may manage this shop can connect it.', 'shelfwise' ),
			array( 'status' => rest_authorization_required_code() )
		);
	}

	/**
	 * Whether a text is an app's address.
	 *
	 * @param mixed $value What was sent.
	 * @return bool
	 */
	public static function is_api( $value ) {
		return is_string( $value ) && '' !== Link::usable_api( $value );
	}

	/**
	 * Whether a text is a shop's key.
	 *
	 * @param mixed $value What was sent.
	 * @return bool
	 */
	public static function is_shop( $value ) {
		return is_string( $value ) && 1 === preg_match( '/^[a-z0-9][a-z0-9-]{0,63}$/D', $value );
	}

	/**
	 * Whether a text is good for a secret.
	 *
	 * @param mixed $value What was sent.
	 * @return bool
	 */
	public static function is_secret( $value ) {
		return is_string( $value ) && 1 === preg_match( '/^[\x21-\x7e]{16,200}$/D', $value );
	}

	/**
	 * Says what runs here.
	 *
	 * @return \WP_REST_Response Never the secret.
	 */
	public static function show() {
		$theme  = wp_get_theme();
		$answer = array(
			'plugin'      => SHELFWISE_VERSION,
			'wordpress'   => get_bloginfo( 'version' ),
			'woocommerce' => defined( 'WC_VERSION' ) ? WC_VERSION : '',
			'php'         => PHP_VERSION,
			'theme'       => array(
				'name'  => wp_strip_all_tags( $theme->get( 'Name' ) ),
				'block' => wp_is_block_theme(),
			),
			'placements'  => Settings::all(),
			'home'        => Link::home(),
			'linked'      => Link::is_linked(),
			'shop'        => Link::shop(),
		);
		$reply  = new \WP_REST_Response( $answer );
		$reply->header( 'Cache-Control', 'no-store' );
		return $reply;
	}

	/**
	 * Links the app that asks.
	 *
	 * @param \WP_REST_Request $request With api, shop, secret.
	 * @return \WP_REST_Response
	 */
	public static function link( $request ) {
		Link::keep( Link::usable_api( $request['api'] ), $request['shop'], $request['secret'] );
		Health::forget();
		return self::show();
	}

	/**
	 * Takes the link away.
	 *
	 * @return \WP_REST_Response
	 */
	public static function unlink() {
		Link::forget();
		Health::forget();
		return self::show();
	}
}
