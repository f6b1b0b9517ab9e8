/* While the app is still reading the shop, the state is asked for anew every five seconds, and only while it is seen. */
( function () {
	'use strict';
	var place = document.getElementById( 'shelfwise-health' );
	var told = window.shelfwiseAdmin;
	if ( ! place || ! told ) {
		return;
	}
	function reading() {
		return place.querySelector( '[data-reading="1"]' );
	}
	function look() {
		if ( ! reading() ) {
			return;
		}
		if ( document.hidden || place.contains( document.activeElement ) ) {
			setTimeout( look, 5000 );
			return;
		}
		fetch( told.url + '?action=shelfwise_state&_ajax_nonce=' + encodeURIComponent( told.nonce ), { credentials: 'same-origin' } )
			.then( function ( answer ) {
				return answer.ok ? answer.json() : null;
			} )
			.then( function ( answer ) {
				if ( answer && answer.success ) {
					place.innerHTML = answer.data.html;
				}
			} )
			.catch( function () {} )
			.then( function () {
				setTimeout( look, 5000 );
			} );
	}
	setTimeout( look, 5000 );
} )();
