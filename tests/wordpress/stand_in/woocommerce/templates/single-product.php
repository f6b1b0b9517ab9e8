<?php
/**
 * A product's page in a classic theme: the hooks in WooCommerce's order.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

get_header( 'shop' );
do_action( 'woocommerce_before_main_content' );
while ( have_posts() ) {
	the_post();
	do_action( 'woocommerce_before_single_product' );
	echo '<div id="product-' . (int) get_the_ID() . '" class="product">';
	do_action( 'woocommerce_before_single_product_summary' );
	echo '<div class="summary entry-summary">';
	do_action( 'woocommerce_single_product_summary' );
	echo '</div>';
	do_action( 'woocommerce_after_single_product_summary' );
	echo '</div>';
	do_action( 'woocommerce_after_single_product' );
}
do_action( 'woocommerce_after_main_content' );
do_action( 'woocommerce_sidebar' );
get_footer( 'shop' );
