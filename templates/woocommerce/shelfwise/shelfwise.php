<?php
/**
 * Shelfwise: recommendations that never offer what is not on the shelf.
 *
 * @package Shelfwise
 *
 * @wordpress-plugin
 * Plugin Name:          Shelfwise for WooCommerce
 * Description:          Shows shoppers products they are likely to want, learnt from your shop's own orders, and never one that is sold out.
 * Version:              0.1.0
 * Requires at least:    6.5
 * Requires PHP:         7.4
 * Requires Plugins:     woocommerce
 * WC requires at least: 9.0
 * WC tested up to:      11.0
 * Author:               Shelfwise
 * License:              Apache-2.0
 * License URI:          https://www.apache.org/licenses/LICENSE-2.0
 * Text Domain:          shelfwise
 * Domain Path:          /languages
 */

defined( 'ABSPATH' ) || exit;

define( 'SHELFWISE_VERSION', '0.1.0' );
define( 'SHELFWISE_FILE', __FILE__ );
define( 'SHELFWISE_DIR', __DIR__ );

require_once __DIR__ . '/includes/class-plugin.php';

spl_autoload_register( array( 'Shelfwise\\Plugin', 'load' ) );
add_action( 'before_woocommerce_init', array( 'Shelfwise\\Plugin', 'declare_features' ) );
// WooCommerce is there, or it is not, once all plugins are loaded; without it nothing else happens.
add_action( 'plugins_loaded', array( 'Shelfwise\\Plugin', 'start' ) );

register_deactivation_hook( __FILE__, array( 'Shelfwise\\Plugin', 'stop' ) );
