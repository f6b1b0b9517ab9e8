<?php
/**
 * REST: keys for namespaces that begin with `wc`, and the Store API's cart.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

/** Who a request with a shop's keys speaks for: Basic only over TLS, OAuth 1 over plain HTTP. */
class WC_REST_Authentication {

	private $key   = null;
	private $error = null;

	public function __construct() {
		add_filter( 'determine_current_user', array( $this, 'authenticate' ), 15 );
		add_filter( 'rest_authentication_errors', array( $this, 'fallback' ) );
		add_filter( 'rest_authentication_errors', array( $this, 'errors' ), 15 );
		add_filter( 'rest_pre_dispatch', array( $this, 'permissions' ), 10, 3 );
	}

	private function is_ours() {
		$uri   = isset( $_SERVER['REQUEST_URI'] ) ? wp_unslash( $_SERVER['REQUEST_URI'] ) : '';
		$route = isset( $_GET['rest_route'] ) ? trim( (string) $_GET['rest_route'], '/' ) : (string) preg_replace( '#^/?' . rest_get_url_prefix() . '/#', '', ltrim( (string) wp_parse_url( $uri, PHP_URL_PATH ), '/' ) );
		return 0 === strpos( $route, 'wc/' ) || 0 === strpos( $route, 'wc-' );
	}

	public function authenticate( $user_id ) {
		if ( ! empty( $user_id ) || ! $this->is_ours() ) {
			return $user_id;
		}
		$found = is_ssl() ? $this->basic() : false;
		return $found ? $found : $this->oauth( $user_id );
	}

	public function fallback( $error ) {
		if ( empty( $error ) && null === $this->key && null === $this->error && 0 === get_current_user_id() ) {
			$user = $this->authenticate( false );
			if ( $user ) {
				wp_set_current_user( $user );
				return true;
			}
		}
		return $error;
	}

	public function errors( $error ) {
		return empty( $error ) ? $this->error : $error;
	}

	private function find( $consumer_key ) {
		global $wpdb;
		$hash = hash_hmac( 'sha256', sanitize_text_field( $consumer_key ), 'wc-api' );
		return $wpdb->get_row( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}woocommerce_api_keys WHERE consumer_key = %s", $hash ) );
	}

	private function fail( $sentence ) {
		$this->key   = null;
		$this->error = new WP_Error( 'woocommerce_rest_authentication_error', $sentence, array( 'status' => 401 ) );
		return false;
	}

	private function basic() {
		$key    = isset( $_GET['consumer_key'] ) ? $_GET['consumer_key'] : ( isset( $_SERVER['PHP_AUTH_USER'] ) ? $_SERVER['PHP_AUTH_USER'] : '' );
		$secret = isset( $_GET['consumer_secret'] ) ? $_GET['consumer_secret'] : ( isset( $_SERVER['PHP_AUTH_PW'] ) ? $_SERVER['PHP_AUTH_PW'] : '' );
		$row    = $key && $secret ? $this->find( $key ) : null;
		if ( ! $row ) {
			return false;
		}
		if ( ! hash_equals( $row->consumer_secret, $secret ) ) {
			return $this->fail( 'Consumer secret is invalid.' );
		}
		$this->key = $row;
		return (int) $row->user_id;
	}

	private function oauth( $user_id ) {
		$params = wp_unslash( array_merge( $_GET, $_POST ) );
		$header = isset( $_SERVER['HTTP_AUTHORIZATION'] ) ? (string) $_SERVER['HTTP_AUTHORIZATION'] : '';
		if ( 0 === strpos( $header, 'OAuth ' ) && preg_match_all( '/(oauth_[a-z_]+)="([^"]*)"/', $header, $found ) ) {
			$params = array_merge( $params, array_combine( $found[1], array_map( 'urldecode', $found[2] ) ) );
		}
		if ( empty( $params['oauth_consumer_key'] ) || empty( $params['oauth_signature'] ) ) {
			return $user_id;
		}
		$row = $this->find( $params['oauth_consumer_key'] );
		if ( ! $row ) {
			return $this->fail( 'Consumer key is invalid.' );
		}
		$given = rawurldecode( $params['oauth_signature'] );
		unset( $params['oauth_signature'] );
		ksort( $params );
		$pairs = array();
		foreach ( $params as $name => $value ) {
			$pairs[] = rawurlencode( rawurldecode( $name ) ) . '%3D' . rawurlencode( rawurlencode( rawurldecode( $value ) ) );
		}
		$path = (string) wp_parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH );
		$base = strtoupper( $_SERVER['REQUEST_METHOD'] ) . '&' . rawurlencode( get_home_url( null, $path ) ) . '&' . implode( '%26', $pairs );
		if ( ! hash_equals( base64_encode( hash_hmac( 'sha256', $base, $row->consumer_secret . '&', true ) ), str_replace( ' ', '+', $given ) ) ) {
			return $this->fail( 'Invalid signature - provided signature does not match.' );
		}
		if ( abs( time() - (int) $params['oauth_timestamp'] ) > 15 * MINUTE_IN_SECONDS ) {
			return $this->fail( 'Invalid timestamp.' );
		}
		$this->key = $row;
		return (int) $row->user_id;
	}

	public function permissions( $result, $server, $request ) {
		if ( ! $this->key ) {
			return $result;
		}
		$needs = in_array( $request->get_method(), array( 'HEAD', 'GET', 'OPTIONS' ), true ) ? 'read' : 'write';
		return in_array( $this->key->permissions, array( $needs, 'read_write' ), true ) ? $result
			: new WP_Error( 'woocommerce_rest_authentication_error', "The API key provided does not have {$needs} permissions.", array( 'status' => 401 ) );
	}
}
new WC_REST_Authentication();

