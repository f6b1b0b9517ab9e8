<?php
/**
 * A slate as the page shows it.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * The section with its heading and cards; nothing at all where there is nothing to show.
 */
final class Slate_View {

	/**
	 * The section of a page.
	 *
	 * @param string               $placement Ours.
	 * @param array<string, mixed> $wanted    heading, count, layout, about, wrapper: '' and 0 for what the settings say.
	 * @return string
	 */
	public static function of_page( $placement, array $wanted ) {
		$chosen = Settings::placement( $placement );
		$count  = empty( $wanted['count'] ) ? $chosen['count'] : max( 1, min( Settings::MOST, (int) $wanted['count'] ) );
		$query  = Page::query( $placement, $count, isset( $wanted['about'] ) ? (int) $wanted['about'] : 0 );
		$slate  = Slates::of_page( $query );
		if ( empty( $slate['items'] ) ) {
			return '';
		}
		$not   = array_merge( $query['product'], $query['cart'] );
		$cards = Cards::of( $slate['items'], $slate['slate'], $count, $not );
		if ( ! $cards['count'] ) {
			return '';
		}
		$own = empty( $wanted['heading'] ) ? $chosen['heading'] : (string) $wanted['heading'];
		return self::section(
			$cards['html'],
			'' === $own ? self::heading( $placement, $cards['kinds'] ) : $own,
			$wanted,
			self::told( $query, $slate['slate'], $cards['count'], '' === $own )
		);
	}

	/**
	 * The section.
	 *
	 * @param string                    $cards   The cards, escaped.
	 * @param string                    $heading Above them.
	 * @param array<string, mixed>      $wanted  layout, wrapper.
	 * @param array<string, mixed>|null $told    What the script is told; null for a preview.
	 * @return string
	 */
	public static function section( $cards, $heading, array $wanted, $told ) {
		$id      = wp_unique_id( 'shelfwise-' );
		$layout  = isset( $wanted['layout'] ) && 'grid' === $wanted['layout'] ? 'grid' : 'row';
		$wrapper = empty( $wanted['wrapper'] ) ? 'class="shelfwise alignwide"' : (string) $wanted['wrapper'];
		if ( null !== $told ) {
			Assets::show();
		}
		return sprintf(
			'<section %1$s data-shelfwise-layout="%2$s" aria-labelledby="%3$s"%4$s>%5$s<h2 class="shelfwise-heading" id="%3$s">%6$s</h2><ul class="shelfwise-cards" role="list">%7$s</ul><p class="shelfwise-said" role="status"></p></section>',
			$wrapper,
			esc_attr( $layout ),
			esc_attr( $id ),
			null === $told ? '' : ' data-shelfwise="' . esc_attr( (string) wp_json_encode( $told, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ) ) . '"',
			null === $told ? '' : Assets::late_style(),
			esc_html( $heading ),
			$cards
		);
	}

	/**
	 * A heading that is true of what is shown.
	 *
	 * @param string   $placement Ours.
	 * @param string[] $kinds     Why each product is there.
	 * @return string
	 */
	public static function heading( $placement, array $kinds ) {
		$kind = isset( $kinds[0] ) ? $kinds[0] : '';
		if ( 'trending' === $kind ) {
			return __( 'Popular right now', 'shelfwise' );
		}
		if ( 'new' === $kind ) {
			return __( 'New in the shop', 'shelfwise' );
		}
		$headings = array(
			'product'       => __( 'You may also like', 'shelfwise' ),
			'collection'    => __( 'Goes well with these', 'shelfwise' ),
			'cart'          => __( 'Goes well with your cart', 'shelfwise' ),
			'post_purchase' => __( 'Goes well with your order', 'shelfwise' ),
			'search'        => __( 'You may like these instead', 'shelfwise' ),
		);
		if ( in_array( $kind, Personal_Route::KINDS, true ) && 'cart' !== $placement ) {
			return __( 'Picked for you', 'shelfwise' );
		}
		return isset( $headings[ $placement ] ) ? $headings[ $placement ] : __( 'You may like these', 'shelfwise' );
	}

	/**
	 * What the script is told: addresses, what the slate is for, and words.
	 *
	 * @param array<string, mixed> $query  What was asked.
	 * @param string               $slate  The slate's id.
	 * @param int                  $count  How many cards there are.
	 * @param bool                 $renames Whether another slate may bring another heading.
	 * @return array<string, mixed>
	 */
	private static function told( array $query, $slate, $count, $renames ) {
		$told = array(
			'api'       => Link::api(),
			'shop'      => $query['shop'],
			'placement' => $query['placement'],
			'slate'     => $slate,
			'product'   => $query['product'],
			'cart'      => $query['cart'],
			'count'     => $count,
			'renames'   => $renames,
			'store'     => rest_url( 'wc/store/v1/' ),
			'own'       => rest_url( 'shelfwise/v1/slate' ),
			'fragments' => add_query_arg( 'wc-ajax', 'get_refreshed_fragments', home_url( '/' ) ),
			'basket'    => wc_get_cart_url(),
			'path'      => defined( 'COOKIEPATH' ) && COOKIEPATH ? COOKIEPATH : '/',
			'added'     => __( 'Added to your cart.', 'shelfwise' ),
			'see'       => __( 'View cart', 'shelfwise' ),
			'failed'    => __( 'That did not work. Please try again.', 'shelfwise' ),
		);
		if ( isset( $query['q'] ) ) {
			$told['q'] = $query['q'];
		}
		return $told;
	}
}
