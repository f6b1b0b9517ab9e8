<?php
/**
 * Which page this is, and what WooCommerce shows on it in classic themes and by its shortcodes.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

function wc_get_page_id( $page ) {
	$id = (int) apply_filters( 'woocommerce_get_' . $page . '_page_id', get_option( 'woocommerce_' . $page . '_page_id' ) );
	return $id ? $id : -1;
}
function wc_get_page_permalink( $page, $fallback = null ) {
	$id = wc_get_page_id( $page );
	return 0 < $id ? get_permalink( $id ) : get_home_url();
}
function wc_get_cart_url() {
	return wc_get_page_permalink( 'cart' );
}
function wc_get_checkout_url() {
	return wc_get_page_permalink( 'checkout' );
}
function is_shop() {
	return is_post_type_archive( 'product' ) || is_page( wc_get_page_id( 'shop' ) );
}
function is_product_taxonomy() {
	return is_tax( get_object_taxonomies( 'product' ) );
}
function is_product_category( $term = '' ) {
	return is_tax( 'product_cat', $term );
}
function is_product_tag( $term = '' ) {
	return is_tax( 'product_tag', $term );
}
function is_product() {
	return is_singular( array( 'product' ) );
}
function is_cart() {
	return is_page( wc_get_page_id( 'cart' ) );
}
function is_checkout() {
	return is_page( wc_get_page_id( 'checkout' ) );
}
function is_order_received_page() {
	global $wp;
	return is_page( wc_get_page_id( 'checkout' ) ) && isset( $wp->query_vars['order-received'] );
}
function is_wc_endpoint_url( $endpoint = false ) {
	global $wp;
	return isset( $wp->query_vars[ $endpoint ? $endpoint : 'order-received' ] );
}
function is_account_page() {
	return is_page( wc_get_page_id( 'myaccount' ) );
}
function is_woocommerce() {
	return is_shop() || is_product_taxonomy() || is_product();
}
function wc_current_theme_is_fse_theme() {
	return wp_is_block_theme();
}

add_action(
	'after_setup_theme',
	function () {
		// WooCommerce does this for WordPress's own themes.
		add_theme_support( 'woocommerce' );
	}
);

add_action(
	'wp_head',
	function () {
		// The little of WooCommerce's own style without which pictures would stand out of a phone's page.
		echo '<style>.woocommerce img{height:auto;max-width:100%}</style>';
	}
);

add_filter(
	'template_include',
	function ( $template ) {
		if ( wp_is_block_theme() || is_embed() || ! is_woocommerce() ) {
			return $template;
		}
		return __DIR__ . '/templates/' . ( is_product() ? 'single-product.php' : 'archive-product.php' );
	}
);

add_action(
	'woocommerce_before_main_content',
	function () {
		echo '<main id="main" class="site-main"><div class="alignwide woocommerce">';
	}
);
add_action(
	'woocommerce_after_main_content',
	function () {
		echo '</div></main>';
	}
);

function woocommerce_output_product_data_tabs() {
	echo '<div class="woocommerce-tabs">' . wp_kses_post( wpautop( get_the_content() ) ) . '</div>';
}
function woocommerce_output_related_products() {
	echo '<section class="related products"><h2>Related products</h2></section>';
}
function woocommerce_template_single_title() {
	the_title( '<h1 class="product_title entry-title">', '</h1>' );
}
function woocommerce_template_single_price() {
	global $product;
	echo '<p class="price">' . $product->get_price_html() . '</p>';
}
function woocommerce_template_single_add_to_cart() {
	global $product;
	do_action( 'woocommerce_before_add_to_cart_form' );
	echo '<form class="cart" method="post"><button type="submit" name="add-to-cart" value="' . (int) $product->get_id() . '" class="single_add_to_cart_button button alt">'
		. esc_html( $product->single_add_to_cart_text() ) . '</button></form>';
	do_action( 'woocommerce_after_add_to_cart_form' );
}
function woocommerce_show_product_images() {
	global $product;
	echo '<div class="woocommerce-product-gallery">' . $product->get_image( 'woocommerce_single' ) . '</div>';
}
function woocommerce_upsell_display() {
}
function woocommerce_cross_sell_display() {
}
function wc_no_products_found() {
	echo '<div class="woocommerce-no-products-found"><p class="woocommerce-info">No products were found matching your selection.</p></div>';
}
add_action( 'woocommerce_before_single_product_summary', 'woocommerce_show_product_images', 20 );
add_action( 'woocommerce_single_product_summary', 'woocommerce_template_single_title', 5 );
add_action( 'woocommerce_single_product_summary', 'woocommerce_template_single_price', 10 );
add_action( 'woocommerce_single_product_summary', 'woocommerce_template_single_add_to_cart', 30 );
add_action( 'woocommerce_after_single_product_summary', 'woocommerce_output_product_data_tabs', 10 );
add_action( 'woocommerce_after_single_product_summary', 'woocommerce_upsell_display', 15 );
add_action( 'woocommerce_after_single_product_summary', 'woocommerce_output_related_products', 20 );
add_action( 'woocommerce_cart_collaterals', 'woocommerce_cross_sell_display' );
add_action( 'woocommerce_no_products_found', 'wc_no_products_found' );

function rig_wc_loop() {
	echo '<ul class="products columns-4">';
	while ( have_posts() ) {
		the_post();
		global $product;
		if ( ! $product || ! $product->is_visible() ) {
			continue;
		}
		do_action( 'woocommerce_shop_loop' );
		echo '<li class="product">';
		do_action( 'woocommerce_before_shop_loop_item' );
		echo '<a class="woocommerce-LoopProduct-link" href="' . esc_url( $product->get_permalink() ) . '">';
		do_action( 'woocommerce_before_shop_loop_item_title' );
		echo $product->get_image() . '<h2 class="woocommerce-loop-product__title">' . esc_html( get_the_title() ) . '</h2>';
		do_action( 'woocommerce_after_shop_loop_item_title' );
		echo '<span class="price">' . $product->get_price_html() . '</span></a>';
		do_action( 'woocommerce_after_shop_loop_item' );
		echo '</li>';
	}
	echo '</ul>';
}

add_action(
	'init',
	function () {
		add_shortcode( 'woocommerce_cart', 'rig_wc_cart_page' );
		add_shortcode( 'woocommerce_checkout', 'rig_wc_checkout_page' );
	}
);

function rig_wc_cart_page() {
	if ( null === WC()->cart ) {
		return '';
	}
	ob_start();
	echo '<div class="woocommerce">';
	if ( WC()->cart->is_empty() ) {
		do_action( 'woocommerce_cart_is_empty' );
		echo '<p class="return-to-shop"><a class="button wc-backward" href="' . esc_url( wc_get_page_permalink( 'shop' ) ) . '">Return to shop</a></p>';
	} else {
		do_action( 'woocommerce_before_cart' );
		echo '<form class="woocommerce-cart-form">';
		do_action( 'woocommerce_before_cart_table' );
		echo '<table class="shop_table cart">';
		do_action( 'woocommerce_before_cart_contents' );
		foreach ( WC()->cart->get_cart() as $values ) {
			echo '<tr><td>' . esc_html( $values['data']->get_name() ) . '</td><td>' . (int) $values['quantity'] . '</td></tr>';
		}
		do_action( 'woocommerce_after_cart_contents' );
		echo '</table>';
		do_action( 'woocommerce_after_cart_table' );
		echo '</form>';
		do_action( 'woocommerce_before_cart_collaterals' );
		echo '<div class="cart-collaterals">';
		do_action( 'woocommerce_cart_collaterals' );
		echo '</div>';
		do_action( 'woocommerce_after_cart' );
	}
	echo '</div>';
	return ob_get_clean();
}

function rig_wc_thankyou( $order ) {
	echo '<div class="woocommerce-order">';
	if ( $order ) {
		do_action( 'woocommerce_before_thankyou', $order->get_id() );
		echo '<p class="woocommerce-thankyou-order-received">Thank you. Your order has been received.</p>';
		do_action( 'woocommerce_thankyou_cod', $order->get_id() );
		do_action( 'woocommerce_thankyou', $order->get_id() );
	} else {
		echo '<p class="woocommerce-thankyou-order-received">Thank you.</p>';
	}
	echo '</div>';
}

function rig_wc_received_order() {
	global $wp;
	$order = wc_get_order( isset( $wp->query_vars['order-received'] ) ? absint( $wp->query_vars['order-received'] ) : 0 );
	$key   = isset( $_GET['key'] ) ? sanitize_text_field( wp_unslash( $_GET['key'] ) ) : '';
	return $order && hash_equals( $order->get_order_key(), $key ) ? $order : false;
}

function rig_wc_checkout_page() {
	ob_start();
	echo '<div class="woocommerce">';
	if ( is_order_received_page() ) {
		rig_wc_thankyou( rig_wc_received_order() );
	} else {
		do_action( 'woocommerce_before_checkout_form', WC()->checkout() );
		echo '<form name="checkout" class="checkout woocommerce-checkout">';
		do_action( 'woocommerce_checkout_before_order_review' );
		echo '<button type="submit">Place order</button></form>';
		do_action( 'woocommerce_after_checkout_form', WC()->checkout() );
	}
	echo '</div>';
	return ob_get_clean();
}

// Requests of the old kind: `?wc-ajax=name`.
add_action(
	'template_redirect',
	function () {
		$name = isset( $_GET['wc-ajax'] ) ? sanitize_text_field( wp_unslash( $_GET['wc-ajax'] ) ) : '';
		if ( $name ) {
			do_action( 'wc_ajax_' . sanitize_text_field( $name ) );
			wp_die( '', '', array( 'response' => 200 ) );
		}
	},
	0
);
