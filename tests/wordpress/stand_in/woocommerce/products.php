<?php
/**
 * Products: what they are, how they are kept, which hooks a save fires.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

function rig_wc_types() {
	register_post_type(
		'product',
		array(
			'label'        => 'Products',
			'public'       => true,
			'show_in_rest' => true,
			'has_archive'  => 'shop',
			'rewrite'      => array(
				'slug'       => 'product',
				'with_front' => false,
			),
			'supports'     => array( 'title', 'editor', 'excerpt', 'thumbnail', 'comments' ),
			'taxonomies'   => array( 'product_cat', 'product_tag' ),
		)
	);
	register_post_type( 'product_variation', array( 'public' => false ) );
	foreach ( array( 'product_cat' => 'product-category', 'product_tag' => 'product-tag', 'product_brand' => 'brand' ) as $name => $slug ) {
		register_taxonomy(
			$name,
			'product',
			array(
				'label'        => $name,
				'hierarchical' => 'product_tag' !== $name,
				'show_in_rest' => true,
				'rewrite'      => array( 'slug' => $slug ),
			)
		);
	}
	foreach ( array( 'product_type', 'product_visibility' ) as $name ) {
		register_taxonomy( $name, array( 'product', 'product_variation' ), array( 'public' => false ) );
	}
	add_image_size( 'woocommerce_thumbnail', 324, 324, true );
	add_image_size( 'woocommerce_single', 416, 0, false );
	add_rewrite_endpoint( 'order-received', EP_PAGES );
}

/** A product. Only the props that a shelf needs. */
class WC_Product {

	const DEFAULTS = array(
		'name'               => '',
		'slug'               => '',
		'status'             => 'publish',
		'description'        => '',
		'short_description'  => '',
		'parent_id'          => 0,
		'catalog_visibility' => 'visible',
		'sku'                => '',
		'price'              => '',
		'regular_price'      => '',
		'sale_price'         => '',
		'manage_stock'       => false,
		'stock_quantity'     => null,
		'stock_status'       => 'instock',
		'backorders'         => 'no',
		'sold_individually'  => false,
		'image_id'           => '',
		'average_rating'     => 0,
		'review_count'       => 0,
		'rating_count'       => 0,
		'attributes'         => array(),
	);
	const POST     = array(
		'name'              => 'post_title',
		'slug'              => 'post_name',
		'status'            => 'post_status',
		'description'       => 'post_content',
		'short_description' => 'post_excerpt',
		'parent_id'         => 'post_parent',
	);
	const META     = array(
		'stock_quantity' => '_stock',
		'image_id'       => '_thumbnail_id',
		'average_rating' => '_wc_average_rating',
		'review_count'   => '_wc_review_count',
		'rating_count'   => '_wc_rating_count',
	);

	protected $id      = 0;
	protected $data    = array();
	protected $changes = array();
	protected $loaded  = false;

	public function __construct( $product = 0 ) {
		$this->data = self::DEFAULTS;
		$id         = $product instanceof WC_Product ? $product->get_id() : ( $product instanceof WP_Post ? $product->ID : (int) $product );
		if ( $id > 0 ) {
			$this->read( $id );
		}
	}

	private function read( $id ) {
		$post = get_post( $id );
		if ( ! $post || ! in_array( $post->post_type, array( 'product', 'product_variation' ), true ) ) {
			throw new Exception( 'Invalid product.' );
		}
		$this->id     = $id;
		$this->loaded = true;
		foreach ( self::POST as $prop => $field ) {
			$this->data[ $prop ] = $post->$field;
		}
		$meta = get_post_meta( $id );
		foreach ( array_diff_key( self::DEFAULTS, self::POST ) as $prop => $default ) {
			$key = isset( self::META[ $prop ] ) ? self::META[ $prop ] : '_' . $prop;
			if ( isset( $meta[ $key ] ) ) {
				$this->data[ $prop ] = maybe_unserialize( $meta[ $key ][0] );
			}
		}
		$this->data['manage_stock']   = 'yes' === $this->data['manage_stock'];
		$this->data['stock_quantity'] = is_numeric( $this->data['stock_quantity'] ) ? (int) $this->data['stock_quantity'] : null;
	}

	protected function prop( $prop ) {
		return array_key_exists( $prop, $this->changes ) ? $this->changes[ $prop ] : $this->data[ $prop ];
	}

