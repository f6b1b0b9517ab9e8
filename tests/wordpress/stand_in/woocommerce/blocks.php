<?php
/**
 * WooCommerce's blocks as far as pages need them, and the bridge from its block templates to the classic hooks.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

add_action(
	'init',
	function () {
		$renders = array(
			'cart'                                     => 'rig_wc_block_cart',
			'checkout'                                 => 'rig_wc_block_checkout',
			'product-details'                          => 'rig_wc_block_details',
			'product-collection'                       => 'rig_wc_block_inner',
			'product-template'                         => 'rig_wc_block_products',
			'product-price'                            => 'rig_wc_block_price',
			'product-image-gallery'                    => 'rig_wc_block_gallery',
			'add-to-cart-form'                         => 'rig_wc_block_form',
			'product-collection-no-results'            => 'rig_wc_block_none',
			'order-confirmation-status'                => 'rig_wc_block_status',
			'order-confirmation-additional-information' => 'rig_wc_block_thanks',
			'mini-cart'                                => 'rig_wc_block_mini',
		);
		foreach ( $renders as $name => $render ) {
			register_block_type(
				'woocommerce/' . $name,
				array(
					'api_version'     => 3,
					'attributes'      => array( 'query' => array( 'type' => 'object' ) ),
					'render_callback' => $render,
				)
			);
		}
	},
	9
);

/** React fills it in the browser; PHP can only stand before or after it. */
function rig_wc_block_cart( $attributes, $content ) {
	return '<div data-block-name="woocommerce/cart" class="wp-block-woocommerce-cart alignwide is-loading">' . $content . '</div>';
}
function rig_wc_block_checkout( $attributes, $content ) {
	if ( is_order_received_page() ) {
		// As observed in a classic theme with the checkout block: the classic page is shown inside the block.
		return rig_wc_checkout_page();
	}
	return '<div data-block-name="woocommerce/checkout" class="wp-block-woocommerce-checkout alignwide wc-block-checkout is-loading"></div>';
}
function rig_wc_block_details() {
	return '<div class="wp-block-woocommerce-product-details alignwide"><h2>Description</h2>' . wp_kses_post( wpautop( get_post_field( 'post_content', get_the_ID() ) ) ) . '</div>';
}
function rig_wc_block_inner( $attributes, $content ) {
	return '<div class="wp-block-woocommerce-product-collection alignwide">' . $content . '</div>';
}
function rig_wc_block_products() {
	global $wp_query;
	if ( ! $wp_query->have_posts() ) {
		return '';
	}
	ob_start();
	rig_wc_loop();
	$wp_query->rewind_posts();
	return '<div class="wc-block-product-template">' . ob_get_clean() . '</div>';
}
function rig_wc_block_none( $attributes, $content ) {
	global $wp_query;
	return $wp_query->have_posts() ? '' : '<div class="wc-block-product-collection-no-results"><p>No results found</p></div>';
}
function rig_wc_block_price() {
	$product = wc_get_product( get_the_ID() );
	return $product ? '<div class="wp-block-woocommerce-product-price">' . $product->get_price_html() . '</div>' : '';
}
function rig_wc_block_gallery() {
	$product = wc_get_product( get_the_ID() );
	return $product ? '<div class="wp-block-woocommerce-product-image-gallery">' . $product->get_image( 'woocommerce_single' ) . '</div>' : '';
}
function rig_wc_block_form() {
	$GLOBALS['product'] = wc_get_product( get_the_ID() );
	ob_start();
	if ( $GLOBALS['product'] ) {
		woocommerce_template_single_add_to_cart();
	}
	return '<div class="wp-block-woocommerce-add-to-cart-form">' . ob_get_clean() . '</div>';
}
function rig_wc_block_status() {
	return rig_wc_received_order() ? '<div class="wc-block-order-confirmation-status"><h1>Order received</h1></div>' : '';
}
function rig_wc_block_thanks() {
	$order = rig_wc_received_order();
	if ( ! $order ) {
		return '';
	}
	ob_start();
	do_action( 'woocommerce_thankyou_cod', $order->get_id() );
	do_action( 'woocommerce_thankyou', $order->get_id() );
	return '<div class="wc-block-order-confirmation-additional-information">' . ob_get_clean() . '</div>';
}
function rig_wc_block_mini() {
	return '<div data-block-name="woocommerce/mini-cart" class="wc-block-mini-cart"></div>';
}

/** Runs a classic hook without what WooCommerce itself hung on it: the blocks show that. */
function rig_wc_hook_buffer( $hook, array $own ) {
	foreach ( $own as $callback => $priority ) {
		remove_action( $hook, $callback, $priority );
	}
	ob_start();
	do_action( $hook );
	return ob_get_clean();
}

// WooCommerce's bridge: in its block templates the classic hooks fire before or after certain blocks.
add_filter(
	'render_block',
	function ( $content, $block ) {
		$name = $block['blockName'];
		if ( is_product() ) {
			if ( 'woocommerce/product-details' === $name ) {
				wc_setup_product_data( get_queried_object_id() );
				return rig_wc_hook_buffer( 'woocommerce_share', array() ) . $content . rig_wc_hook_buffer(
					'woocommerce_after_single_product_summary',
					array(
						'woocommerce_output_product_data_tabs' => 10,
						'woocommerce_output_related_products' => 20,
					)
				);
			}
			if ( 'core/group' === $name && isset( $block['attrs']['className'] ) && 'woocommerce product' === $block['attrs']['className'] ) {
				wc_setup_product_data( get_queried_object_id() );
				return $content . rig_wc_hook_buffer( 'woocommerce_after_single_product', array() ) . rig_wc_hook_buffer( 'woocommerce_sidebar', array() );
			}
			return $content;
		}
		if ( ! is_shop() && ! is_product_taxonomy() ) {
			return $content;
		}
		if ( 'woocommerce/product-template' === $name && $content ) {
			return rig_wc_hook_buffer( 'woocommerce_before_shop_loop', array() ) . $content . rig_wc_hook_buffer( 'woocommerce_after_shop_loop', array() );
		}
		if ( 'woocommerce/product-collection-no-results' === $name && $content ) {
			return rig_wc_hook_buffer( 'woocommerce_no_products_found', array( 'wc_no_products_found' => 10 ) ) . $content;
		}
		return $content;
	},
	10,
	2
);

// A search for products and the order's confirmation have templates of their own.
add_filter(
	'search_template_hierarchy',
	function ( $templates ) {
		return wp_is_block_theme() && is_post_type_archive( 'product' ) ? array_merge( array( 'product-search-results.php' ), $templates ) : $templates;
	}
);
add_filter(
	'page_template_hierarchy',
	function ( $templates ) {
		return wp_is_block_theme() && is_order_received_page() ? array_merge( array( 'order-confirmation.php' ), $templates ) : $templates;
	}
);
