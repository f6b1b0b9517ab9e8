<?php
/**
 * What the settings page shows.
 *
 * @package Shelfwise
 */

namespace Shelfwise;

defined( 'ABSPATH' ) || exit;

/**
 * The page's parts.
 */
final class Settings_View {

	/**
	 * Where a slate is on each page: the height at which it is drawn in the picture, out of 60.
	 */
	const PICTURES = array(
		'product'       => 40,
		'collection'    => 44,
		'cart'          => 36,
		'post_purchase' => 34,
		'search'        => 26,
		'not_found'     => 26,
		'home'          => 22,
	);

	/**
	 * Before connecting: what it does, and the button.
	 */
	public static function welcome() {
		$api = Settings_Actions::api();
		echo '<div class="shelfwise-card shelfwise-welcome"><div>' . wp_kses( self::picture( 40, 160 ), self::svg() ) . '</div><div>';
		echo '<h2>' . esc_html__( 'Products your shoppers are likely to want, and that you have', 'shelfwise' ) . '</h2><ol>';
		$steps = array(
			__( 'Connect: Shelfwise asks your shop for a key, which you approve.', 'shelfwise' ),
			__( 'It reads products, stock and orders. It never asks for names, e-mail addresses or postal addresses.', 'shelfwise' ),
			__( 'Slates appear on the pages you choose, and what sells out disappears from them at once.', 'shelfwise' ),
		);
		foreach ( $steps as $step ) {
			echo '<li>' . esc_html( $step ) . '</li>';
		}
		printf( '</ol><form method="post" action="%s">', esc_url( admin_url( 'admin-post.php' ) ) );
		Settings_Actions::fields( 'connect' );
		if ( '' === $api || '' === Link::offered_api() ) {
			printf(
				'<p><label for="shelfwise-api">%s</label><br><input type="url" class="regular-text" id="shelfwise-api" name="api" required placeholder="https://" value="%s"></p>',
				esc_html__( 'Address of Shelfwise', 'shelfwise' ),
				esc_attr( $api )
			);
		}
		printf( '<p><button type="submit" class="button button-primary button-hero">%s</button></p></form>', esc_html__( 'Connect', 'shelfwise' ) );
		if ( '' !== $api ) {
			/* translators: %s: an internet address. */
			echo '<p class="description">' . esc_html( sprintf( __( 'You will go to %s and come back here.', 'shelfwise' ), (string) wp_parse_url( $api, PHP_URL_HOST ) ) ) . '</p>';
		}
		echo '</div></div>';
	}

	/**
	 * A copy of a connected shop, or one that moved.
	 */
	public static function copy() {
		echo '<div class="shelfwise-card"><h2>' . esc_html__( 'This looks like a copy of your shop', 'shelfwise' ) . '</h2><p>';
		echo esc_html(
			sprintf(
				/* translators: 1, 2: internet addresses. */
				__( 'Shelfwise is connected with %1$s, and this is %2$s. So that a copy never changes the figures of the shop itself, nothing is sent from here and no slates are shown.', 'shelfwise' ),
				Link::get()['home'],
				Link::home()
			)
		);
		echo '</p><p>' . esc_html__( 'Is it a staging site? Then all is well. Has the shop moved here? Then tell Shelfwise.', 'shelfwise' ) . '</p><div class="shelfwise-row">';
		Settings_Actions::button( 'moved', __( 'The shop has moved here', 'shelfwise' ), 'button button-primary' );
		Settings_Actions::button( 'connect', __( 'Connect this site as a shop of its own', 'shelfwise' ) );
		Settings_Actions::button( 'disconnect', __( 'Forget the connection here', 'shelfwise' ) );
		echo '</div></div>';
	}

