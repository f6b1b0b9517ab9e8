<?php
/**
 * What could not be pushed yet.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * The ids whose stock changed while the app did not answer, and how the last pushes went.
 *
 * Each failed push is an option of its own, so that two requests at once never overwrite each other's. There are at most
 * 200: past that the app's own reconcile, which reads everything, is the quicker way.
 */
final class Push_Journal {

	const STATE = 'shelfwise_push';
	const ROW   = 'shelfwise_due_';
	const MOST  = 200;

	/**
	 * How the last pushes went.
	 *
	 * @return array{ok_at:int,failed_at:int,failures:int,error:string,waiting:bool} Unix times; 0 for never.
	 */
	public static function state() {
		$none = array(
			'ok_at'     => 0,
			'failed_at' => 0,
			'failures'  => 0,
			'error'     => '',
			'waiting'   => false,
		);
		$kept = get_option( self::STATE );
		return is_array( $kept ) ? array_merge( $none, array_intersect_key( $kept, $none ) ) : $none;
	}

	/**
	 * Notes that a push arrived. Writes at most once a minute while all is well.
	 */
	public static function arrived() {
		$state = self::state();
		if ( $state['failures'] || time() - $state['ok_at'] > 60 ) {
			$new = array(
				'ok_at'     => time(),
				'failed_at' => $state['failed_at'],
				'waiting'   => $state['waiting'],
			);
			update_option( self::STATE, $new, false );
		}
	}

	/**
	 * Notes that a push failed, and keeps its ids if sending them again may help.
	 *
	 * @param int[]  $ids   Whose stock it told.
	 * @param string $error What went wrong.
	 */
	public static function failed( $ids, $error ) {
		$state = self::state();
		$new   = array(
			'ok_at'     => $state['ok_at'],
			'failed_at' => time(),
			'failures'  => $state['failures'] + 1,
			'error'     => mb_substr( sanitize_text_field( $error ), 0, 200 ),
			'waiting'   => (bool) $ids || $state['waiting'],
		);
		update_option( self::STATE, $new, false );
		self::keep( $ids );
	}

	/**
	 * Keeps ids for a later push.
	 *
	 * @param int[] $ids Whose stock is to be told.
	 */
	public static function keep( $ids ) {
		if ( $ids && count( self::rows() ) < self::MOST ) {
			$name = self::ROW . str_replace( '.', '', uniqid( '', true ) );
			add_option( $name, implode( ',', $ids ), '', false );
		}
	}

	/**
	 * What waits: option name => ids.
	 *
	 * @return array<string,int[]>
	 */
	public static function rows() {
		global $wpdb;
		$like = $wpdb->esc_like( self::ROW ) . '%';
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- options by the start of their name can't be asked otherwise.
		$rows = $wpdb->get_results(
			$wpdb->prepare(
				"SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_name LIMIT %d",
				$like,
				self::MOST
			),
			ARRAY_A
		);
		$waiting = array();
		foreach ( (array) $rows as $row ) {
			$waiting[ $row['option_name'] ] = array_filter( array_map( 'intval', explode( ',', $row['option_value'] ) ) );
		}
		return $waiting;
	}

	/**
	 * Takes out what was sent.
	 *
	 * @param string[] $names The options.
	 */
	public static function done( $names ) {
		array_map( 'delete_option', $names );
		$state            = self::state();
		$state['waiting'] = (bool) self::rows();
		update_option( self::STATE, $state, false );
	}

	/**
	 * Forgets everything, as after a disconnect.
	 */
	public static function forget() {
		self::done( array_keys( self::rows() ) );
		delete_option( self::STATE );
	}
}
