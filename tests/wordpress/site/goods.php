<?php
/**
 * What the shop of the tests sells, its pages and its keys.
 */

$_SERVER['HTTP_HOST']      = '127.0.0.1';
$_SERVER['REQUEST_METHOD'] = 'GET';
require $argv[1] . '/wp-load.php';
wp_set_current_user( 1 );
rig_wc_tables();

foreach (
	array(
		'woocommerce_currency'     => 'GBP',
		'woocommerce_manage_stock' => 'yes',
		'woocommerce_version'      => WC_VERSION,
		'woocommerce_hide_out_of_stock_items' => 'no',
	) as $name => $value
) {
	update_option( $name, $value );
}
$cart     = '<!-- wp:woocommerce/cart --><div class="wp-block-woocommerce-cart alignwide is-loading"></div><!-- /wp:woocommerce/cart -->';
$checkout = '<!-- wp:woocommerce/checkout --><div class="wp-block-woocommerce-checkout alignwide wc-block-checkout is-loading"></div><!-- /wp:woocommerce/checkout -->';
foreach ( array( 'Shop' => '', 'Cart' => $cart, 'Checkout' => $checkout, 'My account' => '' ) as $title => $content ) {
	$page = wp_insert_post(
		array(
			'post_type'    => 'page',
			'post_status'  => 'publish',
			'post_title'   => $title,
			'post_content' => $content,
		)
	);
	update_option( 'woocommerce_' . str_replace( ' ', '', strtolower( $title ) ) . '_page_id', $page );
}

/** A picture of one colour, as a PNG. */
function rig_png( $size, $colour ) {
	$rows  = str_repeat( "\0" . str_repeat( pack( 'C3', ...$colour ), $size ), $size );
	$chunk = function ( $type, $data ) {
		return pack( 'N', strlen( $data ) ) . $type . $data . pack( 'N', crc32( $type . $data ) );
	};
	return "\x89PNG\r\n\x1a\n" . $chunk( 'IHDR', pack( 'NNCCCCC', $size, $size, 8, 2, 0, 0, 0 ) ) . $chunk( 'IDAT', gzcompress( $rows ) ) . $chunk( 'IEND', '' );
}

/** A picture in the media library. */
function rig_picture( $name, $colour ) {
	$folder = wp_upload_dir( '2026/11' );
	$sizes  = array();
	foreach ( array( '' => 600, 'thumbnail' => 150, 'medium' => 300, 'woocommerce_thumbnail' => 324 ) as $size => $pixels ) {
		$file = $name . ( $size ? "-{$pixels}x{$pixels}" : '' ) . '.png';
		file_put_contents( $folder['path'] . '/' . $file, rig_png( $pixels, $colour ) );
		$sizes[ $size ] = array(
			'file'      => $file,
			'width'     => $pixels,
			'height'    => $pixels,
			'mime-type' => 'image/png',
		);
	}
	$id = wp_insert_attachment(
		array(
			'post_title'     => $name,
			'post_mime_type' => 'image/png',
			'guid'           => $folder['url'] . '/' . $sizes['']['file'],
		),
		$folder['path'] . '/' . $sizes['']['file']
	);
	wp_update_attachment_metadata(
		$id,
		array(
			'width'  => 600,
			'height' => 600,
			'file'   => '2026/11/' . $sizes['']['file'],
			'sizes'  => array_diff_key( $sizes, array( '' => 1 ) ),
		)
	);
	return $id;
}

/** A product of the shop. */
function rig_product( $class, array $props ) {
	$product = new $class();
	foreach ( $props + array( 'status' => 'publish', 'regular_price' => '12.00' ) as $prop => $value ) {
		$product->{"set_{$prop}"}( $value );
	}
	return $product->save();
}

$category = wp_insert_term( 'Kitchen', 'product_cat', array( 'slug' => 'kitchen' ) );
$names    = array( 'Mug', 'Bowl', 'Plate', 'Teapot', 'Jug', 'Tray', 'Spoon rest', 'Butter dish', 'Egg cup', 'Milk jug', 'Sugar bowl', 'Cake stand', 'Toast rack', 'Salt & pepper', 'Hand-thrown stoneware serving bowl with a lid', 'Coaster' );
foreach ( $names as $number => $name ) {
	$id = rig_product(
		'WC_Product_Simple',
		array(
			'name'          => $name,
			'sku'           => sanitize_title( $name ),
			'regular_price' => (string) ( 6 + $number ),
			'sale_price'    => 3 === $number % 5 ? (string) ( 4 + $number ) : '',
			'description'   => 'Made up for tests.',
			'manage_stock'  => true,
			'stock_quantity' => 20,
			'average_rating' => 0 === $number % 3 ? 4.5 : 0,
			'rating_count'  => 0 === $number % 3 ? 12 : 0,
			'image_id'      => rig_picture( sanitize_title( $name ), array( 120 + 8 * $number, 200 - 7 * $number, 90 + ( 37 * $number ) % 120 ) ),
		)
	);
	wp_set_object_terms( $id, 'kitchen', 'product_cat' );
}
rig_product( 'WC_Product_Simple', array( 'name' => 'Sold out', 'sku' => 'sold-out', 'manage_stock' => true, 'stock_quantity' => 0 ) );
rig_product( 'WC_Product_Simple', array( 'name' => 'On order', 'sku' => 'on-order', 'manage_stock' => true, 'stock_quantity' => 0, 'backorders' => 'notify' ) );
rig_product( 'WC_Product_Simple', array( 'name' => 'Not counted', 'sku' => 'not-counted' ) );
rig_product( 'WC_Product_Simple', array( 'name' => 'Hidden', 'sku' => 'hidden', 'catalog_visibility' => 'hidden' ) );
rig_product( 'WC_Product_Simple', array( 'name' => 'Draft', 'sku' => 'draft', 'status' => 'draft' ) );
rig_product( 'WC_Product_Simple', array( 'name' => 'No price', 'sku' => 'no-price', 'regular_price' => '' ) );
foreach ( array( 'shirt' => false, 'scarf' => true ) as $sku => $counts ) {
	$parent = rig_product(
		'WC_Product_Variable',
		array( 'name' => ucfirst( $sku ), 'sku' => $sku, 'regular_price' => '' ) + ( $counts ? array( 'manage_stock' => true, 'stock_quantity' => 5 ) : array() )
	);
	foreach ( array( 'small', 'large' ) as $size ) {
		rig_product(
			'WC_Product_Variation',
			array( 'name' => ucfirst( $sku ) . ' - ' . $size, 'sku' => "{$sku}-{$size}", 'parent_id' => $parent, 'regular_price' => '20.00' )
				+ ( $counts ? array() : array( 'manage_stock' => true, 'stock_quantity' => 3 ) )
		);
	}
	rig_wc_sync( $parent );
}

global $wpdb;
$wpdb->insert(
	$wpdb->prefix . 'woocommerce_api_keys',
	array(
		'user_id'         => 1,
		'description'     => 'Shelfwise',
		'permissions'     => 'read_write',
		'consumer_key'    => hash_hmac( 'sha256', 'ck_rig', 'wc-api' ),
		'consumer_secret' => 'cs_rig',
		'truncated_key'   => '_rig',
	)
);
wp_insert_user( array( 'user_login' => 'shopper', 'user_pass' => wp_generate_password(), 'user_email' => 'shopper@people.example', 'role' => 'customer' ) );
wp_insert_user( array( 'user_login' => 'manager', 'user_pass' => wp_generate_password(), 'user_email' => 'manager@shop.example', 'role' => 'shop_manager' ) );
flush_rewrite_rules();
echo "stocked\n";
