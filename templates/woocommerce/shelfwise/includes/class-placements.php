<?php
/**
 * Where slates are shown by themselves.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Shows each placement once on a page, whichever of the hooks of themes and blocks comes first.
 *
 * Where the merchant has put the block or the shortcode into the page or its template, or taken it out there,
 * nothing is added.
 */
final class Placements {

	/**
	 * What the page has shown already.
	 *
	 * @var array<string, bool>
	 */
	private static $shown = array();

	/**
	 * Adds the hooks.
	 */
	public static function register() {
		// Between the product's tabs and the shop's own offers.
		add_action( 'woocommerce_after_single_product_summary', array( __CLASS__, 'after_product' ), 14 );
		add_action( 'woocommerce_after_shop_loop', array( __CLASS__, 'after_list' ), 20 );
		add_action( 'woocommerce_no_products_found', array( __CLASS__, 'after_nothing' ), 20 );
		add_action( 'woocommerce_after_cart', array( __CLASS__, 'after_cart' ), 20 );
		add_action( 'woocommerce_cart_is_empty', array( __CLASS__, 'after_cart' ), 20 );
		add_action( 'woocommerce_thankyou', array( __CLASS__, 'after_order' ), 20 );
		add_action( 'get_footer', array( __CLASS__, 'on_missing_page' ) );
		add_filter( 'render_block_woocommerce/cart', array( __CLASS__, 'with_cart' ), 20 );
		add_filter( 'render_block_core/query-no-results', array( __CLASS__, 'with_nothing' ), 20 );
		add_filter( 'render_block_woocommerce/product-collection-no-results', array( __CLASS__, 'with_nothing' ), 20 );
		add_filter( 'render_block_woocommerce/product-details', array( __CLASS__, 'with_product' ), 20 );
		add_filter( 'render_block_core/group', array( __CLASS__, 'with_missing_page' ), 20, 2 );
		foreach ( array( 'rest_api_init', 'admin_init', 'cli_init' ) as $editing ) {
			add_action( $editing, array( __CLASS__, 'hook_blocks' ) );
		}
	}

	/**
	 * Adds the Block Hooks, which let the Site Editor show the block in its place, to be changed, moved or taken out.
	 *
	 * Not on pages: with any such filter WordPress goes through every pattern and template of the theme, which costs
	 * a page ten milliseconds. There the slate is put in the same place as the page is rendered.
	 */
	public static function hook_blocks() {
		add_filter( 'hooked_block_types', array( __CLASS__, 'hooked' ), 10, 4 );
		add_filter( 'hooked_block_' . Block::NAME, array( __CLASS__, 'hooked_block' ), 10, 4 );
	}

	/**
	 * A slate, unless the page has shown that placement already.
	 *
	 * @param string               $placement Ours.
	 * @param array<string, mixed> $wanted    As `Slate_View::of_page` takes it.
	 * @return string
	 */
	public static function once( $placement, array $wanted = array() ) {
		if ( isset( self::$shown[ $placement ] ) || ! Page::is_page() || ! Link::is_live() ) {
			return '';
		}
		if ( ! Settings::placement( $placement )['on'] ) {
			return '';
		}
		self::$shown[ $placement ] = true;
		try {
			return Slate_View::of_page( $placement, $wanted );
		} catch ( \Throwable $error ) {
			// Another plugin's filter may throw. The page goes on without a slate.
			wc_get_logger()->error( 'No slate could be shown: ' . $error->getMessage(), array( 'source' => 'shelfwise' ) );
			return '';
		}
	}

	/**
	 * After a product's details.
	 */
	public static function after_product() {
		global $product;
		self::show( 'product', $product instanceof \WC_Product ? $product->get_id() : 0 );
	}

	/**
	 * After the products of the shop or a category.
	 */
	public static function after_list() {
		if ( ! is_search() && ( is_shop() || is_product_taxonomy() ) ) {
			self::show( 'collection' );
		}
	}

	/**
	 * Where nothing was found.
	 */
	public static function after_nothing() {
		self::show( 'search' );
	}

	/**
	 * After a cart, or an empty one.
	 */
	public static function after_cart() {
		self::show( 'cart' );
	}

	/**
	 * After an order.
	 *
	 * @param int $order The order's id.
	 */
	public static function after_order( $order ) {
		self::show( 'post_purchase', absint( $order ) );
	}

	/**
	 * Where there is no such page, in themes without blocks.
	 */
	public static function on_missing_page() {
		if ( is_404() ) {
			self::show( 'not_found' );
		}
	}

	/**
	 * After the cart's block, into which nothing can be put by PHP.
	 *
	 * @param string $html Of the block.
	 * @return string
	 */
	public static function with_cart( $html ) {
		return $html . self::added( 'cart' );
	}

