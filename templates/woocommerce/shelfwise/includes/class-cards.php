<?php
/**
 * Products as cards.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Makes cards of the shop's own products, as they are at this moment: what has sold out is left out.
 */
final class Cards {

	/**
	 * Cards, and what they were made of.
	 *
	 * @param array<int, array<int, mixed>> $items Of a slate: id, position, reason.
	 * @param string                        $slate Its id; '' for a preview.
	 * @param int                           $count How many cards at most.
	 * @param int[]                         $not   Products that are not to be shown.
	 * @return array{html: string, kinds: string[], count: int}
	 */
	public static function of( array $items, $slate, $count, array $not ) {
		$items = self::translated( $items );
		self::prime( array_map( 'intval', wp_list_pluck( $items, 0 ) ) );
		$html  = '';
		$kinds = array();
		foreach ( $items as $item ) {
			$product = in_array( (int) $item[0], $not, true ) ? null : self::on_shelf( (int) $item[0] );
			if ( null === $product ) {
				continue;
			}
			$html   .= self::card( $product, $slate, (int) $item[1] );
			$kinds[] = isset( $item[2][0] ) ? (string) $item[2][0] : '';
			$not[]   = (int) $item[0];
			if ( count( $kinds ) >= $count ) {
				break;
			}
		}
		return array(
			'html'  => $html,
			'kinds' => $kinds,
			'count' => count( $kinds ),
		);
	}

	/**
	 * The products in the visitor's language, where the shop has several.
	 *
	 * @param array<int, array<int, mixed>> $items Of a slate.
	 * @return array<int, array<int, mixed>>
	 */
	private static function translated( array $items ) {
		if ( ! has_filter( 'wpml_object_id' ) ) {
			return $items;
		}
		foreach ( $items as $index => $item ) {
			/** WPML's filter, which Polylang answers too: the id of a post in the language of the page. */
			$items[ $index ][0] = (int) apply_filters( 'wpml_object_id', $item[0], 'product', true ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedHooknameFound -- WPML's.
		}
		return $items;
	}

	/**
	 * Read all products, their terms, meta and pictures at once, rather than each by itself.
	 *
	 * @param int[] $ids Of products.
	 */
	private static function prime( array $ids ) {
		_prime_post_caches( $ids, true, true );
		$pictures = array();
		foreach ( $ids as $id ) {
			$pictures[] = (int) get_post_meta( $id, '_thumbnail_id', true );
		}
		_prime_post_caches( array_values( array_filter( $pictures ) ), false, true );
	}

	/**
	 * A product that can be had right now; null if it can't.
	 *
	 * @param int $id Of a product.
	 * @return \WC_Product|null
	 */
	private static function on_shelf( $id ) {
		if ( 'product' !== get_post_type( $id ) || 'publish' !== get_post_status( $id ) || post_password_required( $id ) ) {
			return null;
		}
		$product = wc_get_product( $id );
		if ( ! $product instanceof \WC_Product || ! $product->is_in_stock() || ! $product->is_visible() ) {
			return null;
		}
		$elsewhere = in_array( $product->get_type(), array( 'external', 'grouped' ), true );
		return $elsewhere || $product->is_purchasable() ? $product : null;
	}

	/**
	 * One card.
	 *
	 * @param \WC_Product $product  What it shows.
	 * @param string      $slate    The slate's id; '' for a preview.
	 * @param int         $position In the slate, from 1.
	 * @return string
	 */
	private static function card( \WC_Product $product, $slate, $position ) {
		$link = $product->get_permalink();
		$name = $product->get_name();
		$mark = $slate ? $slate . ':' . $position : '';
		$html = sprintf(
			'<li class="shelfwise-card" data-shelfwise="%1$d,%2$s"><div class="shelfwise-picture">%3$s</div>%4$s<h3 class="shelfwise-title"><a href="%5$s">%6$s</a></h3>%7$s<p class="shelfwise-price">%8$s</p>%9$s</li>',
			$product->get_id(),
			esc_attr( $mark ),
			self::picture( $product ),
			$product->is_on_sale() ? '<span class="shelfwise-sale">' . esc_html__( 'Sale', 'shelfwise' ) . '</span>' : '',
			esc_url( $link ),
			esc_html( $name ),
			self::rating( $product ),
			$product->get_price_html(),
			self::button( $product, $link, $mark )
		);
		/**
		 * Filters a card.
		 *
		 * @param string      $html    The card, escaped.
		 * @param \WC_Product $product What it shows.
		 */
		return (string) apply_filters( 'shelfwise_card', $html, $product );
	}

	/**
	 * The product's picture, in the size that the shop shows in its lists.
	 *
	 * @param \WC_Product $product Whose.
	 * @return string
	 */
	private static function picture( \WC_Product $product ) {
		return (string) $product->get_image(
			'woocommerce_thumbnail',
			array(
				// The title beside it says the same.
				'alt'      => '',
				'loading'  => 'lazy',
				'decoding' => 'async',
				'sizes'    => '(min-width: 60rem) 18rem, (min-width: 36rem) 30vw, 45vw',
			)
		);
	}

	/**
	 * What buyers thought.
	 *
	 * @param \WC_Product $product Of what.
	 * @return string
	 */
	private static function rating( \WC_Product $product ) {
		$average = (float) $product->get_average_rating();
		if ( $average <= 0 || ! wc_review_ratings_enabled() ) {
			return '';
		}
		/* translators: %s: the average rating, such as 4.5 */
		$said = sprintf( __( 'Rated %s out of 5', 'shelfwise' ), number_format_i18n( $average, 1 ) );
		return sprintf(
			'<p class="shelfwise-rating"><span aria-hidden="true">★ %s</span><span class="shelfwise-unseen">%s</span></p>',
			esc_html( number_format_i18n( $average, 1 ) ),
			esc_html( $said )
		);
	}

	/**
	 * A form that adds to the cart, also without scripts; a link for what has to be chosen first.
	 *
	 * @param \WC_Product $product What to add.
	 * @param string      $link    Its page.
	 * @param string      $mark    Slate and position.
	 * @return string
	 */
	private static function button( \WC_Product $product, $link, $mark ) {
		$class = 'shelfwise-button button ' . esc_attr( wc_wp_theme_get_element_class_name( 'button' ) );
		$text  = esc_html( $product->add_to_cart_text() );
		$label = esc_attr( wp_strip_all_tags( $product->add_to_cart_description() ) );
		if ( ! $product->supports( 'ajax_add_to_cart' ) || ! $product->is_purchasable() || ! $product->is_type( 'simple' ) ) {
			return sprintf( '<a class="%s" href="%s" aria-label="%s">%s</a>', $class, esc_url( $link ), $label, $text );
		}
		$hidden = $mark ? '<input type="hidden" name="shelfwise" value="' . esc_attr( $mark ) . '">' : '';
		return sprintf(
			'<form class="shelfwise-form" method="post" action="%s">%s<input type="hidden" name="quantity" value="%s"><button class="%s" name="add-to-cart" value="%d" aria-label="%s">%s</button></form>',
			esc_url( $link ),
			$hidden,
			esc_attr( (string) $product->get_min_purchase_quantity() ),
			$class,
			$product->get_id(),
			$label,
			$text
		);
	}
}
