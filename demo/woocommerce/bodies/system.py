"""What `system_status` tells, in the recorded shape."""

from __future__ import annotations

from demo.woocommerce.bodies.common import ENTITIES, Body
from demo.woocommerce.state import PlayedShop

PAGES = (
    ("Shop base", "", ""),
    ("Cart", "[woocommerce_cart]", "woocommerce/cart"),
    ("Checkout", "[woocommerce_checkout]", "woocommerce/checkout"),
    ("My account", "[woocommerce_my_account]", ""),
    ("Terms and conditions", "", ""),
)
FEATURES = ["analytics", "marketplace", "order_attribution", "custom_order_tables"]
DATASTORE = "Automattic\\WooCommerce\\Internal\\DataStores\\Orders\\OrdersTableDataStore"


def system_status(shop: PlayedShop) -> Body:
    """The whole of it."""
    return {
        "environment": _environment(shop),
        "theme": _theme(shop),
        "settings": _settings(shop),
        "pages": [_page(place, *each) for place, each in enumerate(PAGES)],
        "post_type_counts": [{"type": "product", "count": str(len(shop.products))}],
    }


def _environment(shop: PlayedShop) -> Body:
    return {
        "home_url": shop.address,
        "site_url": shop.address,
        "store_id": shop.store_id,
        "version": shop.version,
        "log_directory": "/srv/shop/wc-logs/",
        "log_directory_writable": True,
        "wp_version": shop.wordpress,
        "wp_multisite": False,
        "wp_memory_limit": 536870912,
        "wp_debug_mode": False,
        "wp_cron": False,
        "wp_environment_type": "production",
        "language": "en_GB",
        "external_object_cache": None,
        "server_info": "nginx/1.22.1",
        "server_architecture": "Linux x86_64",
        "php_version": shop.php,
        "php_post_max_size": 8388608,
        "php_max_execution_time": 300,
        "php_max_input_vars": 1000,
        "curl_version": "7.88.1, OpenSSL/3.0.19",
        "suhosin_installed": False,
        "max_upload_size": 2097152,
        "mysql_version": "10.11.19",
        "mysql_version_string": "10.11.19-MariaDB",
        "default_timezone": "UTC",
        **dict.fromkeys(("fsockopen_or_curl_enabled", "soapclient_enabled", "domdocument_enabled"), True),
        **dict.fromkeys(("gzip_enabled", "mbstring_enabled"), True),
        **dict.fromkeys(("remote_post_successful", "remote_post_response"), False),
        **dict.fromkeys(("remote_get_successful", "remote_get_response"), False),
    }


def _theme(shop: PlayedShop) -> Body:
    return {
        "name": shop.theme,
        "version": "1.5",
        "version_latest": 0,
        "author_url": "https://wordpress.org",
        "is_child_theme": False,
        "is_block_theme": shop.block_theme,
        "has_woocommerce_support": False,
        "has_woocommerce_file": False,
        "has_outdated_templates": False,
        "overrides": [],
        **dict.fromkeys(("parent_name", "parent_version", "parent_version_latest", "parent_author_url"), ""),
    }


def _settings(shop: PlayedShop) -> Body:
    hidden = ("exclude-from-catalog", "exclude-from-search", "featured", "outofstock")
    rated = tuple(f"rated-{each}" for each in range(1, 6))
    return {
        "api_enabled": False,
        "force_ssl": False,
        "currency": shop.currency,
        "currency_symbol": ENTITIES.get(shop.currency, shop.currency),
        "currency_position": "left",
        "thousand_separator": ",",
        "decimal_separator": ".",
        "number_of_decimals": 2,
        "geolocation_enabled": False,
        "taxonomies": {each: each for each in ("external", "grouped", "simple", "variable")},
        "product_visibility_terms": {each: each for each in (*hidden, *rated)},
        "woocommerce_com_connected": "no",
        "enforce_approved_download_dirs": True,
        "order_datastore": DATASTORE,
        "HPOS_enabled": True,
        "HPOS_sync_enabled": False,
        "enabled_features": FEATURES,
    }


def _page(place: int, name: str, shortcode: str, block: str) -> Body:
    there = name != "Terms and conditions"
    return {
        "page_name": name,
        "page_id": str(6 + place) if there else "",
        **dict.fromkeys(("page_set", "page_exists", "page_visible"), there),
        "shortcode": shortcode,
        "block": block,
        "shortcode_required": bool(shortcode),
        "shortcode_present": bool(shortcode) and not block,
        "block_present": bool(block),
        "block_required": bool(block),
    }
