<?php
/**
 * The tests' way in (a must-use plugin): runs a piece of PHP in this WordPress and answers its value as JSON.
 */

add_action(
	'wp_loaded',
	function () {
		if ( ! isset( $_SERVER['HTTP_X_RIG_USER'] ) || '127.0.0.1' !== $_SERVER['REMOTE_ADDR'] ) {
			return;
		}
		wp_set_current_user( (int) $_SERVER['HTTP_X_RIG_USER'] );
		$rig_value = eval( file_get_contents( 'php://input' ) ); // phpcs:ignore
		header( 'Content-Type: application/json' );
		echo wp_json_encode( array( 'value' => $rig_value ) );
		exit;
	},
	9999
);

// The tests sign in by a header of their own instead of WordPress's form, where they ask for a page as somebody.
add_filter(
	'determine_current_user',
	function ( $user ) {
		return isset( $_SERVER['HTTP_X_RIG_AS'] ) && '127.0.0.1' === $_SERVER['REMOTE_ADDR'] ? (int) $_SERVER['HTTP_X_RIG_AS'] : $user;
	},
	5
);

// WordPress would look for updates of itself.
remove_action( 'admin_init', '_maybe_update_core' );
remove_action( 'admin_init', '_maybe_update_plugins' );
remove_action( 'admin_init', '_maybe_update_themes' );
