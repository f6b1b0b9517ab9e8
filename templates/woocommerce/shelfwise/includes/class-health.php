<?php
/**
 * How the app is doing for this shop.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * What the app says of this shop, asked at most once a minute and never waited for longer than three seconds.
 */
final class Health {

	const KEPT      = 'shelfwise_health';
	const BUDGET_MS = 3000;

	/**
	 * The state as it was last told.
	 *
	 * @return array{error:string,at:int,steps:array<int,array<string,mixed>>,trouble:string[],reading:bool,
	 *               products:int,orders:int,trained_at:string,webhooks:array<string,mixed>}
	 */
	public static function state() {
		$kept = get_transient( self::KEPT );
		if ( is_array( $kept ) && isset( $kept['error'], $kept['at'], $kept['steps'] ) ) {
			return $kept;
		}
		$state   = self::asked();
		set_transient( self::KEPT, $state, self::seconds( $state ) );
		return $state;
	}

	/**
	 * How long what was told is good for: a moment while something is being read, so that its bar moves.
	 *
	 * @param array<string,mixed> $state As state() says.
	 * @return int
	 */
	private static function seconds( $state ) {
		if ( '' !== $state['error'] ) {
			return 15;
		}
		if ( in_array( 'doing', array_column( $state['steps'], 'state' ), true ) ) {
			return 4;
		}
		return $state['reading'] ? 20 : 60;
	}

	/**
	 * Forgets what was told, so that the next look asks anew.
	 */
	public static function forget() {
		delete_transient( self::KEPT );
	}

	/**
	 * Asks the app.
	 *
	 * @return array<string,mixed> As state() says.
	 */
	private static function asked() {
		$answer = App::ask( 'GET', 'state', '', self::BUDGET_MS );
		$told   = 200 === $answer['status'] ? json_decode( $answer['body'], true ) : null;
		$state  = self::read( is_array( $told ) ? $told : array() );
		if ( ! is_array( $told ) ) {
			$state['error'] = self::sentence( $answer );
		} elseif ( empty( $told['connected'] ) ) {
			$state['error'] = __( 'Shelfwise says that this shop is not connected any more. Connect it again.', 'shelfwise' );
		}
		return $state;
	}

	/**
	 * What an answer says, whatever it holds.
	 *
	 * @param array<string,mixed> $told The answer.
	 * @return array<string,mixed> As state() says.
	 */
	private static function read( $told ) {
		$steps = array();
		foreach ( array_slice( self::items( $told, 'steps' ), 0, 20 ) as $step ) {
			if ( is_array( $step ) ) {
				$steps[] = array(
					'name'     => self::text( $step, 'name' ),
					'sentence' => self::text( $step, 'sentence' ),
					'state'    => self::text( $step, 'state' ),
					'done'     => ! empty( $step['done'] ),
					'read'     => self::number( $step, 'read' ),
					'expected' => self::number( $step, 'expected' ),
				);
			}
		}
		$hooks = self::items( $told, 'webhooks' );
		return array(
			'error'      => '',
			'at'         => time(),
			'steps'      => $steps,
			'trouble'    => array_slice( array_filter( self::items( $told, 'trouble' ), 'is_string' ), 0, 20 ),
			'reading'    => (bool) array_intersect( array( 'doing', 'waiting' ), array_column( $steps, 'state' ) ),
			'products'   => self::number( $told, 'products' ),
			'orders'     => self::number( $told, 'orders' ),
			'trained_at' => self::text( $told, 'trained_at' ),
			'webhooks'   => array(
				'active' => self::number( $hooks, 'active' ),
				'of'     => self::number( $hooks, 'of' ),
				'last'   => self::text( $hooks, 'last_delivery_at' ),
			),
		);
	}

	/**
	 * A list or table in an answer, an empty one if there is none.
	 *
	 * @param array<string,mixed> $told The answer.
	 * @param string              $key  Its name.
	 * @return array<mixed>
	 */
	private static function items( $told, $key ) {
		return isset( $told[ $key ] ) && is_array( $told[ $key ] ) ? $told[ $key ] : array();
	}

	/**
	 * A text in an answer.
	 *
	 * @param array<string,mixed> $told The answer.
	 * @param string              $key  Its name.
	 * @return string
	 */
	private static function text( $told, $key ) {
		return isset( $told[ $key ] ) && is_string( $told[ $key ] ) ? mb_substr( $told[ $key ], 0, 500 ) : '';
	}

	/**
	 * A count in an answer.
	 *
	 * @param array<string,mixed> $told The answer.
	 * @param string              $key  Its name.
	 * @return int
	 */
	private static function number( $told, $key ) {
		return isset( $told[ $key ] ) && is_numeric( $told[ $key ] ) ? max( 0, (int) $told[ $key ] ) : 0;
	}

	/**
	 * What went wrong, and what to do.
	 *
	 * @param array{status:int,body:string,error:string} $answer The app's answer.
	 * @return string
	 */
	private static function sentence( $answer ) {
		if ( in_array( $answer['status'], array( 401, 403 ), true ) ) {
			return __( 'Shelfwise did not take this shop\'s signature. Check that the clock of your server is right; if it is, connect again.', 'shelfwise' );
		}
		if ( in_array( $answer['status'], array( 404, 410 ), true ) ) {
			return __( 'Shelfwise does not know this shop any more. Connect it again.', 'shelfwise' );
		}
		$what = $answer['status'] ? sprintf( 'HTTP %d', $answer['status'] ) : $answer['error'];
		/* translators: %s: a technical reason. */
		return sprintf( __( 'Shelfwise does not answer at the moment (%s). Your shop goes on without it; look again in some minutes.', 'shelfwise' ), $what );
	}
}