	/**
	 * How it is going.
	 */
	public static function health() {
		$state = Health::state();
		$well  = '' === $state['error'] && ! $state['trouble'];
		printf( '<div class="shelfwise-card" data-reading="%d"><h2>', $state['reading'] || '' !== $state['error'] ? 1 : 0 );
		printf( '<span class="shelfwise-light shelfwise-%s" aria-hidden="true"></span> ', $well ? 'good' : 'bad' );
		/* translators: %s: an internet address. */
		echo esc_html( sprintf( __( 'Connected with %s', 'shelfwise' ), (string) wp_parse_url( Link::api(), PHP_URL_HOST ) ) ) . '</h2>';
		foreach ( array_filter( array_merge( array( $state['error'] ), $state['trouble'] ) ) as $sentence ) {
			echo '<p class="shelfwise-trouble" role="status">' . esc_html( $sentence ) . '</p>';
		}
		self::steps( $state['steps'] );
		self::figures( $state );
		if ( ! $well ) {
			echo '<div class="shelfwise-row">';
			Settings_Actions::button( 'connect', __( 'Connect again', 'shelfwise' ), 'button button-primary' );
			echo '</div>';
		}
		echo '</div>';
	}

	/**
	 * The steps from connecting to slates, with bars.
	 *
	 * @param array<int,array<string,mixed>> $steps As Health::state() says.
	 */
	private static function steps( $steps ) {
		echo $steps ? '<ul class="shelfwise-steps">' : '';
		foreach ( $steps as $step ) {
			$share = $step['done'] ? 100 : ( $step['expected'] ? min( 99, (int) floor( 100 * $step['read'] / $step['expected'] ) ) : 0 );
			printf(
				'<li><span>%s</span> <progress max="100" value="%d" aria-label="%s"></progress> <span class="description">%s</span></li>',
				esc_html( $step['name'] ),
				(int) $share,
				esc_attr( $step['name'] ),
				esc_html( $step['sentence'] )
			);
		}
		echo $steps ? '</ul>' : '';
	}

	/**
	 * What was counted, and when things last happened.
	 *
	 * @param array<string,mixed> $state As Health::state() says.
	 */
	private static function figures( $state ) {
		$push    = Push_Journal::state();
		$figures = array();
		if ( '' === $state['error'] ) {
			$figures[ __( 'Products', 'shelfwise' ) ] = number_format_i18n( $state['products'] );
			$figures[ __( 'Orders', 'shelfwise' ) ]   = number_format_i18n( $state['orders'] );
			/* translators: 1: how many work, 2: how many there should be. */
			$figures[ __( 'Webhooks', 'shelfwise' ) ]   = sprintf( __( '%1$d of %2$d', 'shelfwise' ), $state['webhooks']['active'], $state['webhooks']['of'] );
			$figures[ __( 'Last one', 'shelfwise' ) ]   = self::ago( (int) strtotime( $state['webhooks']['last'] ) );
			$figures[ __( 'Learnt', 'shelfwise' ) ]     = self::ago( (int) strtotime( $state['trained_at'] ) );
		}
		$figures[ __( 'Stock told', 'shelfwise' ) ] = $push['failures']
			/* translators: %s: a technical reason. */
			? sprintf( __( 'did not arrive (%s); tried again by itself', 'shelfwise' ), $push['error'] )
			: self::ago( $push['ok_at'] );
		$breaker = Breaker::state();
		if ( $breaker['failures'] >= Breaker::FAILURES && time() < $breaker['until'] ) {
			$figures[ __( 'Slates', 'shelfwise' ) ] = __( 'paused for some seconds, as Shelfwise did not answer in time', 'shelfwise' );
		}
		echo '<dl class="shelfwise-figures">';
		foreach ( $figures as $name => $value ) {
			echo '<div><dt>' . esc_html( $name ) . '</dt><dd>' . esc_html( $value ) . '</dd></div>';
		}
		echo '</dl>';
	}

	/**
	 * Where slates show: on or off, heading, how many.
	 */
	public static function placements() {
		$names = array_intersect_key( Settings::labels(), Settings::DEFAULTS );
		echo '<form method="post" action="options.php"><div class="shelfwise-card"><h2>' . esc_html__( 'Where slates show', 'shelfwise' ) . '</h2>';
		settings_fields( Settings_Page::GROUP );
		echo '<div class="shelfwise-placements">';
		foreach ( Settings::all() as $placement => $chosen ) {
			if ( isset( $names[ $placement ] ) ) {
				self::placement( $placement, $names[ $placement ], $chosen );
			}
		}
		echo '</div>';
		submit_button( __( 'Save', 'shelfwise' ) );
		echo '</div></form>';
	}

