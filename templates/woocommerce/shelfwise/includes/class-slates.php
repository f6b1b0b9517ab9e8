<?php
/**
 * Slates, kept for a while.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * A page is given what is kept at once, however old; what has aged is asked for anew after the page was sent.
 */
final class Slates {

	const FRESH_SECONDS = 300;
	const KEPT_SECONDS  = DAY_IN_SECONDS;
	const LOCK_SECONDS  = 15;
	const EVENT         = 'shelfwise_refresh';
	// What there are very many of (carts, searches) shares this many places, so that nobody can fill the database.
	const PLACES     = 1024;
	const MOST_LATER = 4;
	const PREFIX     = 'shelfwise_slate_';

	/**
	 * What is asked for once the page was sent: key => query.
	 *
	 * @var array<string, array<string, mixed>>
	 */
	private static $later = array();

	/**
	 * Hooks what refreshes.
	 */
	public static function register() {
		add_action( self::EVENT, array( __CLASS__, 'refresh' ) );
	}

	/**
	 * The slate for a page, which never depends on who looks at it.
	 *
	 * @param array<string, mixed> $query What it is for.
	 * @return array<string, mixed>|null
	 */
	public static function of_page( array $query ) {
		$key  = self::key( $query );
		$kept = self::kept( $query, $key );
		if ( null !== $kept ) {
			if ( time() - $kept['at'] > self::FRESH_SECONDS ) {
				self::later( $key, $query );
			}
			return $kept;
		}
		if ( ! Slate_Request::may() ) {
			self::later( $key, $query );
			return null;
		}
		return self::first( $query, $key );
	}

	/**
	 * A slate that nothing is kept of. One page at a time asks for it.
	 *
	 * @param array<string, mixed> $query What it is for.
	 * @param string               $key   Of the slate.
	 * @return array<string, mixed>|null
	 */
	private static function first( array $query, $key ) {
		if ( ! Breaker::take( 'shelfwise_lock_' . $key, self::LOCK_SECONDS ) ) {
			// Another page asks just now. This one is shown without, and shouldn't be kept like that.
			defined( 'DONOTCACHEPAGE' ) || define( 'DONOTCACHEPAGE', true );
			return null;
		}
		$slate = Slate_Request::on_page( $query );
		delete_transient( 'shelfwise_lock_' . $key );
		if ( null === $slate ) {
			self::later( $key, $query );
			return null;
		}
		self::keep( $query, $key, $slate );
		return $slate;
	}

	/**
	 * Ask for a slate anew, and keep it. Runs where nobody waits.
	 *
	 * @param array<string, mixed> $query What it is for.
	 */
	public static function refresh( $query ) {
		if ( ! is_array( $query ) || ! Link::is_live() || ! Breaker::lets_ask_later() ) {
			return;
		}
		$slate = Slate_Request::now( $query, Slate_Request::LATER_MS );
		if ( null !== $slate ) {
			self::keep( $query, self::key( $query ), $slate );
		}
	}

	/**
	 * Once the page was sent: refresh what it showed of age. Where PHP can't go on after that, the site's cron does it.
	 */
	public static function after_page() {
		$later       = array_slice( self::$later, 0, self::MOST_LATER, true );
		self::$later = array();
		$state       = Breaker::state();
		if ( $state['failures'] >= Breaker::FAILURES && time() < $state['until'] ) {
			return;
		}
		$sent = App::let_go();
		$end  = microtime( true ) + Slate_Request::LATER_MS / 1000;
		foreach ( $later as $key => $query ) {
			if ( microtime( true ) > $end || ! Breaker::take( 'shelfwise_later_' . $key, self::LOCK_SECONDS ) ) {
				continue;
			}
			if ( $sent ) {
				self::refresh( $query );
			} else {
				wp_schedule_single_event( time(), self::EVENT, array( $query ) );
			}
		}
	}

	/**
	 * Note a slate to ask for after the page.
	 *
	 * @param string               $key   Of the slate.
	 * @param array<string, mixed> $query What it is for.
	 */
	private static function later( $key, array $query ) {
		if ( ! self::$later ) {
			add_action( 'shutdown', array( __CLASS__, 'after_page' ), 9999 );
		}
		self::$later[ $key ] = $query;
	}

	/**
	 * What is kept; null where nothing is, or where it is too old.
	 *
	 * @param array<string, mixed> $query What it is for.
	 * @param string               $key   Of the slate.
	 * @return array<string, mixed>|null
	 */
	private static function kept( array $query, $key ) {
		$place = self::place( $query, $key );
		self::prime( array( $place, Breaker::NAME ) );
		$kept = get_transient( $place );
		if ( ! is_array( $kept ) || ! isset( $kept['key'], $kept['at'], $kept['slate'], $kept['items'] ) ) {
			return null;
		}
		return $key === $kept['key'] && is_array( $kept['items'] ) ? $kept : null;
	}

	/**
	 * Reads several transients with one query instead of one each. An object cache needs no query.
	 *
	 * @param string[] $names Of the transients.
	 */
	private static function prime( array $names ) {
		if ( wp_using_ext_object_cache() ) {
			return;
		}
		$options = array();
		foreach ( $names as $name ) {
			array_push( $options, '_transient_timeout_' . $name, '_transient_' . $name );
		}
		wp_prime_option_caches( $options );
	}

	/**
	 * Keep a slate.
	 *
	 * @param array<string, mixed> $query What it is for.
	 * @param string               $key   Of the slate.
	 * @param array<string, mixed> $slate The app's answer.
	 */
	private static function keep( array $query, $key, array $slate ) {
		$kept = $slate + array(
			'key' => $key,
			'at'  => time(),
		);
		set_transient( self::place( $query, $key ), $kept, self::KEPT_SECONDS );
	}

	/**
	 * The key of a slate: another app, shop, language or currency is another slate.
	 *
	 * @param array<string, mixed> $query What it is for.
	 * @return string
	 */
	private static function key( array $query ) {
		return md5( Link::api() . '?' . Slate_Request::query_string( $query ) );
	}

	/**
	 * The name under which a slate is kept.
	 *
	 * @param array<string, mixed> $query What it is for.
	 * @param string               $key   Of the slate.
	 * @return string
	 */
	private static function place( array $query, $key ) {
		$few = in_array( $query['placement'], array( 'product', 'home' ), true ) && empty( $query['cart'] );
		if ( $few || wp_using_ext_object_cache() ) {
			return self::PREFIX . $key;
		}
		return self::PREFIX . $query['placement'] . '_' . ( hexdec( substr( $key, 0, 7 ) ) % self::PLACES );
	}
}
