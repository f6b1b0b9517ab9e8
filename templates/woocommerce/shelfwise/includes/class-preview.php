<?php
/**
 * What the editor shows of a slate.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Some of the shop's own products in the place of the recommended ones; nothing is asked of the app.
 */
final class Preview {

	/**
	 * The preview.
	 *
	 * @param string               $placement Ours, or "auto".
	 * @param array<string, mixed> $wanted    As `Slate_View::of_page` takes it.
	 * @return string
	 */
	public static function of( $placement, array $wanted ) {
		$chosen = Settings::placement( $placement );
		$count  = $wanted['count'] > 0 ? min( Settings::MOST, $wanted['count'] ) : $chosen['count'];
		$items  = array();
		foreach ( self::products( $count + 4 ) as $id ) {
			$items[] = array( $id, 0, array() );
		}
		$cards   = Cards::of( $items, '', $count, array() );
		$heading = '' === $wanted['heading'] ? $chosen['heading'] : $wanted['heading'];
		return Slate_View::section(
			$cards['count'] ? $cards['html'] : self::samples( $count ),
			'' === $heading ? Slate_View::heading( $placement, array() ) : $heading,
			$wanted,
			null
		);
	}

	/**
	 * The newest products.
	 *
	 * @param int $count How many.
	 * @return int[]
	 */
	private static function products( $count ) {
		$ids = wc_get_products(
			array(
				'limit'        => $count,
				'status'       => 'publish',
				'stock_status' => 'instock',
				'orderby'      => 'date',
				'order'        => 'DESC',
				'return'       => 'ids',
			)
		);
		return is_array( $ids ) ? array_map( 'intval', $ids ) : array();
	}

	/**
	 * Cards of a shop that has no products yet.
	 *
	 * @param int $count How many.
	 * @return string
	 */
	private static function samples( $count ) {
		$card = sprintf(
			'<li class="shelfwise-card"><div class="shelfwise-picture">%s</div><h3 class="shelfwise-title">%s</h3></li>',
			wc_placeholder_img( 'woocommerce_thumbnail', array( 'alt' => '' ) ),
			esc_html__( 'One of your products', 'shelfwise' )
		);
		return str_repeat( $card, $count );
	}
}