	/**
	 * One placement's fields, under a picture of where it is.
	 *
	 * @param string                                    $placement Such as "product".
	 * @param string                                    $label     What merchants call it.
	 * @param array{on:bool,heading:string,count:int}   $chosen    Its settings.
	 */
	private static function placement( $placement, $label, $chosen ) {
		$name = Settings::OPTION . '[' . $placement . ']';
		echo '<fieldset><legend>' . esc_html( $label ) . '</legend>';
		echo wp_kses( self::picture( isset( self::PICTURES[ $placement ] ) ? self::PICTURES[ $placement ] : 40, 96 ), self::svg() );
		printf( '<input type="hidden" name="%s[on]" value="0">', esc_attr( $name ) );
		printf( '<label><input type="checkbox" name="%s[on]" value="1"%s> %s</label>', esc_attr( $name ), checked( $chosen['on'], true, false ), esc_html__( 'Show', 'shelfwise' ) );
		printf(
			'<label>%s <input type="text" maxlength="120" name="%s[heading]" value="%s" placeholder="%s"></label>',
			esc_html__( 'Heading', 'shelfwise' ),
			esc_attr( $name ),
			esc_attr( $chosen['heading'] ),
			esc_attr__( 'Shelfwise chooses', 'shelfwise' )
		);
		printf(
			'<label>%s <input type="number" min="1" max="%d" name="%s[count]" value="%d"></label></fieldset>',
			esc_html__( 'Products', 'shelfwise' ),
			(int) Settings::MOST,
			esc_attr( $name ),
			(int) $chosen['count']
		);
	}

	/**
	 * The way out.
	 */
	public static function leaving() {
		echo '<div class="shelfwise-card"><h2>' . esc_html__( 'Connection', 'shelfwise' ) . '</h2><p>';
		esc_html_e( 'Disconnecting takes our webhooks out of your shop and every slate off your pages. Your settings stay until you delete the plugin.', 'shelfwise' );
		echo '</p><div class="shelfwise-row">';
		Settings_Actions::button( 'connect', __( 'Connect again', 'shelfwise' ) );
		Settings_Actions::button( 'disconnect', __( 'Disconnect', 'shelfwise' ), 'button button-link-delete' );
		echo '</div></div>';
	}

	/**
	 * How long ago something was.
	 *
	 * @param int $when Unix time, 0 for never.
	 * @return string
	 */
	private static function ago( $when ) {
		if ( $when < 1 ) {
			return __( 'not yet', 'shelfwise' );
		}
		/* translators: %s: a duration, such as "2 minutes". */
		return sprintf( __( '%s ago', 'shelfwise' ), human_time_diff( min( $when, time() ), time() ) );
	}

	/**
	 * A picture of a page with a slate on it.
	 *
	 * @param int $top   How far down the slate is, out of 60.
	 * @param int $width In pixels.
	 * @return string SVG.
	 */
	private static function picture( $top, $width ) {
		$cards = '';
		foreach ( array( 8, 24, 40, 56 ) as $left ) {
			$cards .= sprintf( '<rect x="%d" y="%d" width="12" height="12" rx="1.5" fill="#7f54b3"/>', $left, $top );
		}
		return sprintf(
			'<svg class="shelfwise-picture" width="%d" height="%d" viewBox="0 0 76 62" aria-hidden="true" focusable="false">'
			. '<rect x="1" y="1" width="74" height="60" rx="3" fill="#fff" stroke="#c3c4c7"/><rect x="1" y="1" width="74" height="8" rx="3" fill="#dcdcde"/>'
			. '<rect x="8" y="13" width="26" height="%d" rx="1.5" fill="#f0f0f1"/><rect x="38" y="13" width="30" height="3" rx="1" fill="#dcdcde"/>%s</svg>',
			$width,
			(int) round( $width * 62 / 76 ),
			max( 4, $top - 17 ),
			$cards
		);
	}

	/**
	 * What a picture may hold.
	 *
	 * @return array<string,array<string,bool>>
	 */
	private static function svg() {
		return array(
			'svg'  => array_fill_keys( array( 'class', 'width', 'height', 'viewbox', 'aria-hidden', 'focusable' ), true ),
			'rect' => array_fill_keys( array( 'x', 'y', 'width', 'height', 'rx', 'fill', 'stroke' ), true ),
		);
	}
}
