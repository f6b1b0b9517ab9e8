<?php
/**
 * Makes the database of a new site: WordPress itself, the shop's plugin, its pages, products and keys.
 */

define( 'WP_INSTALLING', true );
$_SERVER['HTTP_HOST']       = '127.0.0.1';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REQUEST_METHOD']  = 'GET';
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter( 'pre_wp_mail', '__return_true' );
wp_install( 'Corner Shop', 'merchant', 'merchant@shop.example', true, '', 'made up for tests' );
update_option( 'permalink_structure', '/%postname%/' );
update_option( 'blogdescription', 'Made up for tests' );
update_option( 'active_plugins', array( 'woocommerce/woocommerce.php' ) );
update_option( 'template', 'twentytwentyfour' );
update_option( 'stylesheet', 'twentytwentyfour' );
echo "installed\n";
