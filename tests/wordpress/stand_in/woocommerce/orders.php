<?php
/**
 * Orders in tables of their own (HPOS), never posts.
 *
 * @package StandIn
 */

defined( 'ABSPATH' ) || exit;

function rig_wc_tables() {
	global $wpdb;
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	$id = 'bigint(20) unsigned NOT NULL AUTO_INCREMENT';
	foreach (
		array(
			'wc_orders'                => "id $id, status varchar(20), billing_email varchar(320), customer_id bigint(20), date_created_gmt datetime, PRIMARY KEY  (id)",
			'wc_orders_meta'           => "id $id, order_id bigint(20) unsigned, meta_key varchar(255), meta_value text, PRIMARY KEY  (id)",
			'woocommerce_order_items'  => "order_item_id $id, order_item_name text NOT NULL, order_item_type varchar(200) NOT NULL DEFAULT '', order_id bigint(20) unsigned NOT NULL, PRIMARY KEY  (order_item_id)",
			'woocommerce_order_itemmeta' => "meta_id $id, order_item_id bigint(20) unsigned NOT NULL, meta_key varchar(255), meta_value longtext, PRIMARY KEY  (meta_id)",
			'woocommerce_api_keys'     => "key_id $id, user_id bigint(20) unsigned NOT NULL, description varchar(200), permissions varchar(10) NOT NULL, consumer_key char(64) NOT NULL, consumer_secret char(43) NOT NULL, truncated_key char(7) NOT NULL, PRIMARY KEY  (key_id)",
			'actionscheduler_actions'  => "action_id $id, hook varchar(191), status varchar(20), due bigint(20), every bigint(20), args text, in_group varchar(255), PRIMARY KEY  (action_id)",
		) as $name => $columns
	) {
		dbDelta( "CREATE TABLE {$wpdb->prefix}{$name} ( " . str_replace( ', ', ",\n", $columns ) . ' )' );
	}
	$administrator = get_role( 'administrator' );
	foreach ( array( 'manage_woocommerce', 'view_woocommerce_reports', 'edit_others_shop_orders', 'edit_shop_orders' ) as $capability ) {
		$administrator->add_cap( $capability );
	}
	add_role( 'shop_manager', 'Shop manager', array_fill_keys( array( 'read', 'manage_woocommerce', 'edit_others_shop_orders', 'edit_shop_orders', 'edit_posts', 'manage_categories' ), true ) );
	add_role( 'customer', 'Customer', array( 'read' => true ) );
}

/** Meta data that is written on save. */
abstract class Rig_With_Meta {

	protected $id   = 0;
	protected $meta = array();

	abstract protected function table();

	public function get_id() {
		return $this->id;
	}
	public function get_meta( $key = '', $single = true, $context = 'view' ) {
		return isset( $this->meta[ $key ] ) ? $this->meta[ $key ] : '';
	}
	public function meta_exists( $key = '' ) {
		return isset( $this->meta[ $key ] );
	}
	public function get_meta_data() {
		$list = array();
		foreach ( $this->meta as $key => $value ) {
			$list[] = (object) array(
				'key'   => $key,
				'value' => $value,
			);
		}
		return $list;
	}
	public function update_meta_data( $key, $value, $meta_id = 0 ) {
		$this->meta[ $key ] = $value;
	}
	public function add_meta_data( $key, $value, $unique = false ) {
		$this->meta[ $key ] = $value;
	}
	public function delete_meta_data( $key ) {
		unset( $this->meta[ $key ] );
	}
	public function save_meta_data() {
		global $wpdb;
		list( $table, $column ) = $this->table();
		$wpdb->delete( $wpdb->prefix . $table, array( $column => $this->id ) );
		foreach ( $this->meta as $key => $value ) {
			$wpdb->insert(
				$wpdb->prefix . $table,
				array(
					$column      => $this->id,
					'meta_key'   => $key,
					'meta_value' => maybe_serialize( $value ),
				)
			);
		}
	}
	protected function read_meta() {
		global $wpdb;
		list( $table, $column ) = $this->table();
		foreach ( $wpdb->get_results( $wpdb->prepare( "SELECT meta_key, meta_value FROM {$wpdb->prefix}{$table} WHERE {$column} = %d", $this->id ) ) as $row ) {
			$this->meta[ $row->meta_key ] = maybe_unserialize( $row->meta_value );
		}
	}
}

class WC_Order_Item_Product extends Rig_With_Meta {

	private $order_id = 0;

