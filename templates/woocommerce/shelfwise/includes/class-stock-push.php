<?php
/**
 * Telling the app at once when stock changes.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Collects whose stock changes during a request, and pushes their state when it ends.
 *
 * WooCommerce's webhooks come a minute late and are lost when they fail; this does not replace them, it is quicker.
 */
final class Stock_Push {

	const AGAIN      = 'shelfwise_push_again';
	const TOPIC      = 'shelfwise.stock';
	const AT_MOST    = 500;
	const PAUSE      = 30;
	const PATIENCE   = 2000;
	const IN_THE_WAY = 250;

	/**
	 * The ids that changed, as keys.
	 *
	 * @var array<int,true>
	 */
	private static $changed = array();

	/**
	 * When the first of them did, in seconds.
	 *
	 * @var float
	 */
	private static $since = 0.0;

	/**
	 * Adds the hooks.
	 */
	public static function register() {
		add_action( self::AGAIN, array( __CLASS__, 'send_again' ) );
		add_action( 'shelfwise_linked', array( __CLASS__, 'begin' ) );
		add_action( 'shelfwise_unlinked', array( __CLASS__, 'forget' ) );
		if ( ! Link::is_linked() ) {
			return;
		}
		foreach ( array( 'product', 'variation' ) as $kind ) {
			add_action( "woocommerce_{$kind}_set_stock", array( __CLASS__, 'note' ) );
			add_action( "woocommerce_{$kind}_set_stock_status", array( __CLASS__, 'note' ) );
		}
		add_action( 'woocommerce_product_object_updated_props', array( __CLASS__, 'note_props' ), 10, 2 );
		add_action( 'transition_post_status', array( __CLASS__, 'note_status' ), 10, 3 );
		add_action( 'before_delete_post', array( __CLASS__, 'note_leaving' ) );
		add_action( 'deleted_post', array( __CLASS__, 'note_gone' ), 10, 2 );
		// After everything that still prints or changes something.
		add_action( 'shutdown', array( __CLASS__, 'send' ), 1000 );
	}

	/**
	 * Notes a product or variation whose stock changed.
	 *
	 * @param \WC_Product|int $product The product, or its id.
	 */
	public static function note( $product ) {
		$id = $product instanceof \WC_Product ? $product->get_id() : ( is_numeric( $product ) ? (int) $product : 0 );
		if ( $id < 1 || ! Link::is_live() ) {
			return;
		}
		if ( ! self::$changed ) {
			self::$since = microtime( true );
		}
		self::$changed[ $id ] = true;
		$long_running         = 'cli' === PHP_SAPI || wp_doing_cron();
		// An import runs for minutes: what changed is told on the way, not at its end.
		if ( count( self::$changed ) >= self::AT_MOST || ( $long_running && microtime( true ) - self::$since > 1 ) ) {
			self::send();
		}
	}

	/**
	 * Notes a product whose way of counting stock changed, which changes what can be bought without changing the count.
	 *
	 * @param \WC_Product $product The product.
	 * @param string[]    $props   What was changed.
	 */
	public static function note_props( $product, $props ) {
		if ( is_array( $props ) && array_intersect( $props, array( 'manage_stock', 'backorders' ) ) ) {
			self::note( $product );
		}
	}

	/**
	 * Notes a product that shoppers no longer see, or see again.
	 *
	 * @param string   $to   New status.
	 * @param string   $from Old status.
	 * @param \WP_Post $post The post.
	 */
	public static function note_status( $to, $from, $post ) {
		if ( $to !== $from && ( 'publish' === $to || 'publish' === $from ) ) {
			self::note_whole( $post );
		}
	}

	/**
	 * Notes a product that is about to be deleted for ever, which no webhook tells, while its variations are known.
	 *
	 * @param int $id The post.
	 */
	public static function note_leaving( $id ) {
		self::note_whole( get_post( $id ) );
	}

	/**
	 * Notes a product that was deleted: a long run may have told already what it was before.
	 *
	 * @param int           $id   The post.
	 * @param \WP_Post|null $post As it was.
	 */
	public static function note_gone( $id, $post = null ) {
		self::note_whole( $post );
	}

