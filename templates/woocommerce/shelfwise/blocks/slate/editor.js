/* The block in the editor: its settings, and a preview that the server makes of the shop's own products. */
( function ( wp ) {
	'use strict';

	const { createElement: el, Fragment } = wp.element;
	const { __ } = wp.i18n;
	const { InspectorControls, useBlockProps } = wp.blockEditor;
	const { Disabled, PanelBody, RangeControl, SelectControl, TextControl } = wp.components;
	const ServerSideRender = wp.serverSideRender;

	const PLACEMENTS = [
		{ value: 'auto', label: __( 'Whatever fits the page', 'shelfwise' ) },
		{ value: 'product', label: __( 'Goes with the product', 'shelfwise' ) },
		{ value: 'collection', label: __( 'Goes with the products listed', 'shelfwise' ) },
		{ value: 'cart', label: __( 'Goes with the cart', 'shelfwise' ) },
		{ value: 'post_purchase', label: __( 'Goes with the order', 'shelfwise' ) },
		{ value: 'search', label: __( 'Goes with the search', 'shelfwise' ) },
		{ value: 'not_found', label: __( 'For a page that is missing', 'shelfwise' ) },
		{ value: 'home', label: __( 'Popular in the shop', 'shelfwise' ) },
	];

	const Edit = ( { attributes, setAttributes } ) => {
		const set = ( name ) => ( value ) => setAttributes( { [ name ]: value === undefined ? 0 : value } );
		const settings = el(
			InspectorControls,
			null,
			el(
				PanelBody,
				{ title: __( 'Recommendations', 'shelfwise' ) },
				el( SelectControl, {
					label: __( 'Which products', 'shelfwise' ),
					value: attributes.placement,
					options: PLACEMENTS,
					onChange: set( 'placement' ),
					__nextHasNoMarginBottom: true,
				} ),
				el( TextControl, {
					label: __( 'Heading', 'shelfwise' ),
					help: __( 'Empty: one that says what is shown.', 'shelfwise' ),
					value: attributes.heading,
					onChange: set( 'heading' ),
					__nextHasNoMarginBottom: true,
				} ),
				el( RangeControl, {
					label: __( 'How many', 'shelfwise' ),
					help: __( '0: as the settings of Shelfwise say.', 'shelfwise' ),
					value: attributes.count,
					min: 0,
					max: 24,
					onChange: set( 'count' ),
					__nextHasNoMarginBottom: true,
				} ),
				el( SelectControl, {
					label: __( 'Layout', 'shelfwise' ),
					value: attributes.layout,
					options: [
						{ value: 'row', label: __( 'One row to swipe', 'shelfwise' ) },
						{ value: 'grid', label: __( 'Rows below each other', 'shelfwise' ) },
					],
					onChange: set( 'layout' ),
					__nextHasNoMarginBottom: true,
				} )
			)
		);
		const preview = el( Disabled, null, el( ServerSideRender, { block: 'shelfwise/slate', attributes, skipBlockSupportAttributes: true } ) );
		return el( Fragment, null, settings, el( 'div', useBlockProps(), preview ) );
	};

	wp.blocks.registerBlockType( 'shelfwise/slate', { edit: Edit, save: () => null } );
} )( window.wp );