	/**
	 * After the block that says that nothing was found. It is empty where something was.
	 *
	 * @param string $html Of the block.
	 * @return string
	 */
	public static function with_nothing( $html ) {
		$here = is_search() || is_shop() || is_product_taxonomy();
		return $here && '' !== trim( $html ) ? $html . self::added( 'search' ) : $html;
	}

	/**
	 * After the block of a product's details.
	 *
	 * @param string $html Of the block.
	 * @return string
	 */
	public static function with_product( $html ) {
		return $html . self::added( 'product', is_product() ? (int) get_queried_object_id() : 0 );
	}

	/**
	 * At the end of what a missing page says.
	 *
	 * @param string               $html  Of a group.
	 * @param array<string, mixed> $block The group.
	 * @return string
	 */
	public static function with_missing_page( $html, $block ) {
		$end = isset( $block['attrs']['tagName'] ) && 'main' === $block['attrs']['tagName'] && is_404() ? strrpos( $html, '</main>' ) : false;
		return false === $end ? $html : substr_replace( $html, self::added( 'not_found' ), $end, 0 );
	}

	/**
	 * Block Hooks: the block after a product's details, and at the end of what a missing page says.
	 *
	 * @param string[] $types    Blocks hooked there.
	 * @param string   $position Before, after, first or last child.
	 * @param string   $anchor   The block they are hooked to.
	 * @param mixed    $context  The template, part or pattern.
	 * @return string[]
	 */
	public static function hooked( $types, $position, $anchor, $context ) {
		$placement = self::hooked_placement( $position, $anchor, $context );
		if ( '' !== $placement && Link::is_linked() && Settings::placement( $placement )['on'] ) {
			$types[] = Block::NAME;
		}
		return $types;
	}

	/**
	 * The hooked block's attributes; null where it does not belong.
	 *
	 * @param array<string, mixed>|null $block    The hooked block.
	 * @param string                    $type     Its name.
	 * @param string                    $position Before, after, first or last child.
	 * @param array<string, mixed>      $anchor   The block it is hooked to.
	 * @return array<string, mixed>|null
	 */
	public static function hooked_block( $block, $type, $position, $anchor ) {
		$name = isset( $anchor['blockName'] ) ? $anchor['blockName'] : '';
		if ( ! is_array( $block ) || ! in_array( $name, array( 'core/group', 'woocommerce/product-details' ), true ) ) {
			return $block;
		}
		if ( 'core/group' === $name && ( ! isset( $anchor['attrs']['tagName'] ) || 'main' !== $anchor['attrs']['tagName'] ) ) {
			return null;
		}
		$block['attrs'] = array(
			'placement' => 'core/group' === $name ? 'not_found' : 'product',
			'align'     => 'wide',
		);
		return $block;
	}

	/**
	 * Which placement is hooked to a block; '' for none.
	 *
	 * @param string $position Before, after, first or last child.
	 * @param string $anchor   The block.
	 * @param mixed  $context  The template, part or pattern.
	 * @return string
	 */
	private static function hooked_placement( $position, $anchor, $context ) {
		if ( 'after' === $position && 'woocommerce/product-details' === $anchor ) {
			return 'product';
		}
		$missing = $context instanceof \WP_Block_Template && '404' === $context->slug;
		return $missing && 'last_child' === $position && 'core/group' === $anchor ? 'not_found' : '';
	}

	/**
	 * Print a placement.
	 *
	 * @param string $placement Ours.
	 * @param int    $about     The product or order it is about.
	 */
	private static function show( $placement, $about = 0 ) {
		echo self::added( $placement, $about ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- Escaped where it is made.
	}

	/**
	 * A placement, unless the merchant has placed the block by hand.
	 *
	 * @param string $placement Ours.
	 * @param int    $about     The product or order it is about.
	 * @return string
	 */
	private static function added( $placement, $about = 0 ) {
		return self::placed_by_hand() ? '' : self::once( $placement, array( 'about' => $about ) );
	}

	/**
	 * Whether the page or its template knows our block: it is there, or was taken out in the editor.
	 *
	 * @return bool
	 */
	private static function placed_by_hand() {
		global $_wp_current_template_content;
		$post  = get_queried_object();
		$texts = array(
			is_string( $_wp_current_template_content ) ? $_wp_current_template_content : '',
			$post instanceof \WP_Post ? (string) $post->post_content : '',
		);
		foreach ( $texts as $text ) {
			if ( false !== strpos( $text, Block::NAME ) || false !== strpos( $text, '[' . Block::SHORTCODE ) ) {
				return true;
			}
		}
		return false;
	}
}