	public function __call( $name, $args ) {
		$prop = substr( $name, 4 );
		if ( 0 === strpos( $name, 'get_' ) && array_key_exists( $prop, self::DEFAULTS ) ) {
			$value   = $this->prop( $prop );
			$context = isset( $args[0] ) ? $args[0] : 'view';
			return 'view' === $context ? apply_filters( ( $this instanceof WC_Product_Variation ? 'woocommerce_product_variation_' : 'woocommerce_product_' ) . 'get_' . $prop, $value, $this ) : $value;
		}
		if ( 0 === strpos( $name, 'set_' ) && array_key_exists( $prop, self::DEFAULTS ) ) {
			if ( $this->data[ $prop ] !== $args[0] ) {
				$this->changes[ $prop ] = $args[0];
			} else {
				unset( $this->changes[ $prop ] );
			}
			return null;
		}
		throw new Error( "The stand-in's product knows no {$name}()" );
	}

	public function get_id() {
		return $this->id;
	}
	public function get_type() {
		return 'simple';
	}
	public function is_type( $type ) {
		return is_array( $type ) ? in_array( $this->get_type(), $type, true ) : $this->get_type() === $type;
	}
	public function exists() {
		return $this->id > 0;
	}
	public function get_title() {
		return apply_filters( 'woocommerce_product_title', $this->get_name(), $this );
	}
	public function get_children() {
		return array();
	}
	public function get_meta( $key = '', $single = true, $context = 'view' ) {
		return get_post_meta( $this->id, $key, $single );
	}
	public function update_meta_data( $key, $value ) {
		update_post_meta( $this->id, $key, $value );
	}
	public function delete_meta_data( $key ) {
		delete_post_meta( $this->id, $key );
	}
	public function get_permalink() {
		return get_permalink( $this->id );
	}
	public function get_stock_managed_by_id() {
		return $this->id;
	}
	public function managing_stock() {
		return 'yes' === get_option( 'woocommerce_manage_stock' ) && (bool) $this->get_manage_stock();
	}
	public function backorders_allowed() {
		return in_array( $this->get_backorders(), array( 'yes', 'notify' ), true );
	}
	public function is_in_stock() {
		return apply_filters( 'woocommerce_product_is_in_stock', 'outofstock' !== $this->get_stock_status(), $this );
	}
	public function is_on_backorder( $quantity = 0 ) {
		return 'onbackorder' === $this->get_stock_status();
	}
	public function is_on_sale( $context = 'view' ) {
		return '' !== (string) $this->get_sale_price() && (float) $this->get_sale_price() < (float) $this->get_regular_price();
	}
	public function is_virtual() {
		return false;
	}
	public function is_featured() {
		return false;
	}
	public function is_sold_individually() {
		return (bool) $this->get_sold_individually();
	}
	public function is_purchasable() {
		$can = $this->exists() && ( 'publish' === $this->get_status() || current_user_can( 'edit_post', $this->id ) ) && '' !== (string) $this->get_price();
		return apply_filters( 'woocommerce_is_purchasable', $can, $this );
	}
	public function is_visible() {
		$visibility = $this->get_catalog_visibility();
		$visible    = 'visible' === $visibility || ( is_search() && 'search' === $visibility ) || ( ! is_search() && 'catalog' === $visibility );
		if ( 'trash' === $this->get_status() || ( 'publish' !== $this->get_status() && ! current_user_can( 'edit_post', $this->id ) ) ) {
			$visible = false;
		}
		if ( 'yes' === get_option( 'woocommerce_hide_out_of_stock_items' ) && ! $this->is_in_stock() ) {
			$visible = false;
		}
		return apply_filters( 'woocommerce_product_is_visible', $visible, $this->id );
	}
	public function supports( $feature ) {
		return 'ajax_add_to_cart' === $feature;
	}
	public function has_options() {
		return false;
	}
	public function get_min_purchase_quantity() {
		return 1;
	}
	public function get_price_html( $deprecated = '' ) {
		if ( '' === (string) $this->get_price() ) {
			return apply_filters( 'woocommerce_empty_price_html', '', $this );
		}
		$html = $this->is_on_sale()
			? '<del aria-hidden="true">' . wc_price( $this->get_regular_price() ) . '</del> <span class="screen-reader-text">Original price was: '
				. wp_strip_all_tags( wc_price( $this->get_regular_price() ) ) . '.</span><ins aria-hidden="true">' . wc_price( $this->get_price() ) . '</ins>'
			: wc_price( $this->get_price() );
		return apply_filters( 'woocommerce_get_price_html', $html, $this );
	}
	public function get_image( $size = 'woocommerce_thumbnail', $attr = array(), $placeholder = true ) {
		$html = $this->get_image_id() ? wp_get_attachment_image( $this->get_image_id(), $size, false, $attr ) : '';
		if ( ! $html && $placeholder ) {
			$html = wc_placeholder_img( $size, $attr );
		}
		return apply_filters( 'woocommerce_product_get_image', $html, $this, $size, $attr, $placeholder, $html );
	}
	public function add_to_cart_url() {
		return $this->is_purchasable() && $this->is_in_stock() ? '?add-to-cart=' . $this->id : $this->get_permalink();
	}
	public function add_to_cart_text() {
		return $this->is_purchasable() && $this->is_in_stock() ? 'Add to cart' : 'Read more';
	}
	public function add_to_cart_description() {
		return 'Add to cart: “' . $this->get_name() . '”';
	}
	public function single_add_to_cart_text() {
		return 'Add to cart';
	}