	/**
	 * Notes a product with its variations, or a variation.
	 *
	 * @param \WP_Post|null $post The post.
	 */
	private static function note_whole( $post ) {
		if ( ! $post instanceof \WP_Post || ! in_array( $post->post_type, array( 'product', 'product_variation' ), true ) ) {
			return;
		}
		self::note( $post->ID );
		if ( 'product' !== $post->post_type || ! Link::is_live() ) {
			return;
		}
		$children = get_children(
			array(
				'post_parent' => $post->ID,
				'post_type'   => 'product_variation',
				'post_status' => 'any',
				'fields'      => 'ids',
				'numberposts' => self::AT_MOST,
			)
		);
		array_map( array( __CLASS__, 'note' ), $children );
	}

	/**
	 * Sends what was noted. Keeps it for later while the app is away.
	 */
	public static function send() {
		$ids           = array_keys( self::$changed );
		self::$changed = array();
		if ( ! $ids || ! Link::is_live() ) {
			return;
		}
		$state = Push_Journal::state();
		if ( $state['failures'] && time() - $state['failed_at'] < self::PAUSE ) {
			Push_Journal::keep( $ids );
			self::plan( $state['failures'] );
			return;
		}
		$budget = App::let_go() ? self::PATIENCE : self::IN_THE_WAY;
		if ( self::push( $ids, $budget ) && $state['waiting'] ) {
			self::plan( 0 );
		}
	}

	/**
	 * Sends what waits, as WP-Cron asks for it.
	 */
	public static function send_again() {
		$rows = Push_Journal::rows();
		if ( ! $rows || ! Link::is_live() ) {
			return;
		}
		$ids = array_values( array_unique( array_merge( ...array_values( $rows ) ) ) );
		foreach ( array_chunk( $ids, self::AT_MOST ) as $chunk ) {
			if ( ! self::push( $chunk, self::PATIENCE, false ) ) {
				return;
			}
		}
		Push_Journal::done( array_keys( $rows ) );
	}

	/**
	 * Begins anew with an app that was just linked: what failed before says nothing of it.
	 */
	public static function begin() {
		delete_option( Push_Journal::STATE );
		if ( Push_Journal::rows() ) {
			self::plan( 0 );
		}
	}

	/**
	 * Forgets what waits, once the shop is disconnected.
	 */
	public static function forget() {
		self::$changed = array();
		wp_clear_scheduled_hook( self::AGAIN );
		Push_Journal::forget();
	}

	/**
	 * Pushes the state of products.
	 *
	 * @param int[] $ids       At most 500.
	 * @param int   $budget_ms How long it may take.
	 * @param bool  $keep      Whether to keep the ids when it fails; not so where they are kept already.
	 * @return bool Whether it arrived.
	 */
	private static function push( $ids, $budget_ms, $keep = true ) {
		// The time is taken first: what is read later may be newer than it says, never older.
		$now     = microtime( true );
		$message = array(
			'sent_at' => gmdate( 'Y-m-d\TH:i:s', (int) $now ) . sprintf( '.%06dZ', (int) ( ( $now - floor( $now ) ) * 1000000 ) ),
			'items'   => Stock_State::of( $ids ),
		);
		$answer  = App::push( self::TOPIC, (string) wp_json_encode( $message ), $budget_ms );
		if ( $answer['status'] >= 200 && $answer['status'] < 300 ) {
			Push_Journal::arrived();
			return true;
		}
		$final = in_array( $answer['status'], array( 400, 401, 403, 404, 410, 413, 422 ), true );
		$error = $answer['status'] ? sprintf( 'HTTP %d', $answer['status'] ) : $answer['error'];
		Push_Journal::failed( $final || ! $keep ? array() : $ids, $error );
		if ( ! $final ) {
			self::plan( Push_Journal::state()['failures'] );
		}
		return false;
	}

	/**
	 * Plans to send what waits: at once while the app answers, else in a minute at first, a quarter of an hour at last.
	 *
	 * @param int $failures How often it failed in a row.
	 */
	private static function plan( $failures ) {
		if ( ! $failures ) {
			wp_clear_scheduled_hook( self::AGAIN );
		}
		if ( ! wp_next_scheduled( self::AGAIN ) ) {
			$seconds = $failures ? min( 900, 60 * ( 2 ** min( 4, $failures - 1 ) ) ) : 1;
			wp_schedule_single_event( time() + $seconds, self::AGAIN );
		}
	}
}
