<?php
/**
 * What a shopper may ask for.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Takes part in WordPress's export and erasure of personal data, and in the shop's privacy policy.
 */
final class Privacy {

	const AT_ONCE = 20;

	/**
	 * Adds the hooks.
	 */
	public static function register() {
		add_filter( 'wp_privacy_personal_data_exporters', array( __CLASS__, 'add_exporter' ) );
		add_filter( 'wp_privacy_personal_data_erasers', array( __CLASS__, 'add_eraser' ), 999 );
		add_action( 'admin_init', array( __CLASS__, 'suggest' ) );
	}

	/**
	 * Adds our exporter.
	 *
	 * @param array<string,array<string,mixed>> $exporters What there is.
	 * @return array<string,array<string,mixed>>
	 */
	public static function add_exporter( $exporters ) {
		$exporters['shelfwise'] = array(
			'exporter_friendly_name' => __( 'Shelfwise recommendations', 'shelfwise' ),
			'callback'               => array( __CLASS__, 'export' ),
		);
		return $exporters;
	}

	/**
	 * Adds our eraser, before all others: once WooCommerce's has made an order nobody's, we could not find it.
	 *
	 * @param array<string,array<string,mixed>> $erasers What there is.
	 * @return array<string,array<string,mixed>>
	 */
	public static function add_eraser( $erasers ) {
		$ours = array(
			'eraser_friendly_name' => __( 'Shelfwise recommendations', 'shelfwise' ),
			'callback'             => array( __CLASS__, 'erase' ),
		);
		return array_merge( array( 'shelfwise' => $ours ), $erasers );
	}

	/**
	 * What is kept of a person: the visitor's number on their orders, and which lines were bought from a slate.
	 *
	 * @param string $email Whose.
	 * @param int    $page  From 1.
	 * @return array{data:array<int,array<string,mixed>>,done:bool}
	 */
	public static function export( $email, $page = 1 ) {
		$orders = self::orders( $email, $page );
		$data   = array();
		foreach ( $orders as $order ) {
			$told    = array();
			$visitor = (string) $order->get_meta( Attribution::ORDER );
			if ( '' !== $visitor ) {
				$told[] = array(
					'name'  => __( 'Visitor number', 'shelfwise' ),
					'value' => $visitor,
				);
			}
			foreach ( $order->get_items() as $item ) {
				$from = (string) $item->get_meta( Attribution::LINE );
				if ( '' !== $from ) {
					$told[] = array(
						'name'  => __( 'Bought from a recommendation', 'shelfwise' ),
						'value' => $item->get_name() . ' (' . $from . ')',
					);
				}
			}
			if ( $told ) {
				$data[] = array(
					'group_id'    => 'shelfwise',
					'group_label' => __( 'Recommendations', 'shelfwise' ),
					'item_id'     => 'order-' . $order->get_id(),
					'data'        => $told,
				);
			}
		}
		return array(
			'data' => $data,
			'done' => count( $orders ) < self::AT_ONCE,
		);
	}

	/**
	 * Erases what export() tells, here and, for the visitor's number, at the app.
	 *
	 * @param string $email Whose.
	 * @param int    $page  From 1.
	 * @return array{items_removed:bool,items_retained:bool,messages:string[],done:bool}
	 */
	public static function erase( $email, $page = 1 ) {
		$orders   = self::orders( $email, $page );
		$removed  = false;
		$messages = array();
		foreach ( $orders as $order ) {
			$visitor = (string) $order->get_meta( Attribution::ORDER );
			if ( '' !== $visitor ) {
				if ( ! self::forget_at_app( $visitor ) ) {
					$messages[] = sprintf(
						/* translators: %s: the order's number. */
						__( 'Shelfwise did not answer: the visit of order %s is still kept there. Ask for the erasure again later.', 'shelfwise' ),
						$order->get_order_number()
					);
					continue;
				}
				$order->delete_meta_data( Attribution::ORDER );
				$order->save();
				$removed = true;
			}
			foreach ( $order->get_items() as $item ) {
				if ( '' !== (string) $item->get_meta( Attribution::LINE ) ) {
					$item->delete_meta_data( Attribution::LINE );
					$item->save();
					$removed = true;
				}
			}
		}
		return array(
			'items_removed'  => $removed,
			'items_retained' => (bool) $messages,
			'messages'       => $messages,
			'done'           => count( $orders ) < self::AT_ONCE,
		);
	}

	/**
	 * Proposes what to say in the shop's privacy policy.
	 */
	public static function suggest() {
		if ( ! function_exists( 'wp_add_privacy_policy_content' ) ) {
			return;
		}
		$text = array(
			__( 'Our shop shows recommendations by Shelfwise. Which products are shown on a page is decided from the page itself and from what our customers buy together.', 'shelfwise' ),
			__( 'Only if you agree to statistics or marketing, a random number is kept in your browser (shelfwise_visitor), and what you look at, search for and put into the cart is sent to Shelfwise under that number, so that recommendations can follow your visit. It is written on your order, so that we know which recommendations were useful. When you take your consent back, the number and what was kept under it are erased.', 'shelfwise' ),
			__( 'Shelfwise gets our orders: number, time, country, products, quantities, prices, and your customer number here. It gets no name, no e-mail address, no telephone number, no postal address and no payment data.', 'shelfwise' ),
		);
		wp_add_privacy_policy_content( 'Shelfwise', wp_kses_post( '<p>' . implode( '</p><p>', $text ) . '</p>' ) );
	}

	/**
	 * A page of a person's orders, oldest first, so that pages stay the same while some are changed.
	 *
	 * @param string $email Whose.
	 * @param int    $page  From 1.
	 * @return \WC_Order[]
	 */
	private static function orders( $email, $page ) {
		$user = get_user_by( 'email', $email );
		$who  = $user ? array( $user->user_email, (int) $user->ID ) : array( $email );
		if ( ! is_email( $email ) ) {
			return array();
		}
		return array_filter(
			wc_get_orders(
				array(
					'limit'    => self::AT_ONCE,
					'page'     => max( 1, (int) $page ),
					'customer' => $who,
					'orderby'  => 'ID',
					'order'    => 'ASC',
				)
			),
			static function ( $order ) {
				return $order instanceof \WC_Order;
			}
		);
	}

	/**
	 * Has the app erase what it keeps under a visitor's number.
	 *
	 * @param string $visitor The number.
	 * @return bool Whether it did; true where there is no app to ask.
	 */
	private static function forget_at_app( $visitor ) {
		if ( ! Link::is_live() || ! preg_match( '/^[A-Za-z0-9_-]{8,64}$/D', $visitor ) ) {
			return true;
		}
		$body   = array(
			'shop'    => Link::shop(),
			'visitor' => $visitor,
			'consent' => false,
			'events'  => array(),
		);
		$answer = App::send( 'POST', '/v1/events', array( 'Content-Type' => 'application/json' ), (string) wp_json_encode( $body ), 3000 );
		return ( $answer['status'] >= 200 && $answer['status'] < 300 ) || 404 === $answer['status'];
	}
}