function wc_rest_check_manager_permissions( $object, $context = 'read' ) {
	return current_user_can( 'manage_woocommerce' );
}

add_action(
	'rest_api_init',
	function () {
		$open = array( 'permission_callback' => '__return_true' );
		register_rest_route( 'wc/store/v1', '/cart', $open + array( 'methods' => 'GET', 'callback' => 'rig_wc_store_cart' ) );
		register_rest_route( 'wc/store/v1', '/cart/add-item', $open + array( 'methods' => 'POST', 'callback' => 'rig_wc_store_add' ) );
		register_rest_route( 'wc/store/v1', '/checkout', $open + array( 'methods' => 'POST', 'callback' => 'rig_wc_store_checkout' ) );
	}
);

function rig_wc_store_cart( $request = null ) {
	$items = array();
	foreach ( WC()->cart->get_cart() as $key => $values ) {
		$items[] = array(
			'key'      => $key,
			'id'       => $values['data']->get_id(),
			'quantity' => $values['quantity'],
			'name'     => $values['data']->get_name(),
		);
	}
	$response = new WP_REST_Response(
		array(
			'items'       => $items,
			'items_count' => WC()->cart->get_cart_contents_count(),
			'errors'      => array(),
		)
	);
	$response->header( 'Nonce', wp_create_nonce( 'wc_store_api' ) );
	$response->header( 'Nonce-Timestamp', time() );
	return $response;
}

function rig_wc_store_nonce( $request ) {
	$nonce = $request->get_header( 'Nonce' );
	if ( ! $nonce ) {
		return new WP_Error( 'woocommerce_rest_missing_nonce', 'Missing the Nonce header. This endpoint requires a valid nonce.', array( 'status' => 401 ) );
	}
	return wp_verify_nonce( $nonce, 'wc_store_api' ) ? null : new WP_Error( 'woocommerce_rest_invalid_nonce', 'Nonce is invalid.', array( 'status' => 403 ) );
}

function rig_wc_store_add( $request ) {
	$refused = rig_wc_store_nonce( $request );
	if ( $refused ) {
		return $refused;
	}
	$wanted  = apply_filters(
		'woocommerce_store_api_add_to_cart_data',
		array(
			'id'             => (int) $request['id'],
			'quantity'       => $request['quantity'] ? (int) $request['quantity'] : 1,
			'variation'      => $request['variation'] ? $request['variation'] : array(),
			'cart_item_data' => array(),
		),
		$request
	);
	$product = wc_get_product( $wanted['id'] );
	if ( ! $product || 'publish' !== $product->get_status() || $product->is_type( 'variable' ) || ! $product->is_purchasable() ) {
		return new WP_Error( 'woocommerce_rest_product_not_purchasable', 'This product cannot be purchased.', array( 'status' => 400 ) );
	}
	if ( ! $product->is_in_stock() ) {
		return new WP_Error( 'woocommerce_rest_product_out_of_stock', sprintf( 'You cannot add "%s" to the cart because the product is out of stock.', $product->get_name() ), array( 'status' => 400 ) );
	}
	WC()->cart->add_to_cart( $wanted['id'], $wanted['quantity'], 0, array(), $wanted['cart_item_data'] );
	$response = rig_wc_store_cart();
	$response->set_status( 201 );
	return $response;
}

/** The block checkout's order, paid at once by cash. */
function rig_wc_store_checkout( $request ) {
	$refused = rig_wc_store_nonce( $request );
	if ( $refused ) {
		return $refused;
	}
	$order = new WC_Order();
	$order->set_billing_email( isset( $request['billing_address']['email'] ) ? $request['billing_address']['email'] : '' );
	WC()->checkout()->create_order_line_items( $order, WC()->cart );
	do_action( 'woocommerce_store_api_checkout_update_order_meta', $order );
	do_action( 'woocommerce_store_api_checkout_update_order_from_request', $order, $request );
	$order->save();
	do_action( 'woocommerce_store_api_checkout_order_processed', $order );
	$order->update_status( 'processing' );
	WC()->cart->empty_cart();
	return new WP_REST_Response(
		array(
			'order_id'       => $order->get_id(),
			'status'         => $order->get_status(),
			'payment_result' => array( 'redirect_url' => $order->get_checkout_order_received_url() ),
		)
	);
}
