<?php
/**
 * Leaves nothing behind.
 *
 * @package Shelfwise
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

defined( 'SHELFWISE_VERSION' ) || define( 'SHELFWISE_VERSION', '0.1.0' );
defined( 'SHELFWISE_DIR' ) || define( 'SHELFWISE_DIR', __DIR__ );

require_once __DIR__ . '/includes/class-link.php';
require_once __DIR__ . '/includes/class-app.php';
require_once __DIR__ . '/includes/class-leavings.php';

Shelfwise\Leavings::take_away();
