<?php
/**
 * The block and the shortcode.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * What a merchant puts into a page by hand.
 */
final class Block {

	const NAME      = 'shelfwise/slate';
	const SHORTCODE = 'shelfwise';

	/**
	 * Adds the hooks.
	 */
	public static function register() {
		add_action( 'init', array( __CLASS__, 'announce' ), 20 );
		add_shortcode( self::SHORTCODE, array( __CLASS__, 'shortcode' ) );
	}

	/**
	 * Tells WordPress of the block.
	 */
	public static function announce() {
		register_block_type( SHELFWISE_DIR . '/blocks/slate', array( 'render_callback' => array( __CLASS__, 'render' ) ) );
		wp_set_script_translations( 'shelfwise-slate-editor-script', 'shelfwise', SHELFWISE_DIR . '/languages' );
	}

	/**
	 * The block on a page, or its preview in the editor.
	 *
	 * @param array<string, mixed> $attributes Of the block.
	 * @param string               $content    Within it: none.
	 * @param \WP_Block|null       $block      Itself.
	 * @return string
	 */
	public static function render( $attributes, $content = '', $block = null ) {
		$wanted = array(
			'heading' => isset( $attributes['heading'] ) ? sanitize_text_field( (string) $attributes['heading'] ) : '',
			'count'   => isset( $attributes['count'] ) ? (int) $attributes['count'] : 0,
			'layout'  => isset( $attributes['layout'] ) ? (string) $attributes['layout'] : 'row',
			'wrapper' => get_block_wrapper_attributes( array( 'class' => 'shelfwise' ) ),
		);
		$named  = isset( $attributes['placement'] ) ? (string) $attributes['placement'] : 'auto';
		if ( wp_is_serving_rest_request() ) {
			return current_user_can( 'edit_posts' ) ? Preview::of( $named, $wanted ) : '';
		}
		$placement = self::placement( $named );
		$context   = $block instanceof \WP_Block ? $block->context : array();
		if ( 'product' === $placement && isset( $context['postId'], $context['postType'] ) && 'product' === $context['postType'] ) {
			$wanted['about'] = (int) $context['postId'];
		}
		return Placements::once( $placement, $wanted );
	}

	/**
	 * `[shelfwise placement="home" count="4" heading="For the weekend" layout="grid" product="12"]`.
	 *
	 * @param array<string, string>|string $given Its attributes.
	 * @return string
	 */
	public static function shortcode( $given ) {
		$given  = shortcode_atts(
			array(
				'placement' => 'auto',
				'count'     => '0',
				'heading'   => '',
				'layout'    => 'row',
				'product'   => '0',
			),
			is_array( $given ) ? $given : array(),
			self::SHORTCODE
		);
		$wanted = array(
			'heading' => sanitize_text_field( $given['heading'] ),
			'count'   => absint( $given['count'] ),
			'layout'  => $given['layout'],
			'about'   => absint( $given['product'] ),
		);
		$named  = $wanted['about'] ? 'product' : self::placement( $given['placement'] );
		if ( 'product' !== $named ) {
			$wanted['about'] = 0;
		}
		return Placements::once( $named, $wanted );
	}

	/**
	 * The placement that was named, or the one that fits the page.
	 *
	 * @param string $named By the merchant.
	 * @return string
	 */
	private static function placement( $named ) {
		$named = sanitize_key( $named );
		return isset( Settings::DEFAULTS[ $named ] ) ? $named : Page::placement();
	}
}
