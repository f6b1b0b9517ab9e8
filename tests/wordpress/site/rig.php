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

if ( isset( $_SERVER['HTTP_X_RIG_AS'] ) && '127.0.0.1' === $_SERVER['REMOTE_ADDR'] ) {
	/** The screens of wp-admin ask again, by a cookie. */
	function wp_validate_auth_cookie( $cookie = '', $scheme = '' ) {
		return (int) $_SERVER['HTTP_X_RIG_AS'];
	}
}

// WordPress would ask its makers for updates and news.
add_filter(
	'pre_http_request',
	function ( $answer, $args, $url ) {
		return false === strpos( $url, '.wordpress.org/' ) ? $answer : array(
			'headers'  => array(),
			'body'     => '{"themes":[],"plugins":[],"translations":[],"no_update":[],"offers":[],"response":"upgrade"}',
			'response' => array(
				'code'    => 200,
				'message' => 'OK',
			),
			'cookies'  => array(),
			'filename' => null,
		);
	},
	10,
	3
);
