<?php
/**
 * What is on the shelf at this moment.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Reads stock past every cache.
 *
 * Another request may have sold the last piece after this one loaded the product: what a cache holds is not what is on
 * the shelf. So two queries of the tables are asked, however many products there are.
 */
final class Stock_State {

	const META = array( '_stock', '_stock_status', '_manage_stock', '_backorders' );

	/**
	 * The state of products and variations, as the app takes it.
	 *
	 * One that is gone, or that shoppers can't see, is out of stock.
	 *
	 * @param int[] $ids At most 500.
	 * @return array<int,array<string,mixed>>
	 */
	public static function of( $ids ) {
		$posts   = self::posts( $ids );
		$parents = array_diff( array_filter( array_unique( array_column( $posts, 'parent' ) ) ), array_keys( $posts ) );
		$posts  += self::posts( $parents );
		$meta    = self::meta( array_keys( $posts ) );
		$items   = array();
		foreach ( $ids as $id ) {
			$items[] = self::item( $id, $posts, $meta );
		}
		return $items;
	}

	/**
	 * One product's or variation's state.
	 *
	 * @param int                                 $id    Its id.
	 * @param array<int,array<string,mixed>>      $posts Posts by id.
	 * @param array<int,array<string,string>>     $meta  What is kept of each.
	 * @return array<string,mixed>
	 */
	private static function item( $id, $posts, $meta ) {
		$post   = isset( $posts[ $id ] ) ? $posts[ $id ] : null;
		$parent = $post ? (int) $post['parent'] : 0;
		$own    = isset( $meta[ $id ] ) ? $meta[ $id ] : array();
		$above  = $parent && isset( $meta[ $parent ] ) ? $meta[ $parent ] : array();
		$is_one = $post && 'product_variation' === $post['type'];
		$shown  = $post && 'publish' === $post['status'];
		if ( $is_one ) {
			$shown = $shown && isset( $posts[ $parent ] ) && 'publish' === $posts[ $parent ]['status'];
		}
		$item = array(
			'id'         => (int) $id,
			'parent_id'  => $is_one ? $parent : 0,
			'type'       => $is_one ? 'variation' : self::type( $id ),
			'manages'    => false,
			'quantity'   => null,
			'status'     => 'outofstock',
			'backorders' => 'no',
		);
		if ( ! $shown ) {
			return $item;
		}
		$item['manages'] = self::manages( $own, $is_one ? $above : array() );
		$counted         = 'parent' === $item['manages'] ? $above : $own;
		$item['status']  = self::one_of( $own, '_stock_status', array( 'instock', 'outofstock', 'onbackorder' ) );
		if ( $item['manages'] ) {
			$item['quantity']   = isset( $counted['_stock'] ) && is_numeric( $counted['_stock'] ) ? $counted['_stock'] + 0 : 0;
			$item['backorders'] = self::one_of( $counted, '_backorders', array( 'no', 'notify', 'yes' ) );
		}
		return $item;
	}

	/**
	 * Who counts the stock: true for itself, "parent", false for nobody.
	 *
	 * @param array<string,string> $own   What is kept of it.
	 * @param array<string,string> $above What is kept of a variation's parent.
	 * @return bool|string
	 */
	private static function manages( $own, $above ) {
		if ( 'yes' !== get_option( 'woocommerce_manage_stock' ) ) {
			return false;
		}
		if ( isset( $own['_manage_stock'] ) && 'yes' === $own['_manage_stock'] ) {
			return true;
		}
		return isset( $above['_manage_stock'] ) && 'yes' === $above['_manage_stock'] ? 'parent' : false;
	}

	/**
	 * What is kept under a key, if it is a known word; the first of them otherwise.
	 *
	 * @param array<string,string> $meta  What is kept.
	 * @param string               $key   Under which key.
	 * @param string[]             $known The known words.
	 * @return string
	 */
	private static function one_of( $meta, $key, $known ) {
		return isset( $meta[ $key ] ) && in_array( $meta[ $key ], $known, true ) ? $meta[ $key ] : $known[0];
	}

	/**
	 * A product's type, such as "simple" or "variable".
	 *
	 * @param int $id The product.
	 * @return string
	 */
	private static function type( $id ) {
		$terms = get_the_terms( $id, 'product_type' );
		return is_array( $terms ) && $terms ? sanitize_title( current( $terms )->name ) : 'simple';
	}

	/**
	 * Status, parent and type of products and variations.
	 *
	 * @param int[] $ids Which.
	 * @return array<int,array{parent:string,type:string,status:string}> By id; what is no product is left out.
	 */
	private static function posts( $ids ) {
		global $wpdb;
		if ( ! $ids ) {
			return array();
		}
		$in = implode( ',', array_map( 'intval', $ids ) );
		// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- whole numbers; past every cache.
		$rows = $wpdb->get_results(
			"SELECT ID, post_parent AS parent, post_type AS type, post_status AS status FROM {$wpdb->posts}
			WHERE ID IN ($in) AND post_type IN ('product', 'product_variation')",
			ARRAY_A
		);
		// phpcs:enable
		return array_column( (array) $rows, null, 'ID' );
	}

	/**
	 * What is kept of their stock.
	 *
	 * @param int[] $ids Of which.
	 * @return array<int,array<string,string>> Id => key => value.
	 */
	private static function meta( $ids ) {
		global $wpdb;
		$meta = array();
		if ( ! $ids ) {
			return $meta;
		}
		$in   = implode( ',', array_map( 'intval', $ids ) );
		$keys = "'" . implode( "','", self::META ) . "'";
		// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- whole numbers and our own keys.
		$rows = $wpdb->get_results(
			"SELECT post_id, meta_key, meta_value FROM {$wpdb->postmeta} WHERE post_id IN ($in) AND meta_key IN ($keys)",
			ARRAY_A
		);
		// phpcs:enable
		foreach ( (array) $rows as $row ) {
			$meta[ (int) $row['post_id'] ][ $row['meta_key'] ] = (string) $row['meta_value'];
		}
		return $meta;
	}
}