	protected function table() {
		return array( 'woocommerce_order_itemmeta', 'order_item_id' );
	}
	public static function of_row( $row ) {
		$item           = new self();
		$item->id       = (int) $row->order_item_id;
		$item->order_id = (int) $row->order_id;
		$item->read_meta();
		return $item;
	}
	public function is_type( $type ) {
		return 'line_item' === $type;
	}
	public function get_type() {
		return 'line_item';
	}
	public function set_product( $product ) {
		$variation = $product->is_type( 'variation' );
		$this->add_meta_data( '_product_id', $variation ? $product->get_parent_id() : $product->get_id() );
		$this->add_meta_data( '_variation_id', $variation ? $product->get_id() : 0 );
	}
	public function set_quantity( $quantity ) {
		$this->add_meta_data( '_qty', $quantity );
	}
	public function get_name( $context = 'view' ) {
		$product = $this->get_product();
		return $product ? $product->get_name() : '';
	}
	public function get_product_id() {
		return (int) $this->get_meta( '_product_id' );
	}
	public function get_variation_id() {
		return (int) $this->get_meta( '_variation_id' );
	}
	public function get_quantity() {
		return (int) $this->get_meta( '_qty' );
	}
	public function get_product() {
		return wc_get_product( $this->get_variation_id() ? $this->get_variation_id() : $this->get_product_id() );
	}
	public function set_order_id( $order_id ) {
		$this->order_id = $order_id;
	}
	public function get_order_id() {
		return $this->order_id;
	}
	public function save() {
		global $wpdb;
		if ( ! $this->id ) {
			$product = $this->get_product();
			$wpdb->insert(
				$wpdb->prefix . 'woocommerce_order_items',
				array(
					'order_item_name' => $product ? $product->get_name() : '',
					'order_item_type' => 'line_item',
					'order_id'        => $this->order_id,
				)
			);
			$this->id = (int) $wpdb->insert_id;
		}
		$this->save_meta_data();
		return $this->id;
	}
}

class WC_Order extends Rig_With_Meta {

	private $fields = array(
		'status'        => 'pending',
		'billing_email' => '',
		'customer_id'   => 0,
	);
	private $items  = array();

	public function __construct( $id = 0 ) {
		global $wpdb;
		$row = $id ? $wpdb->get_row( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}wc_orders WHERE id = %d", $id ), ARRAY_A ) : null;
		if ( $id && ! $row ) {
			throw new Exception( 'Invalid order.' );
		}
		if ( $row ) {
			$this->id     = (int) $id;
			$this->fields = array_intersect_key( $row, $this->fields );
			$this->read_meta();
			foreach ( $wpdb->get_results( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}woocommerce_order_items WHERE order_id = %d", $id ) ) as $item ) {
				$this->items[ (int) $item->order_item_id ] = WC_Order_Item_Product::of_row( $item );
			}
		}
	}
	protected function table() {
		return array( 'wc_orders_meta', 'order_id' );
	}
	public function get_type() {
		return 'shop_order';
	}
	public function get_items( $types = 'line_item' ) {
		return apply_filters( 'woocommerce_order_get_items', $this->items, $this, (array) $types );
	}
	public function add_item( $item ) {
		$this->items[ 'new:' . count( $this->items ) ] = $item;
	}
	public function get_status() {
		return $this->fields['status'];
	}
	public function has_status( $status ) {
		return in_array( $this->get_status(), (array) $status, true );
	}
	public function get_billing_email( $context = 'view' ) {
		return $this->fields['billing_email'];
	}
	public function set_billing_email( $email ) {
		$this->fields['billing_email'] = $email;
	}
	public function get_customer_id() {
		return (int) $this->fields['customer_id'];
	}
	public function get_order_key() {
		return 'wc_order_rig';
	}
	public function get_order_number() {
		return (string) $this->id;
	}
	public function get_checkout_order_received_url() {
		return add_query_arg( 'key', $this->get_order_key(), trailingslashit( wc_get_checkout_url() ) . 'order-received/' . $this->id . '/' );
	}
	public function save() {
		global $wpdb;
		if ( ! $this->id ) {
			$wpdb->insert( $wpdb->prefix . 'wc_orders', array( 'date_created_gmt' => gmdate( 'Y-m-d H:i:s' ) ) + $this->fields );
			$this->id = (int) $wpdb->insert_id;
		} else {
			$wpdb->update( $wpdb->prefix . 'wc_orders', $this->fields, array( 'id' => $this->id ) );
		}
		$this->save_meta_data();
		foreach ( $this->items as $item ) {
			$item->set_order_id( $this->id );
			$item->save();
		}
		return $this->id;
	}
	public function update_status( $status, $note = '', $manual = false ) {
		$this->fields['status'] = $status;
		$this->save();
		if ( in_array( $status, array( 'processing', 'completed', 'on-hold' ), true ) && ! $this->get_meta( '_order_stock_reduced' ) ) {
			foreach ( $this->items as $item ) {
				if ( $item->get_product() && $item->get_product()->managing_stock() ) {
					wc_update_product_stock( $item->get_product(), $item->get_quantity(), 'decrease' );
				}
			}
			$this->update_meta_data( '_order_stock_reduced', 'yes' );
			$this->save_meta_data();
		}
		do_action( 'woocommerce_order_status_' . $status, $this->id, $this );
		do_action( 'woocommerce_order_status_changed', $this->id, '', $status, $this );
	}
}

