<?php
/**
 * What stands in for a web server's rules: files as they are, everything else to WordPress.
 */

$rig_path = (string) parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH );
$rig_core = $_SERVER['DOCUMENT_ROOT'];

if ( 0 === strpos( $rig_path, '/wp-content/' ) && false === strpos( $rig_path, '..' ) && '.php' !== substr( $rig_path, -4 ) ) {
	$rig_file = getenv( 'RIG_CONTENT' ) . substr( rawurldecode( $rig_path ), strlen( '/wp-content' ) );
	if ( is_file( $rig_file ) ) {
		$rig_types = array(
			'css'   => 'text/css',
			'js'    => 'text/javascript',
			'svg'   => 'image/svg+xml',
			'png'   => 'image/png',
			'jpg'   => 'image/jpeg',
			'webp'  => 'image/webp',
			'woff2' => 'font/woff2',
			'json'  => 'application/json',
		);
		$rig_kind  = strtolower( pathinfo( $rig_file, PATHINFO_EXTENSION ) );
		header( 'Content-Type: ' . ( isset( $rig_types[ $rig_kind ] ) ? $rig_types[ $rig_kind ] : 'application/octet-stream' ) );
		readfile( $rig_file );
		return true;
	}
}
if ( '/' !== $rig_path && is_file( $rig_core . $rig_path ) ) {
	return false;
}
if ( is_file( $rig_core . rtrim( $rig_path, '/' ) . '/index.php' ) && '/' !== $rig_path ) {
	return false;
}
$_SERVER['SCRIPT_NAME']     = '/index.php';
$_SERVER['PHP_SELF']        = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = $rig_core . '/index.php';
chdir( $rig_core );
require $rig_core . '/index.php';
