<?php
/**
 * Which slate a product was bought from.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Remembers in the shopper's session which slate a product was added from, and writes it on the order's lines.
 *
 * It makes no lines of its own in the cart: the same product from a slate and from its page is one line. What is added
 * from a slate says so by `shelfwise`, "slate:position", in the body of the Store API's add-item or in the form.
 */
final class Attribution {

	const SESSION = 'shelfwise_from';
	const LINE    = '_shelfwise';
	const ORDER   = '_shelfwise_visitor';
	const AT_MOST = 50;

	/**
	 * Where the product that the Store API is adding comes from, "" for nowhere.
	 *
	 * @var string
	 */
	private static $from = '';

	/**
	 * Adds the hooks.
	 */
	public static function register() {
		add_filter( 'woocommerce_hidden_order_itemmeta', array( __CLASS__, 'hide' ) );
		if ( ! Link::is_linked() ) {
			return;
		}
		add_filter( 'woocommerce_store_api_add_to_cart_data', array( __CLASS__, 'hear' ), 10, 2 );
		add_action( 'woocommerce_add_to_cart', array( __CLASS__, 'added' ), 10, 4 );
		add_action( 'woocommerce_remove_cart_item', array( __CLASS__, 'removed' ), 10, 2 );
		add_action( 'woocommerce_cart_emptied', array( __CLASS__, 'emptied' ) );
		add_action( 'woocommerce_checkout_create_order_line_item', array( __CLASS__, 'write_line' ) );
		add_action( 'woocommerce_checkout_create_order', array( __CLASS__, 'write_order' ) );
		add_action( 'woocommerce_store_api_checkout_update_order_from_request', array( __CLASS__, 'write_order' ) );
	}

	/**
	 * Keeps our line's note out of the order's page in wp-admin.
	 *
	 * @param string[] $hidden What is kept out already.
	 * @return string[]
	 */
	public static function hide( $hidden ) {
		$hidden   = is_array( $hidden ) ? $hidden : array();
		$hidden[] = self::LINE;
		return $hidden;
	}

	/**
	 * Hears in the Store API where a product comes from.
	 *
	 * @param array<string,mixed> $data    What is added; returned as it is.
	 * @param \WP_REST_Request    $request The request.
	 * @return array<string,mixed>
	 */
	public static function hear( $data, $request ) {
		self::$from = $request instanceof \WP_REST_Request ? self::clean( $request->get_param( 'shelfwise' ) ) : '';
		return $data;
	}

	/**
	 * Notes where a product that was added comes from.
	 *
	 * @param string $key          The cart line.
	 * @param int    $product_id   The product.
	 * @param int    $quantity     How many.
	 * @param int    $variation_id The variation, 0 for none.
	 */
	public static function added( $key, $product_id, $quantity, $variation_id = 0 ) {
		$from       = self::$from;
		self::$from = '';
		if ( '' === $from ) {
			// phpcs:ignore WordPress.Security -- a shop's own add-to-cart form has no nonce; clean() lets one form through.
			$from = self::clean( isset( $_REQUEST['shelfwise'] ) ? wp_unslash( $_REQUEST['shelfwise'] ) : '' );
		}
		$id = (int) $variation_id ? (int) $variation_id : (int) $product_id;
		if ( '' === $from || $id < 1 ) {
			return;
		}
		$kept = self::kept();
		unset( $kept[ $id ] );
		$kept[ $id ] = $from;
		self::keep( array_slice( $kept, -self::AT_MOST, null, true ) );
	}

	/**
	 * Forgets where a product came from that was taken out again: added anew by hand, it is no slate's.
	 *
	 * @param string   $key  The cart line.
	 * @param \WC_Cart $cart The cart.
	 */
	public static function removed( $key, $cart ) {
		$lines = is_object( $cart ) && isset( $cart->cart_contents ) ? $cart->cart_contents : array();
		$line  = is_array( $lines ) && isset( $lines[ $key ] ) ? $lines[ $key ] : array();
		$kept  = self::kept();
		foreach ( array( 'variation_id', 'product_id' ) as $which ) {
			if ( ! empty( $line[ $which ] ) ) {
				unset( $kept[ (int) $line[ $which ] ] );
			}
		}
		if ( $kept !== self::kept() ) {
			self::keep( $kept );
		}
	}

	/**
	 * Forgets everything once the cart is emptied, by an order or by hand.
	 */
	public static function emptied() {
		if ( self::kept() ) {
			self::keep( array() );
		}
	}

	/**
	 * Writes on an order's line which slate it comes from.
	 *
	 * @param \WC_Order_Item_Product $item The line.
	 */
	public static function write_line( $item ) {
		if ( ! $item instanceof \WC_Order_Item_Product ) {
			return;
		}
		$kept = self::kept();
		foreach ( array( (int) $item->get_variation_id(), (int) $item->get_product_id() ) as $id ) {
			if ( $id && isset( $kept[ $id ] ) ) {
				$item->update_meta_data( self::LINE, $kept[ $id ] );
				return;
			}
		}
	}

	/**
	 * Writes on an order whose it is, with consent only. The order is saved by WooCommerce afterwards.
	 *
	 * @param \WC_Order $order The order.
	 */
	public static function write_order( $order ) {
		if ( ! $order instanceof \WC_Order ) {
			return;
		}
		$visitor = Link::is_live() ? Consent::visitor() : '';
		if ( '' !== $visitor ) {
			$order->update_meta_data( self::ORDER, $visitor );
		} elseif ( '' !== $order->get_meta( self::ORDER ) ) {
			$order->delete_meta_data( self::ORDER );
		}
	}

	/**
	 * Where from, if it is said as we say it: slate id, colon, position.
	 *
	 * @param mixed $value What was sent.
	 * @return string "" if it is anything else.
	 */
	public static function clean( $value ) {
		return is_string( $value ) && preg_match( '/^[0-9a-f]{32}:\d{1,3}$/D', $value ) ? $value : '';
	}

	/**
	 * What the session remembers: product or variation => slate and position.
	 *
	 * @return array<int,string>
	 */
	private static function kept() {
		$session = self::session();
		$kept    = $session ? $session->get( self::SESSION ) : null;
		return is_array( $kept ) ? array_filter( array_map( array( __CLASS__, 'clean' ), $kept ) ) : array();
	}

	/**
	 * Remembers it.
	 *
	 * @param array<int,string> $kept Product or variation => slate and position.
	 */
	private static function keep( $kept ) {
		$session = self::session();
		if ( $session ) {
			$session->set( self::SESSION, $kept ? $kept : null );
		}
	}

	/**
	 * The shopper's session, null where there is none, such as in wp-admin.
	 *
	 * @return object|null With get() and set(); shops may have one of their own.
	 */
	private static function session() {
		$session = isset( WC()->session ) ? WC()->session : null;
		return is_object( $session ) && is_callable( array( $session, 'set' ) ) ? $session : null;
	}
}