	public function save() {
		$this->align_stock();
		do_action( 'woocommerce_before_product_object_save', $this, null );
		$new = ! $this->id;
		if ( $new || array_intersect_key( $this->changes, self::POST ) ) {
			$post = array( 'post_type' => $this instanceof WC_Product_Variation ? 'product_variation' : 'product' );
			foreach ( self::POST as $prop => $field ) {
				$post[ $field ] = $this->prop( $prop );
			}
			$this->id = $new ? wp_insert_post( $post ) : wp_update_post( array( 'ID' => $this->id ) + $post );
		}
		$changed = $new ? array_diff_key( self::DEFAULTS, self::POST ) : array_diff_key( $this->changes, self::POST );
		foreach ( array_keys( $changed ) as $prop ) {
			$value = $this->prop( $prop );
			$key   = isset( self::META[ $prop ] ) ? self::META[ $prop ] : '_' . $prop;
			update_post_meta( $this->id, $key, is_bool( $value ) ? wc_bool_to_string( $value ) : $value );
		}
		$price = '' !== (string) $this->prop( 'sale_price' ) ? $this->prop( 'sale_price' ) : $this->prop( 'regular_price' );
		if ( ! $this->is_type( 'variable' ) ) {
			update_post_meta( $this->id, '_price', $price );
			$this->data['price'] = $price;
		}
		$updated    = array_keys( $new ? array_intersect_key( $this->changes, $changed ) : $changed );
		$this->data = array_merge( $this->data, $this->changes );
		wp_set_object_terms( $this->id, $this->get_type(), 'product_type' );
		wp_set_object_terms( $this->id, 'outofstock' === $this->data['stock_status'] ? array( 'outofstock' ) : array(), 'product_visibility' );
		$this->changes = array();
		$this->tell( $updated );
		do_action( ( $new ? 'woocommerce_new_product' : 'woocommerce_update_product' ) . ( $this->is_type( 'variation' ) ? '_variation' : '' ), $this->id, $this );
		do_action( 'woocommerce_after_product_object_save', $this, null );
		if ( $this->is_type( 'variation' ) ) {
			rig_wc_sync_later( $this->get_parent_id() );
		}
		return $this->id;
	}

	/** Where stock is counted, the count says the status. */
	private function align_stock() {
		if ( ! $this->prop( 'manage_stock' ) ) {
			return;
		}
		if ( (int) $this->prop( 'stock_quantity' ) > 0 ) {
			$this->set_stock_status( 'instock' );
		} else {
			$this->set_stock_status( 'no' !== $this->prop( 'backorders' ) ? 'onbackorder' : 'outofstock' );
		}
	}

	private function tell( array $updated ) {
		$kind = $this->is_type( 'variation' ) ? 'variation' : 'product';
		if ( in_array( 'stock_quantity', $updated, true ) ) {
			do_action( "woocommerce_{$kind}_set_stock", $this );
		}
		if ( in_array( 'stock_status', $updated, true ) ) {
			do_action( "woocommerce_{$kind}_set_stock_status", $this->id, $this->get_stock_status(), $this );
		}
		if ( $updated ) {
			do_action( 'woocommerce_product_object_updated_props', $this, $updated );
		}
	}

	public function delete( $force = false ) {
		$kind = $this->is_type( 'variation' ) ? 'product_variation' : 'product';
		$id   = $this->id;
		if ( $force ) {
			do_action( "woocommerce_before_delete_{$kind}", $id );
			wp_delete_post( $id, true );
			$this->id = 0;
			do_action( "woocommerce_delete_{$kind}", $id );
		} else {
			wp_trash_post( $id );
			do_action( "woocommerce_trash_{$kind}", $id );
		}
		return true;
	}
}

