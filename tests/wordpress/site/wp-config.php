<?php
/**
 * A WordPress of the tests: its code is shared, its content and its database belong to one test run.
 */

$rig_content = getenv( 'RIG_CONTENT' );

define( 'CONCATENATE_SCRIPTS', false );
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', '' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', '' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'DB_DIR', $rig_content . '/database/' );
define( 'DB_FILE', 'site.sqlite' );
foreach ( array( 'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT' ) as $rig_name ) {
	define( $rig_name, 'made up for tests: ' . $rig_name );
}
$table_prefix = 'wp_';

define( 'WP_CONTENT_DIR', $rig_content );
define( 'WP_HOME', getenv( 'RIG_HOME' ) );
define( 'WP_SITEURL', getenv( 'RIG_HOME' ) );
define( 'WP_CONTENT_URL', WP_HOME . '/wp-content' );
define( 'WP_DEBUG', ! getenv( 'RIG_QUIET' ) );
define( 'WP_DEBUG_LOG', $rig_content . '/debug.log' );
define( 'WP_DEBUG_DISPLAY', false );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1,localhost' );

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
