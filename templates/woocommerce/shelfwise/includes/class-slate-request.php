<?php
/**
 * Asks the app for a slate, within a budget of time.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Of the app's answer only ids, positions and reasons are taken: what a card says is the shop's own.
 */
final class Slate_Request {

	/**
	 * Milliseconds that all slates of a page may wait for together; and those that nobody waits for.
	 */
	const PAGE_MS  = 300;
	const LEAST_MS = 20;
	const LATER_MS = 2000;
	const MOST     = 48;

	/**
	 * Milliseconds that this page has waited.
	 *
	 * @var int
	 */
	private static $waited = 0;

	/**
	 * Whether a page may ask while its shopper waits: there is time left, and the app has answered of late.
	 *
	 * @return bool
	 */
	public static function may() {
		// Without cURL nothing can be stopped within a second.
		return self::PAGE_MS - self::$waited >= self::LEAST_MS && function_exists( 'curl_exec' ) && Breaker::lets_pages_ask();
	}

	/**
	 * Asks with what is left of the page's time.
	 *
	 * @param array<string, mixed> $query What the slate is for.
	 * @return array<string, mixed>|null The slate; null where there is none.
	 */
	public static function on_page( array $query ) {
		$begun         = microtime( true );
		$slate         = self::now( $query, self::PAGE_MS - self::$waited );
		self::$waited += (int) ceil( 1000 * ( microtime( true ) - $begun ) );
		return $slate;
	}

	/**
	 * Asks, and tells the breaker how it went.
	 *
	 * @param array<string, mixed> $query     What the slate is for.
	 * @param int                  $budget_ms How long it may take.
	 * @return array<string, mixed>|null
	 */
	public static function now( array $query, $budget_ms ) {
		$path   = '/v1/slates?' . self::query_string( $query );
		$answer = App::send( 'GET', $path, array( 'Accept' => 'application/json' ), '', $budget_ms );
		$slate  = 200 === $answer['status'] ? self::read( $answer['body'] ) : null;
		if ( null === $slate ) {
			Breaker::failed();
		} else {
			Breaker::worked();
		}
		return $slate;
	}

	/**
	 * The parameters, those with several values repeated.
	 *
	 * @param array<string, mixed> $query Names and values.
	 * @return string
	 */
	public static function query_string( array $query ) {
		$parts = array();
		foreach ( $query as $name => $values ) {
			foreach ( (array) $values as $value ) {
				if ( '' !== (string) $value ) {
					$parts[] = $name . '=' . rawurlencode( (string) $value );
				}
			}
		}
		return implode( '&', $parts );
	}

	/**
	 * What is used of an answer.
	 *
	 * @param string $body JSON, or whatever came.
	 * @return array<string, mixed>|null The slate's id and its items: id, position, reason.
	 */
	private static function read( $body ) {
		$said = json_decode( $body, true, 16 );
		if ( ! is_array( $said ) || ! isset( $said['slate'], $said['items'] ) || ! is_array( $said['items'] ) ) {
			return null;
		}
		if ( ! is_string( $said['slate'] ) || ! preg_match( '/\A[0-9a-f]{32}\z/', $said['slate'] ) ) {
			return null;
		}
		$items    = array();
		$position = 0;
		foreach ( array_slice( $said['items'], 0, self::MOST ) as $item ) {
			++$position;
			$id = is_array( $item ) ? self::text( $item, 'product' ) : '';
			if ( preg_match( '/\A[1-9][0-9]{0,17}\z/', $id ) ) {
				$items[] = array( (int) $id, $position, self::reason( $item ) );
			}
		}
		return array(
			'slate' => $said['slate'],
			'items' => $items,
		);
	}

	/**
	 * Why a product is there: the kind of reason, and the product it stems from.
	 *
	 * @param array<string, mixed> $item Of the answer.
	 * @return array{0: string, 1: string}
	 */
	private static function reason( array $item ) {
		$reason = isset( $item['reason'] ) && is_array( $item['reason'] ) ? $item['reason'] : array();
		return array( sanitize_key( self::text( $reason, 'kind' ) ), self::text( $reason, 'because' ) );
	}

	/**
	 * A field as a text; '' for one that is missing or none.
	 *
	 * @param array<string, mixed> $from Where it is.
	 * @param string               $name Its name.
	 * @return string
	 */
	private static function text( array $from, $name ) {
		return isset( $from[ $name ] ) && is_scalar( $from[ $name ] ) ? (string) $from[ $name ] : '';
	}
}