class WC_Checkout {

	private static $instance = null;

	public static function instance() {
		if ( null === self::$instance ) {
			self::$instance = new self();
		}
		return self::$instance;
	}
	public function create_order_line_items( $order, $cart ) {
		foreach ( $cart->get_cart() as $key => $values ) {
			$item = new WC_Order_Item_Product();
			$item->set_product( $values['data'] );
			$item->set_quantity( $values['quantity'] );
			do_action( 'woocommerce_checkout_create_order_line_item', $item, $key, $values, $order );
			$order->add_item( $item );
		}
	}
	/** What the classic checkout does when its form has been sent. */
	public function create_order( $data ) {
		$order = new WC_Order();
		$order->set_billing_email( isset( $data['billing_email'] ) ? $data['billing_email'] : '' );
		$this->create_order_line_items( $order, WC()->cart );
		do_action( 'woocommerce_checkout_create_order', $order, $data );
		$order_id = $order->save();
		do_action( 'woocommerce_checkout_update_order_meta', $order_id, $data );
		do_action( 'woocommerce_checkout_order_created', $order );
		return $order_id;
	}
}

function wc_get_order( $the_order = false ) {
	if ( $the_order instanceof WC_Order ) {
		return $the_order;
	}
	try {
		return (int) $the_order > 0 ? new WC_Order( (int) $the_order ) : false;
	} catch ( Exception $none ) {
		return false;
	}
}

function wc_get_orders( $args ) {
	global $wpdb;
	$where  = array( '1 = 1' );
	$orders = $wpdb->prefix . 'wc_orders';
	if ( ! empty( $args['customer'] ) || ! empty( $args['billing_email'] ) ) {
		// Ids and addresses, any of them.
		$who     = (array) ( ! empty( $args['billing_email'] ) ? $args['billing_email'] : $args['customer'] );
		$ids     = implode( ',', array_map( 'intval', array_merge( array( -1 ), array_filter( $who, 'is_numeric' ) ) ) );
		$emails  = implode( "','", array_map( 'esc_sql', $who ) );
		$where[] = "( customer_id IN ($ids) OR billing_email IN ('$emails') )";
	}
	if ( ! empty( $args['meta_key'] ) ) {
		$where[] = $wpdb->prepare( "id IN (SELECT order_id FROM {$orders}_meta WHERE meta_key = %s)", $args['meta_key'] );
	}
	foreach ( isset( $args['meta_query'] ) ? (array) $args['meta_query'] : array() as $clause ) {
		if ( is_array( $clause ) && isset( $clause['key'] ) ) {
			$where[] = $wpdb->prepare( "id IN (SELECT order_id FROM {$orders}_meta WHERE meta_key = %s)", $clause['key'] );
		}
	}
	$limit = isset( $args['limit'] ) ? (int) $args['limit'] : 10;
	$page  = isset( $args['paged'] ) ? max( 1, (int) $args['paged'] ) : ( isset( $args['page'] ) ? max( 1, (int) $args['page'] ) : 1 );
	$ids   = $wpdb->get_col( "SELECT id FROM {$orders} WHERE " . implode( ' AND ', $where ) . ' ORDER BY id' . ( $limit > 0 ? " LIMIT {$limit} OFFSET " . ( ( $page - 1 ) * $limit ) : '' ) );
	return isset( $args['return'] ) && 'ids' === $args['return'] ? array_map( 'intval', $ids ) : array_map( 'wc_get_order', $ids );
}

function wc_get_order_item_meta( $item_id, $key, $single = true ) {
	global $wpdb;
	return $wpdb->get_var( $wpdb->prepare( "SELECT meta_value FROM {$wpdb->prefix}woocommerce_order_itemmeta WHERE order_item_id = %d AND meta_key = %s", $item_id, $key ) );
}
