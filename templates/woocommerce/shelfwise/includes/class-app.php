<?php
/**
 * Talking to the app.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * Signed messages to the app, each bound in time.
 */
final class App {

	/**
	 * How long a request of now may take in all, in milliseconds; 0 while none is under way.
	 *
	 * @var int
	 */
	private static $budget_ms = 0;

	/**
	 * Sends a webhook of our own, signed as WooCommerce signs its own.
	 *
	 * @param string $topic     Such as "shelfwise.stock".
	 * @param string $body      JSON.
	 * @param int    $budget_ms How long it may take.
	 * @return array{status:int,body:string,error:string} Status 0 if nothing answered.
	 */
	public static function push( $topic, $body, $budget_ms ) {
		$headers = array(
			'Content-Type'           => 'application/json',
			'X-WC-Webhook-Topic'     => $topic,
			'X-WC-Webhook-ID'        => '0',
			'X-WC-Webhook-Source'    => trailingslashit( Link::home() ),
			'X-WC-Webhook-Signature' => self::sign( $body ),
		);
		return self::send( 'POST', '/webhooks/woocommerce/' . rawurlencode( Link::shop() ), $headers, $body, $budget_ms );
	}

	/**
	 * Asks the app about this shop, or tells it something about it.
	 *
	 * @param string $method    GET or POST.
	 * @param string $what      "state", "disconnect" or "moved".
	 * @param string $body      JSON, "" for none.
	 * @param int    $budget_ms How long it may take.
	 * @return array{status:int,body:string,error:string} Status 0 if nothing answered.
	 */
	public static function ask( $method, $what, $body, $budget_ms ) {
		$path    = '/woocommerce/shops/' . rawurlencode( Link::shop() ) . '/' . $what;
		$time    = (string) time();
		$headers = array(
			'Accept'                => 'application/json',
			'X-Shelfwise-Time'      => $time,
			'X-Shelfwise-Signature' => self::sign( $time . '.' . $path . '.' . $body ),
		);
		if ( '' !== $body ) {
			$headers['Content-Type'] = 'application/json';
		}
		return self::send( $method, $path, $headers, $body, $budget_ms );
	}

	/**
	 * The signature of a text, base64 of its HMAC-SHA256.
	 *
	 * @param string $text What is signed.
	 * @return string
	 */
	private static function sign( $text ) {
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode -- the form WooCommerce uses.
		return base64_encode( hash_hmac( 'sha256', $text, Link::secret(), true ) );
	}

	/**
	 * Sends a request to the app.
	 *
	 * WordPress rounds time limits below a second up to one, and a "non-blocking" request of its cURL transport still
	 * waits for the answer. So the limit is set on the handle itself, and the answer is read, which costs no more.
	 *
	 * @param string               $method    GET or POST.
	 * @param string               $path      With a slash at its start.
	 * @param array<string,string> $headers   The headers.
	 * @param string               $body      "" for none.
	 * @param int                  $budget_ms How long it may take.
	 * @return array{status:int,body:string,error:string}
	 */
	public static function send( $method, $path, $headers, $body, $budget_ms ) {
		self::$budget_ms = max( 1, $budget_ms );
		add_action( 'http_api_curl', array( __CLASS__, 'bound' ), 999 );
		add_action( 'requests-requests.before_request', array( __CLASS__, 'bound_connecting' ), 999, 5 );
		$answer = wp_remote_request(
			Link::api() . $path,
			array(
				'method'              => $method,
				'timeout'             => $budget_ms / 1000,
				'redirection'         => 0,
				'headers'             => $headers,
				'body'                => '' === $body ? null : $body,
				'cookies'             => array(),
				'limit_response_size' => 262144,
				'user-agent'          => 'Shelfwise/' . SHELFWISE_VERSION . ' WordPress/' . get_bloginfo( 'version' ),
			)
		);
		remove_action( 'http_api_curl', array( __CLASS__, 'bound' ), 999 );
		remove_action( 'requests-requests.before_request', array( __CLASS__, 'bound_connecting' ), 999 );
		self::$budget_ms = 0;
		if ( is_wp_error( $answer ) ) {
			return array(
				'status' => 0,
				'body'   => '',
				'error'  => $answer->get_error_message(),
			);
		}
		return array(
			'status' => (int) wp_remote_retrieve_response_code( $answer ),
			'body'   => (string) wp_remote_retrieve_body( $answer ),
			'error'  => '',
		);
	}

	/**
	 * Bounds a request in milliseconds, name look-up and connecting included.
	 *
	 * @param resource|\CurlHandle $handle The request.
	 */
	public static function bound( $handle ) {
		if ( self::$budget_ms < 1 ) {
			return;
		}
		// phpcs:disable WordPress.WP.AlternativeFunctions.curl_curl_setopt -- WordPress offers no other way to bound it.
		curl_setopt( $handle, CURLOPT_NOSIGNAL, 1 );
		curl_setopt( $handle, CURLOPT_TIMEOUT_MS, self::$budget_ms );
		curl_setopt( $handle, CURLOPT_CONNECTTIMEOUT_MS, self::$budget_ms );
		// phpcs:enable
	}

	/**
	 * Bounds connecting where PHP has no cURL: WordPress would wait ten seconds there.
	 *
	 * @param string               $url     Where to.
	 * @param array<string,string> $headers The headers.
	 * @param mixed                $data    The body.
	 * @param string               $type    The method.
	 * @param array<string,mixed>  $options How to send, which is changed in place.
	 */
	public static function bound_connecting( $url, $headers, $data, $type, &$options ) {
		if ( self::$budget_ms > 0 ) {
			$options['connect_timeout'] = self::$budget_ms / 1000;
		}
	}

	/**
	 * Lets the shopper's browser go on: what follows costs them nothing.
	 *
	 * @return bool Whether the answer is out; not so under servers that can't (mod_php).
	 */
	public static function let_go() {
		if ( 'cli' === PHP_SAPI || wp_doing_cron() ) {
			return true;
		}
		foreach ( array( 'fastcgi_finish_request', 'litespeed_finish_request' ) as $finish ) {
			if ( function_exists( $finish ) ) {
				$finish();
				return true;
			}
		}
		return false;
	}
}