class WC_Product_Simple extends WC_Product {
}

class WC_Product_External extends WC_Product {
	public function get_type() {
		return 'external';
	}
	public function supports( $feature ) {
		return false;
	}
}

class WC_Product_Variable extends WC_Product {
	public function get_type() {
		return 'variable';
	}
	public function get_children( $visible_only = '' ) {
		return array_map(
			'intval',
			get_posts(
				array(
					'post_type'   => 'product_variation',
					'post_parent' => $this->id,
					'post_status' => array( 'publish', 'private' ),
					'numberposts' => -1,
					'fields'      => 'ids',
					'orderby'     => 'ID',
					'order'       => 'ASC',
				)
			)
		);
	}
	public function supports( $feature ) {
		return false;
	}
	public function has_options() {
		return true;
	}
	public function add_to_cart_url() {
		return $this->get_permalink();
	}
	public function add_to_cart_text() {
		return 'Select options';
	}
	public function get_price_html( $deprecated = '' ) {
		$prices = array_filter( array_map( 'floatval', (array) get_post_meta( $this->id, '_price' ) ) );
		if ( ! $prices ) {
			return apply_filters( 'woocommerce_variable_empty_price_html', '', $this );
		}
		return apply_filters( 'woocommerce_get_price_html', min( $prices ) === max( $prices ) ? wc_price( min( $prices ) ) : wc_price( min( $prices ) ) . ' &ndash; ' . wc_price( max( $prices ) ), $this );
	}
}

class WC_Product_Variation extends WC_Product {
	public function get_type() {
		return 'variation';
	}
	private function parent_product() {
		return wc_get_product( $this->get_parent_id() );
	}
	public function get_manage_stock( $context = 'view' ) {
		$own = $this->prop( 'manage_stock' );
		if ( 'view' === $context && ! $own ) {
			$parent = $this->parent_product();
			return $parent && $parent->get_manage_stock() ? 'parent' : false;
		}
		return $own;
	}
	public function get_stock_quantity( $context = 'view' ) {
		return 'view' === $context && 'parent' === $this->get_manage_stock() ? $this->parent_product()->get_stock_quantity() : $this->prop( 'stock_quantity' );
	}
	public function get_backorders( $context = 'view' ) {
		return 'view' === $context && 'parent' === $this->get_manage_stock() ? $this->parent_product()->get_backorders() : $this->prop( 'backorders' );
	}
	public function get_stock_managed_by_id() {
		return 'parent' === $this->get_manage_stock() ? $this->get_parent_id() : $this->id;
	}
	public function get_permalink() {
		return get_permalink( $this->get_parent_id() );
	}
	public function get_image_id( $context = 'view' ) {
		$own = $this->prop( 'image_id' );
		return $own ? $own : $this->parent_product()->get_image_id();
	}
	public function get_name( $context = 'view' ) {
		return $this->prop( 'name' );
	}
}

/** Variable products follow their variations at the end of the request, as in WooCommerce. */
function rig_wc_sync_later( $parent_id ) {
	static $parents = array();
	if ( ! $parents ) {
		add_action(
			'shutdown',
			function () use ( &$parents ) {
				foreach ( array_keys( $parents ) as $id ) {
					rig_wc_sync( $id );
				}
				$parents = array();
			},
			10
		);
	}
	$parents[ $parent_id ] = true;
}

function rig_wc_sync( $id ) {
	$parent = wc_get_product( $id );
	if ( ! $parent || ! $parent->is_type( 'variable' ) ) {
		return;
	}
	delete_post_meta( $id, '_price' );
	$status = 'outofstock';
	foreach ( $parent->get_children() as $child_id ) {
		$child = wc_get_product( $child_id );
		if ( $child ) {
			add_post_meta( $id, '_price', $child->get_price() );
			$status = 'outofstock' !== $child->get_stock_status() ? 'instock' : $status;
		}
	}
	if ( ! $parent->get_manage_stock() ) {
		$parent->set_stock_status( $status );
	}
	$parent->save();
}

function wc_get_product( $the_product = false ) {
	if ( $the_product instanceof WC_Product ) {
		return $the_product;
	}
	if ( false === $the_product ) {
		$the_product = isset( $GLOBALS['post'] ) ? $GLOBALS['post'] : 0;
	}
	$post = get_post( $the_product );
	if ( ! $post || ! in_array( $post->post_type, array( 'product', 'product_variation' ), true ) ) {
		return false;
	}
	$terms = 'product_variation' === $post->post_type ? false : get_the_terms( $post, 'product_type' );
	$type  = 'product_variation' === $post->post_type ? 'variation' : ( is_array( $terms ) ? $terms[0]->name : 'simple' );
	$class = 'WC_Product_' . ucfirst( $type );
	return new $class( $post->ID );
}

