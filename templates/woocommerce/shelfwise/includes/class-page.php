<?php
/**
 * What the page that is shown is about.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Reads off the page what a slate is for. Nothing of it tells who looks at the page.
 */
final class Page {

	const MOST_SEEDS = 20;
	const MOST_QUERY = 200;

	/**
	 * The placement that fits the page.
	 *
	 * @return string
	 */
	public static function placement() {
		if ( is_404() ) {
			return 'not_found';
		}
		if ( self::is( 'is_product' ) ) {
			return 'product';
		}
		if ( self::is( 'is_order_received_page' ) ) {
			return 'post_purchase';
		}
		if ( self::is( 'is_cart' ) ) {
			return 'cart';
		}
		if ( is_search() ) {
			return 'search';
		}
		return self::is( 'is_shop' ) || self::is( 'is_product_taxonomy' ) ? 'collection' : 'home';
	}

	/**
	 * What to ask the app for.
	 *
	 * @param string $placement Ours.
	 * @param int    $count     How many products are to be shown.
	 * @param int    $about     The product or order it is about; 0 for the page's own.
	 * @return array<string, mixed>
	 */
	public static function query( $placement, $count, $about = 0 ) {
		$query = array(
			'shop'      => Link::shop(),
			'placement' => 'not_found' === $placement ? 'home' : $placement,
			'product'   => array(),
			'cart'      => array(),
			// Some may have sold out since.
			'count'     => min( 48, $count + 4 ),
			'currency'  => get_woocommerce_currency(),
			'locale'    => self::locale(),
		);
		switch ( $placement ) {
			case 'product':
				$query['product'] = self::product( $about );
				break;
			case 'collection':
				$query['product'] = self::listed();
				break;
			case 'cart':
				$query['cart'] = self::in_cart();
				break;
			case 'post_purchase':
				$query['product'] = self::ordered( $about );
				break;
			case 'search':
				$query['product'] = self::listed();
				$query['q']       = mb_substr( trim( (string) get_search_query( false ) ), 0, self::MOST_QUERY );
				break;
		}
		return $query;
	}

	/**
	 * What the visitor reads, as browsers name languages.
	 *
	 * @return string
	 */
	private static function locale() {
		$locale = str_replace( '_', '-', (string) determine_locale() );
		return preg_match( '/\A[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}\z/', $locale ) ? $locale : '';
	}

	/**
	 * The page's product.
	 *
	 * @param int $about The product; 0 for the one whose page it is.
	 * @return int[]
	 */
	private static function product( $about ) {
		$id = $about ? $about : ( self::is( 'is_product' ) ? (int) get_queried_object_id() : 0 );
		return $id > 0 && 'product' === get_post_type( $id ) ? array( $id ) : array();
	}

	/**
	 * The products that the page lists.
	 *
	 * @return int[]
	 */
	private static function listed() {
		global $wp_query;
		$ids = array();
		foreach ( $wp_query instanceof \WP_Query && is_array( $wp_query->posts ) ? $wp_query->posts : array() as $post ) {
			if ( $post instanceof \WP_Post && 'product' === $post->post_type ) {
				$ids[] = (int) $post->ID;
			}
		}
		return array_slice( $ids, 0, self::MOST_SEEDS );
	}

	/**
	 * The products in the cart, in the order of their ids: equal carts share a slate.
	 *
	 * @return int[]
	 */
	private static function in_cart() {
		$ids = array();
		if ( self::is_page() && function_exists( 'WC' ) && WC()->cart instanceof \WC_Cart ) {
			foreach ( WC()->cart->get_cart() as $line ) {
				$ids[] = isset( $line['product_id'] ) ? (int) $line['product_id'] : 0;
			}
		}
		return self::seeds( $ids );
	}

	/**
	 * The products of an order, for who has its key only.
	 *
	 * @param int $about The order; 0 for the one whose thank-you page it is.
	 * @return int[]
	 */
	private static function ordered( $about ) {
		$order = wc_get_order( $about ? $about : absint( get_query_var( 'order-received' ) ) );
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- The order's own key is the proof.
		$key = isset( $_GET['key'] ) && is_string( $_GET['key'] ) ? sanitize_text_field( wp_unslash( $_GET['key'] ) ) : '';
		if ( ! $order instanceof \WC_Order || ( ! $about && ! hash_equals( (string) $order->get_order_key(), $key ) ) ) {
			return array();
		}
		$ids = array();
		foreach ( $order->get_items() as $item ) {
			$ids[] = $item instanceof \WC_Order_Item_Product ? (int) $item->get_product_id() : 0;
		}
		return self::seeds( $ids );
	}

	/**
	 * Ids in a fixed order, each once.
	 *
	 * @param int[] $ids Of products, with 0 for those that are gone.
	 * @return int[]
	 */
	private static function seeds( array $ids ) {
		$ids = array_values( array_unique( array_filter( $ids ) ) );
		sort( $ids );
		return array_slice( $ids, -self::MOST_SEEDS );
	}

	/**
	 * Whether a page is made for a shopper, and not an answer for a program, a feed or an editor.
	 *
	 * @return bool
	 */
	public static function is_page() {
		return ! is_admin() && ! is_feed() && ! wp_is_serving_rest_request() && ! wp_doing_cron()
			&& ! doing_action( 'wp_head' ) && ! doing_filter( 'get_the_excerpt' );
	}

	/**
	 * Ask one of WooCommerce's questions, which may not be there.
	 *
	 * @param string $question A function's name.
	 * @return bool
	 */
	private static function is( $question ) {
		return function_exists( $question ) && (bool) $question();
	}
}
