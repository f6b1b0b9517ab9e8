<?php
/**
 * The shop, a category, a search for products, in a classic theme: the hooks in WooCommerce's order.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

get_header( 'shop' );
do_action( 'woocommerce_before_main_content' );
do_action( 'woocommerce_shop_loop_header' );
echo '<header class="woocommerce-products-header"><h1 class="woocommerce-products-header__title page-title">' . esc_html( is_search() ? 'Search results' : wp_strip_all_tags( get_the_archive_title() ) ) . '</h1>';
do_action( 'woocommerce_archive_description' );
echo '</header>';
if ( have_posts() ) {
	do_action( 'woocommerce_before_shop_loop' );
	rig_wc_loop();
	do_action( 'woocommerce_after_shop_loop' );
} else {
	do_action( 'woocommerce_no_products_found' );
}
do_action( 'woocommerce_after_main_content' );
do_action( 'woocommerce_sidebar' );
get_footer( 'shop' );