function wc_get_products( $args ) {
	$query = array(
		'post_type'   => 'product',
		'post_status' => isset( $args['status'] ) ? $args['status'] : 'publish',
		'numberposts' => isset( $args['limit'] ) ? $args['limit'] : 10,
		'fields'      => 'ids',
	);
	if ( isset( $args['include'] ) ) {
		$query['include'] = $args['include'];
	}
	foreach ( array( 'orderby', 'order', 'page' => 'paged', 'exclude' ) as $from => $to ) {
		$from = is_int( $from ) ? $to : $from;
		if ( isset( $args[ $from ] ) ) {
			$query[ $to ] = $args[ $from ];
		}
	}
	if ( isset( $args['stock_status'] ) ) {
		$query['meta_query'] = array( array( 'key' => '_stock_status', 'value' => $args['stock_status'] ) );
	}
	$ids = get_posts( $query );
	return isset( $args['return'] ) && 'ids' === $args['return'] ? $ids : array_filter( array_map( 'wc_get_product', $ids ) );
}

function wc_get_product_id_by_sku( $sku ) {
	$found = get_posts(
		array(
			'post_type'   => array( 'product', 'product_variation' ),
			'post_status' => 'any',
			'meta_key'    => '_sku',
			'meta_value'  => $sku,
			'fields'      => 'ids',
			'numberposts' => 1,
		)
	);
	return $found ? (int) $found[0] : 0;
}

function wc_update_product_stock( $product, $stock_quantity = null, $operation = 'set', $updating = false ) {
	$product = wc_get_product( $product );
	if ( ! $product || null === $stock_quantity || ! $product->managing_stock() ) {
		return $product ? $product->get_stock_quantity() : false;
	}
	$keeper = wc_get_product( $product->get_stock_managed_by_id() );
	$before = (int) $keeper->get_stock_quantity();
	$amount = 'increase' === $operation ? $before + $stock_quantity : ( 'decrease' === $operation ? $before - $stock_quantity : $stock_quantity );
	$kind   = $keeper->is_type( 'variation' ) ? 'variation' : 'product';
	do_action( "woocommerce_{$kind}_before_set_stock", $keeper );
	// WooCommerce writes the count by a query of its own, so that the save below sees no change of it.
	update_post_meta( $keeper->get_id(), '_stock', $amount );
	$keeper = wc_get_product( $keeper->get_id() );
	$keeper->save();
	do_action( "woocommerce_{$kind}_set_stock", $keeper );
	return $keeper->get_stock_quantity();
}

function wc_update_product_stock_status( $product_id, $status ) {
	$product = wc_get_product( $product_id );
	if ( $product ) {
		$product->set_stock_status( $status );
		$product->save();
	}
}

function wc_placeholder_img_src( $size = 'woocommerce_thumbnail' ) {
	return apply_filters( 'woocommerce_placeholder_img_src', WC()->plugin_url() . '/placeholder.svg' );
}

function wc_placeholder_img( $size = 'woocommerce_thumbnail', $attr = '' ) {
	return '<img src="' . esc_url( wc_placeholder_img_src( $size ) ) . '" class="woocommerce-placeholder" alt="Placeholder" width="324" height="324">';
}

function wc_get_rating_html( $rating, $count = 0 ) {
	return 0 < $rating ? '<div class="star-rating" role="img" aria-label="Rated ' . esc_attr( $rating ) . ' out of 5"></div>' : '';
}

function wc_review_ratings_enabled() {
	return true;
}

function wc_get_image_size( $size ) {
	return array(
		'width'  => 324,
		'height' => 324,
		'crop'   => 1,
	);
}

function wc_get_stock_html( $product ) {
	return $product->is_in_stock() ? '' : '<p class="stock out-of-stock">Out of stock</p>';
}

function wc_setup_product_data( $post ) {
	unset( $GLOBALS['product'] );
	$post = get_post( $post );
	if ( $post && in_array( $post->post_type, array( 'product', 'product_variation' ), true ) ) {
		$GLOBALS['product'] = wc_get_product( $post );
		return $GLOBALS['product'];
	}
	return null;
}
add_action( 'the_post', 'wc_setup_product_data' );
