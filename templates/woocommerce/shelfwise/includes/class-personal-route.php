<?php
/**
 * A slate for one visitor who agreed.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * POST shelfwise/v1/slate: cards as the page shows them, made for the visitor whose token comes with the request.
 */
final class Personal_Route {

	const KINDS     = array( 'session', 'history', 'bought_before' );
	const BUDGET_MS = 800;
	// Requests in ten seconds, of all visitors together: the app and the shop are not to be worn out by a script.
	const MOST = 200;

	/**
	 * Adds the hook.
	 */
	public static function register() {
		add_action( 'rest_api_init', array( __CLASS__, 'announce' ) );
	}

	/**
	 * Tells WordPress of the route.
	 */
	public static function announce() {
		$ids = array(
			'type'     => 'array',
			'maxItems' => Page::MOST_SEEDS,
			'items'    => array(
				'type'    => 'integer',
				'minimum' => 1,
			),
			'default'  => array(),
		);
		register_rest_route(
			'shelfwise/v1',
			'/slate',
			array(
				'methods'             => 'POST',
				'callback'            => array( __CLASS__, 'answer' ),
				// Whatever it answers, anybody may see: products that the shop shows.
				'permission_callback' => '__return_true',
				'args'                => array(
					'visitor'   => array(
						'type'     => 'string',
						'pattern'  => '^[A-Za-z0-9_-]{8,64}$',
						'required' => true,
					),
					'placement' => array(
						'type'     => 'string',
						'enum'     => array( 'product', 'cart', 'home', 'collection', 'search', 'post_purchase' ),
						'required' => true,
					),
					'product'   => $ids,
					'cart'      => $ids,
					'count'     => array(
						'type'    => 'integer',
						'minimum' => 1,
						'maximum' => Settings::MOST,
						'default' => 4,
					),
				),
			)
		);
	}

	/**
	 * The personal slate, or 204 where it knows no more of the visitor than the page did.
	 *
	 * @param \WP_REST_Request $request With the visitor's token, and what the page is about.
	 * @return \WP_REST_Response
	 */
	public static function answer( \WP_REST_Request $request ) {
		$slate = self::within_bounds() ? Slate_Request::now( self::query( $request ), self::BUDGET_MS ) : null;
		$seeds = array_map( 'intval', array_merge( $request['product'], $request['cart'] ) );
		if ( null === $slate || ! self::knows_more( $slate['items'], $seeds ) ) {
			return self::fresh( null, 204 );
		}
		$cards = Cards::of( $slate['items'], $slate['slate'], (int) $request['count'], $seeds );
		return self::fresh(
			array(
				'slate'   => $slate['slate'],
				'html'    => $cards['html'],
				'count'   => $cards['count'],
				'heading' => Slate_View::heading( $request['placement'], $cards['kinds'] ),
			),
			200
		);
	}

	/**
	 * What to ask the app for.
	 *
	 * @param \WP_REST_Request $request As it was checked.
	 * @return array<string, mixed>
	 */
	private static function query( \WP_REST_Request $request ) {
		$query            = Page::query( 'home', (int) $request['count'] );
		$query['product'] = $request['product'];
		$query['cart']    = $request['cart'];
		$query['visitor'] = $request['visitor'];

		$query['placement'] = $request['placement'];
		return $query;
	}

	/**
	 * Whether a slate stems from anything but what the page shows to everybody.
	 *
	 * @param array<int, array<int, mixed>> $items Of the slate.
	 * @param int[]                         $seeds What the page is about.
	 * @return bool
	 */
	private static function knows_more( array $items, array $seeds ) {
		foreach ( $items as $item ) {
			if ( in_array( $item[2][0], self::KINDS, true ) && ! in_array( (int) $item[2][1], $seeds, true ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether to ask at all: connected, agreed to, the app answers, and not too often.
	 *
	 * @return bool
	 */
	private static function within_bounds() {
		if ( ! Link::is_live() || Breaker::state()['failures'] >= Breaker::FAILURES ) {
			return false;
		}
		if ( function_exists( 'wp_has_consent' ) && ! wp_has_consent( 'marketing' ) ) {
			return false;
		}
		$name  = 'shelfwise_personal_' . ( (int) ( time() / 10 ) % 6 );
		$asked = (int) get_transient( $name );
		set_transient( $name, $asked + 1, 20 );
		return $asked < self::MOST;
	}

	/**
	 * An answer that nobody keeps.
	 *
	 * @param array<string, mixed>|null $said   What it says.
	 * @param int                       $status Its status.
	 * @return \WP_REST_Response
	 */
	private static function fresh( $said, $status ) {
		$answer = new \WP_REST_Response( $said, $status );
		$answer->header( 'Cache-Control', 'no-store, private' );
		return $answer;
	}
}
