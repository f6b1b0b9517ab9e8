<?php
/**
 * What the plugin would leave behind.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Takes everything away that is ours: options, transients, planned work, notes on orders, and the app's webhooks.
 */
final class Leavings {

	/**
	 * How many rows are deleted at once, and for how many seconds at most on one site.
	 */
	const AT_ONCE = 1000;
	const SECONDS = 60;

	/**
	 * Takes it away on every site of a network.
	 */
	public static function take_away() {
		if ( ! is_multisite() ) {
			self::of_this_site();
			return;
		}
		$sites = get_sites(
			array(
				'fields' => 'ids',
				'number' => 0,
			)
		);
		foreach ( $sites as $site ) {
			switch_to_blog( $site );
			self::of_this_site();
			restore_current_blog();
		}
	}

	/**
	 * Takes it away on the site of now.
	 */
	private static function of_this_site() {
		global $wpdb;
		// The app takes its webhooks out of the shop. A copy of the shop must not have it do so.
		if ( Link::is_live() ) {
			App::ask( 'POST', 'disconnect', '{}', 5000 );
		}
		wp_clear_scheduled_hook( 'shelfwise_push_again' );
		foreach ( array( 'shelfwise_', '_transient_shelfwise_', '_transient_timeout_shelfwise_' ) as $start ) {
			self::delete_options( $start );
		}
		if ( function_exists( 'wp_cache_supports' ) && wp_cache_supports( 'flush_group' ) ) {
			wp_cache_flush_group( 'shelfwise' );
		}
		delete_metadata( 'user', 0, 'shelfwise_notice_seen', '', true );
		$orders = array(
			array( $wpdb->prefix . 'wc_orders_meta', 'id', '_shelfwise_visitor' ),
			array( $wpdb->postmeta, 'meta_id', '_shelfwise_visitor' ),
			array( $wpdb->prefix . 'woocommerce_order_itemmeta', 'meta_id', '_shelfwise' ),
		);
		foreach ( $orders as $notes ) {
			self::delete_notes( $notes[0], $notes[1], $notes[2] );
		}
	}

	/**
	 * Deletes the options whose names begin with a text, through WordPress, so that its caches know.
	 *
	 * @param string $start How their names begin.
	 */
	private static function delete_options( $start ) {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- options by the start of their name can't be asked otherwise.
		$names = $wpdb->get_col(
			$wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $wpdb->esc_like( $start ) . '%' )
		);
		array_map( 'delete_option', $names );
	}

	/**
	 * Deletes our notes from a table, by its index on the key, in steps that lock it for a moment each.
	 *
	 * @param string $table  The table; one that is not there has none.
	 * @param string $column Its primary key.
	 * @param string $key    The note's key.
	 */
	private static function delete_notes( $table, $column, $key ) {
		global $wpdb;
		$until = microtime( true ) + self::SECONDS;
		// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- names of tables and columns are ours.
		if ( $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $table ) ) ) !== $table ) {
			return;
		}
		do {
			$ids = $wpdb->get_col( $wpdb->prepare( "SELECT $column FROM $table WHERE meta_key = %s LIMIT %d", $key, self::AT_ONCE ) );
			if ( $ids ) {
				$wpdb->query( "DELETE FROM $table WHERE $column IN (" . implode( ',', array_map( 'intval', $ids ) ) . ')' );
			}
		} while ( count( $ids ) === self::AT_ONCE && microtime( true ) < $until );
		// phpcs:enable
	}
}
