<?php
/**
 * Sessions of guests and what they have in their cart.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

class WC_Session_Handler {

	const COOKIE = 'wp_woocommerce_session_rig';

	private $customer = '';
	private $data     = array();
	private $dirty    = false;

	public function init() {
		$known = isset( $_COOKIE[ self::COOKIE ] ) ? sanitize_key( $_COOKIE[ self::COOKIE ] ) : '';
		if ( $known ) {
			$this->customer = $known;
			$this->data     = (array) get_option( 'rig_session_' . $known, array() );
		} else {
			$this->customer = 't_' . substr( md5( wp_generate_uuid4() ), 0, 30 );
		}
		add_action( 'shutdown', array( $this, 'save_data' ), 20 );
	}
	public function get( $key, $default = null ) {
		return isset( $this->data[ $key ] ) ? $this->data[ $key ] : $default;
	}
	public function set( $key, $value ) {
		if ( $this->get( $key ) !== $value ) {
			$this->data[ $key ] = $value;
			$this->dirty        = true;
		}
	}
	public function __isset( $key ) {
		return isset( $this->data[ $key ] );
	}
	public function __unset( $key ) {
		unset( $this->data[ $key ] );
		$this->dirty = true;
	}
	public function __get( $key ) {
		return $this->get( $key );
	}
	public function __set( $key, $value ) {
		$this->set( $key, $value );
	}
	public function has_session() {
		return isset( $_COOKIE[ self::COOKIE ] );
	}
	public function get_customer_id() {
		return $this->customer;
	}
	public function set_customer_session_cookie( $set ) {
		if ( $set && ! $this->has_session() && ! headers_sent() ) {
			setcookie( self::COOKIE, $this->customer, time() + DAY_IN_SECONDS, '/' );
			$_COOKIE[ self::COOKIE ] = $this->customer;
		}
	}
	public function save_data() {
		if ( $this->dirty && $this->has_session() ) {
			update_option( 'rig_session_' . $this->customer, $this->data, false );
			$this->dirty = false;
		}
	}
}

class WC_Cart {

	public $cart_contents = array();

	public function __construct() {
		foreach ( (array) WC()->session->get( 'cart', array() ) as $key => $values ) {
			$product = wc_get_product( $values['variation_id'] ? $values['variation_id'] : $values['product_id'] );
			if ( $product ) {
				$this->cart_contents[ $key ] = array( 'data' => $product ) + $values;
			}
		}
	}
	public function get_cart() {
		if ( ! did_action( 'wp_loaded' ) ) {
			_doing_it_wrong( __METHOD__, 'Get cart should not be called before the wp_loaded action.', '2.3' );
		}
		return $this->cart_contents;
	}
	public function get_cart_contents() {
		return $this->cart_contents;
	}
	public function get_cart_contents_count() {
		return (int) array_sum( wp_list_pluck( $this->cart_contents, 'quantity' ) );
	}
	public function is_empty() {
		return ! $this->cart_contents;
	}
	public function add_to_cart( $product_id = 0, $quantity = 1, $variation_id = 0, $variation = array(), $cart_item_data = array() ) {
		if ( 'product_variation' === get_post_type( $product_id ) ) {
			$variation_id = $product_id;
			$product_id   = wp_get_post_parent_id( $variation_id );
		}
		$product = wc_get_product( $variation_id ? $variation_id : $product_id );
		if ( ! $product || ! $product->is_purchasable() || ! $product->is_in_stock() ) {
			return false;
		}
		$cart_item_data = (array) apply_filters( 'woocommerce_add_cart_item_data', $cart_item_data, $product_id, $variation_id, $quantity );
		$key            = md5( $product_id . '_' . $variation_id . wp_json_encode( $variation ) . wp_json_encode( $cart_item_data ) );
		$before         = isset( $this->cart_contents[ $key ] ) ? $this->cart_contents[ $key ]['quantity'] : 0;

		$this->cart_contents[ $key ] = $cart_item_data + array(
			'key'          => $key,
			'product_id'   => $product_id,
			'variation_id' => $variation_id,
			'variation'    => $variation,
			'quantity'     => $before + $quantity,
			'data'         => $product,
		);
		$this->keep();
		do_action( 'woocommerce_add_to_cart', $key, $product_id, $quantity, $variation_id, $variation, $cart_item_data );
		return $key;
	}
	public function remove_cart_item( $key ) {
		do_action( 'woocommerce_remove_cart_item', $key, $this );
		unset( $this->cart_contents[ $key ] );
		$this->keep();
		do_action( 'woocommerce_cart_item_removed', $key, $this );
	}
	public function empty_cart() {
		$this->cart_contents = array();
		$this->keep();
		do_action( 'woocommerce_cart_emptied', true );
	}
	private function keep() {
		WC()->session->set_customer_session_cookie( true );
		WC()->session->set(
			'cart',
			array_map(
				function ( $values ) {
					unset( $values['data'] );
					return $values;
				},
				$this->cart_contents
			)
		);
	}
}

function wc_load_cart() {
	if ( null === WC()->session ) {
		WC()->session = new WC_Session_Handler();
		WC()->session->init();
	}
	if ( null === WC()->cart ) {
		WC()->cart = new WC_Cart();
		add_action( 'wp_loaded', 'rig_wc_add_from_link', 20 );
	}
}

/** Adding by a link, as in `?add-to-cart=12`. */
function rig_wc_add_from_link() {
	if ( isset( $_REQUEST['add-to-cart'] ) && is_numeric( $_REQUEST['add-to-cart'] ) ) {
		WC()->cart->add_to_cart( (int) $_REQUEST['add-to-cart'] );
	}
}
