/* Adds to the cart without leaving the page. With consent, and only with it: counts, and shows a visitor's own slate. */
( () => {
	'use strict';

	const VISITOR = 'shelfwise_visitor';
	const YEAR = 31536000;
	const SEEN_MS = 1000;
	const FLUSH_MS = 3000;
	const EARLY_MS = 800;
	const MOST_EVENTS = 100;
	const begun = performance.now();
	const waiting = [];
	const done = new Set();
	const timers = new Map();
	let timer = 0;

	const random = () => Array.from( crypto.getRandomValues( new Uint8Array( 16 ) ),
		( byte ) => byte.toString( 16 ).padStart( 2, '0' ) ).join( '' );

	const sections = () => [ ...document.querySelectorAll( '.shelfwise[data-shelfwise]' ) ];

	const toldOf = new WeakMap();
	const told = ( section ) => {
		if ( ! toldOf.has( section ) ) toldOf.set( section, JSON.parse( section.dataset.shelfwise ) );
		return toldOf.get( section );
	};

	/* The WP Consent API's answer, once the site says whom it asks and how; else the page's own. Undefined: not known yet. */
	const answer = ( purpose ) => {
		if ( typeof window.wp_has_consent === 'function' ) {
			const asked = window.wp_consent_type || window.wp_fallback_consent_type;
			return asked ? window.wp_has_consent( purpose ) === true : undefined;
		}
		const own = window.shelfwiseConsent;
		return typeof own === 'object' ? own?.[ purpose ] : own;
	};

	const allowed = ( purpose ) => answer( purpose ) === true;

	const stored = () => {
		try {
			return localStorage.getItem( VISITOR ) || '';
		} catch {
			return '';
		}
	};

	const remember = ( token, path ) => {
		try {
			if ( token ) localStorage.setItem( VISITOR, token );
			else localStorage.removeItem( VISITOR );
		} catch { /* The cookie alone. */ }
		const secure = location.protocol === 'https:' ? '; Secure' : '';
		document.cookie = `${ VISITOR }=${ token }; Path=${ path }; Max-Age=${ token ? YEAR : 0 }; SameSite=Lax${ secure }`;
	};

	const known = () => {
		const [ , cookie ] = document.cookie.match( /(?:^|; )shelfwise_visitor=([\w-]{8,64})(?:;|$)/ ) || [];
		return cookie || ( /^[\w-]{8,64}$/.test( stored() ) ? stored() : '' );
	};

	const send = ( { api, shop }, body ) => navigator.sendBeacon( `${ api }/v1/events`, JSON.stringify( { shop, ...body } ) );

	const flush = () => {
		clearTimeout( timer );
		timer = 0;
		const events = waiting.splice( 0 );
		const [ section ] = sections();
		if ( ! events.length || ! section || ! allowed( 'statistics' ) || ! known() ) return;
		send( told( section ), { visitor: known(), consent: true, events } );
	};

	const note = ( kind, fields ) => {
		if ( ! allowed( 'statistics' ) ) return;
		waiting.push( { id: random(), kind, at: new Date().toISOString(), ...fields } );
		if ( waiting.length >= MOST_EVENTS ) flush();
		else timer ||= setTimeout( flush, FLUSH_MS );
	};

	/* What a card is: its product, and its place in a slate. */
	const markOf = ( card ) => {
		const [ product, mark = '' ] = card.dataset.shelfwise.split( ',' );
		const [ slate, position ] = mark.split( ':' );
		return { product, slate, position: Number( position ) };
	};

	const sight = window.IntersectionObserver && new IntersectionObserver( ( changes ) => {
		for ( const { target, isIntersecting } of changes ) {
			clearTimeout( timers.get( target ) );
			if ( ! isIntersecting ) continue;
			timers.set( target, setTimeout( () => {
				sight.unobserve( target );
				if ( ! target.isConnected || done.has( target.dataset.shelfwise ) ) return;
				done.add( target.dataset.shelfwise );
				note( 'impression', markOf( target ) );
			}, SEEN_MS ) );
		}
	}, { threshold: 0.5 } );

	const view = ( { placement, product, q } ) => {
		const what = placement === 'product' && product.length ? [ 'view', { product: String( product[ 0 ] ) } ]
			: q && [ 'search', { query: q } ];
		if ( ! what || done.has( what[ 0 ] ) ) return;
		done.add( what[ 0 ] );
		note( ...what );
	};

	/* A visitor's own slate, where it moves nothing that is looked at. */
	const personal = async ( section ) => {
		const { own, placement, product, cart, count, renames } = told( section );
		const reply = await fetch( own, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify( { visitor: known(), placement, product, cart, count } ),
		} );
		if ( reply.status !== 200 || ! allowed( 'marketing' ) ) return;
		const slate = await reply.json();
		const { top, bottom } = section.getBoundingClientRect();
		const unseen = top >= innerHeight || bottom < 0 || performance.now() - begun < EARLY_MS;
		if ( slate.count !== count || ! unseen || section.matches( ':hover, :focus-within' ) ) return;
		section.querySelector( '.shelfwise-cards' ).innerHTML = slate.html;
		if ( renames ) section.querySelector( '.shelfwise-heading' ).textContent = slate.heading;
		watch( section );
	};

	const watch = ( section ) => {
		for ( const card of section.querySelectorAll( '.shelfwise-card' ) ) sight?.observe( card );
	};

	/* Consent was given, taken back, or the page has new slates. */
	const meet = () => {
		const all = sections();
		if ( ! all.length ) return;
		const first = told( all[ 0 ] );
		if ( ! allowed( 'statistics' ) ) {
			waiting.length = 0;
			if ( answer( 'statistics' ) === false && known() ) {
				send( first, { visitor: known(), consent: false, events: [] } );
				remember( '', first.path );
			}
			return;
		}
		const returning = known();
		remember( returning || random(), first.path );
		for ( const section of all ) {
			view( told( section ) );
			watch( section );
			if ( returning && allowed( 'marketing' ) && ! done.has( section ) ) {
				done.add( section );
				personal( section ).catch( () => {} );
			}
		}
	};

	class Refused extends Error {}

	const spoken = ( text ) => new DOMParser().parseFromString( text || '', 'text/html' ).body.textContent;

	/* The Store API: its nonce comes with the cart. */
	const put = async ( { store }, body ) => {
		const cart = await fetch( `${ store }cart`, { credentials: 'same-origin', cache: 'no-store' } );
		const headers = { 'Content-Type': 'application/json', Nonce: cart.headers.get( 'Nonce' ) || '' };
		const reply = await fetch( `${ store }cart/add-item`, {
			method: 'POST', credentials: 'same-origin', headers, body: JSON.stringify( body ),
		} );
		if ( reply.ok ) return;
		const { code = '', message } = await reply.json();
		// Refused by what guards the site, not by the cart: the form itself may still go through.
		if ( /nonce|^rest_/.test( code ) ) throw new Error( code );
		throw new Refused( spoken( message ) );
	};

	/* Tells mini-carts, cart blocks and the carts of older themes. */
	const tell = async ( { fragments }, button ) => {
		document.body.dispatchEvent( new CustomEvent( 'wc-blocks_added_to_cart', { bubbles: true, cancelable: true, detail: { preserveCartData: false } } ) );
		const { jQuery } = window;
		if ( ! jQuery ) return;
		const reply = await fetch( fragments, { method: 'POST', credentials: 'same-origin' } );
		const fresh = await reply.json();
		jQuery( document.body ).trigger( 'added_to_cart', [ fresh.fragments, fresh.cart_hash, jQuery( button ) ] );
	};

	const say = ( section, text, link ) => {
		const line = section.querySelector( '.shelfwise-said' );
		line.textContent = text;
		if ( ! link ) return;
		const shown = document.createElement( 'a' );
		shown.href = link.basket;
		shown.textContent = link.see;
		line.append( ' ', shown );
	};

	const add = async ( section, form, button ) => {
		const here = told( section );
		const { quantity, shelfwise } = form.elements;
		if ( button.getAttribute( 'aria-disabled' ) ) return;
		button.setAttribute( 'aria-disabled', 'true' );
		say( section, '' );
		try {
			const amount = Number( quantity.value ) || 1;
			await put( here, { id: Number( button.value ), quantity: amount, shelfwise: shelfwise?.value } );
			say( section, here.added, here );
			note( 'cart_add', { ...markOf( form.closest( '.shelfwise-card' ) ), quantity: amount } );
			await tell( here, button ).catch( () => {} );
		} catch ( error ) {
			if ( error instanceof Refused ) {
				say( section, error.message || here.failed );
			} else if ( navigator.onLine === false ) {
				say( section, here.failed );
			} else {
				form.append( Object.assign( document.createElement( 'input' ), { type: 'hidden', name: 'add-to-cart', value: button.value } ) );
				form.submit();
			}
		} finally {
			button.removeAttribute( 'aria-disabled' );
		}
	};

	document.addEventListener( 'submit', ( event ) => {
		const section = event.target.closest( '.shelfwise[data-shelfwise]' );
		const button = section && event.target.querySelector( 'button[name="add-to-cart"]' );
		if ( ! button ) return;
		event.preventDefault();
		add( section, event.target, button );
	} );

	document.addEventListener( 'click', ( event ) => {
		const card = event.target.closest?.( '.shelfwise-card' );
		if ( ! card || ! card.dataset.shelfwise || ! event.target.closest( 'a' ) ) return;
		note( 'click', markOf( card ) );
	} );

	addEventListener( 'pagehide', flush );
	document.addEventListener( 'visibilitychange', () => document.visibilityState === 'hidden' && flush() );
	for ( const change of [ 'wp_listen_for_consent_change', 'wp_consent_type_defined', 'DOMContentLoaded' ] ) {
		document.addEventListener( change, () => setTimeout( meet ) );
	}
	document.addEventListener( 'shelfwise:consent', ( { detail } ) => {
		window.shelfwiseConsent = detail?.granted === true;
		meet();
	} );
	// An older cart that was emptied writes a new slate into the page.
	window.jQuery?.( document.body ).on( 'wc_cart_emptied', meet );
} )();
