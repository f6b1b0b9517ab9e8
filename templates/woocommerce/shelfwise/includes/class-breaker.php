<?php
/**
 * Keeps a shop from waiting for an app that doesn't answer.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * After three failures in a row no page asks for thirty seconds; then one request, made after a page was sent, tries.
 */
final class Breaker {

	const NAME     = 'shelfwise_breaker';
	const FAILURES = 3;
	const SECONDS  = 30;
	// A site where nothing runs after its pages: from here on a page itself tries again.
	const LONG_SECONDS = 180;

	/**
	 * Whether a page may ask while its shopper waits.
	 *
	 * @return bool
	 */
	public static function lets_pages_ask() {
		$state = self::state();
		if ( $state['failures'] < self::FAILURES ) {
			return true;
		}
		return time() > $state['until'] + self::LONG_SECONDS && self::take( 'shelfwise_probe', self::SECONDS );
	}

	/**
	 * Whether to ask after a page was sent.
	 *
	 * @return bool
	 */
	public static function lets_ask_later() {
		$state = self::state();
		return $state['failures'] < self::FAILURES
			|| ( time() >= $state['until'] && self::take( 'shelfwise_probe', self::SECONDS ) );
	}

	/**
	 * The app answered.
	 */
	public static function worked() {
		if ( self::state()['failures'] ) {
			delete_transient( self::NAME );
			delete_transient( 'shelfwise_probe' );
		}
	}

	/**
	 * The app did not answer, or not in time, or nonsense.
	 */
	public static function failed() {
		$failures = min( self::FAILURES, self::state()['failures'] + 1 );
		$state    = array(
			'failures' => $failures,
			'until'    => time() + self::SECONDS,
		);
		set_transient( self::NAME, $state, HOUR_IN_SECONDS );
		delete_transient( 'shelfwise_probe' );
	}

	/**
	 * The number of failures in a row, and until when nothing is asked.
	 *
	 * @return array{failures: int, until: int}
	 */
	public static function state() {
		$state = get_transient( self::NAME );
		return array(
			'failures' => is_array( $state ) && isset( $state['failures'] ) ? (int) $state['failures'] : 0,
			'until'    => is_array( $state ) && isset( $state['until'] ) ? (int) $state['until'] : 0,
		);
	}

	/**
	 * Take something that one process at a time may hold. Without a lasting object cache two may, within a millisecond.
	 *
	 * @param string $name    What to take.
	 * @param int    $seconds For how long.
	 * @return bool
	 */
	public static function take( $name, $seconds ) {
		if ( wp_using_ext_object_cache() ) {
			return wp_cache_add( $name, 1, 'transient', $seconds );
		}
		if ( false !== get_transient( $name ) ) {
			return false;
		}
		return set_transient( $name, 1, $seconds );
	}
}
