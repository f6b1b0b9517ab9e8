"""The plugin as a whole in every WordPress: on each page, with an app and without one, and gone without a trace."""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.wordpress.rig import MERCHANT, PLUGIN_FILE, WordPress
from tests.wordpress.shown import slates
from tests.wordpress.slate_app import SlateApp, serve_slates

SKUS = ("teapot", "jug", "tray", "sold-out", "hidden", "draft", "no-price", "shirt", "coaster", "plate")
# Where a shop shows a slate by itself.
PLACES = (
    "/product/mug/",
    "/shop/",
    "/product-category/kitchen/",
    "/cart/",
    "/?s=nothing-of-this&post_type=product",
    "/nothing-here/",
)
ADMIN = "require_once ABSPATH . 'wp-admin/includes/plugin.php';"
BOTH = pytest.mark.parametrize("wordpress", ["6.5", "6.7"], indirect=True)
THEMES = pytest.mark.parametrize("theme", ["block", "classic"])


@pytest.fixture
def app(wordpress: WordPress) -> Iterator[SlateApp]:
    """An app that answers, linked with the shop."""
    with serve_slates() as running:
        running.products = [wordpress.product(sku) for sku in SKUS]
        wordpress.link(running.url)
        yield running


def nowhere() -> str:
    """An address where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@BOTH
@THEMES
def test_every_placement_shows_one_slate(wordpress: WordPress, app: SlateApp, theme: str) -> None:
    wordpress.use_theme(theme)
    places = (*PLACES, wordpress.order("mug", "bowl"))
    shown = {path: [len(each.products) for each in slates(wordpress.get(path).text)] for path in places}
    assert shown == {path: [4] for path in places}


@THEMES
def test_carts_and_checkouts_of_shortcodes_show_one_slate_too(wordpress: WordPress, app: SlateApp, theme: str) -> None:
    wordpress.use_theme(theme)
    wordpress.use_shortcodes()
    added = wordpress.get(f"/cart/?add-to-cart={wordpress.product('mug')}")
    full = wordpress.get("/cart/", cookies=added.cookies)
    assert "shop_table" in full.text
    pages = (added, full, wordpress.get("/cart/"), wordpress.get(wordpress.order("mug")))
    assert [len(slates(page.text)) for page in pages] == [1, 1, 1, 1]
    assert slates(wordpress.get("/checkout/").text) == []


@BOTH
@THEMES
def test_with_a_dead_app_every_page_is_whole(wordpress: WordPress, theme: str) -> None:
    wordpress.use_theme(theme)
    wordpress.link(nowhere())
    for path in (*PLACES, wordpress.order("mug", "bowl")):
        page = wordpress.get(path)
        assert page.status_code == (404 if path == "/nothing-here/" else 200)
        assert "</html>" in page.text
        assert slates(page.text) == []


@BOTH
def test_without_woocommerce_it_does_nothing_and_says_nothing(wordpress: WordPress, app: SlateApp) -> None:
    wordpress.run(f"update_option('active_plugins', array('{PLUGIN_FILE}'));")
    for path in ("/", "/shop/", "/nothing-here/"):
        assert slates(wordpress.get(path).text) == []
    for path in ("/wp-admin/options-general.php", "/wp-admin/edit.php"):
        assert wordpress.get(path, user=MERCHANT).status_code == 200
    assert app.asked == []


@BOTH
def test_its_page_is_the_merchants_alone(wordpress: WordPress) -> None:
    page = "/wp-admin/admin.php?page=shelfwise"
    before = wordpress.get(page, user=MERCHANT)
    wordpress.link(nowhere())
    after = wordpress.get(page, user=MERCHANT)
    for shown in (before, after):
        assert shown.status_code == 200
        assert "Shelfwise" in shown.text
        assert "</html>" in shown.text
    shopper = int(wordpress.run("return get_user_by('login', 'shopper')->ID;"))
    assert wordpress.get(page, user=shopper).status_code == 403


@BOTH
def test_it_goes_without_a_trace(wordpress: WordPress, app: SlateApp) -> None:
    _uninstall(wordpress)
    before = _left(wordpress)
    wordpress.run(f"{ADMIN} activate_plugin('{PLUGIN_FILE}');")
    wordpress.link(app.url)
    for path in PLACES:
        wordpress.get(path)
    wordpress.run("wc_update_product_stock(wc_get_product_id_by_sku('mug'), 3);")
    wordpress.get("/wp-admin/admin.php?page=shelfwise", user=MERCHANT)
    order = re.findall(r"order-received/(\d+)", wordpress.order("mug"))[0]
    wordpress.run(
        f"$order = wc_get_order({order}); $order->update_meta_data('_shelfwise_visitor', 'v1');"
        "foreach ($order->get_items() as $item) { $item->add_meta_data('_shelfwise', 'a:1'); } $order->save();"
    )
    assert _left(wordpress) != before
    _uninstall(wordpress)
    assert _left(wordpress) == before


def _uninstall(wordpress: WordPress) -> None:
    wordpress.run(f"{ADMIN} deactivate_plugins('{PLUGIN_FILE}');")
    wordpress.run(f"{ADMIN} uninstall_plugin('{PLUGIN_FILE}');")


def _left(wordpress: WordPress) -> dict[str, list[str]]:
    """Everything in the database that could be the plugin's: names of options, of metadata, of tables."""
    ours = "LIKE '%shelfwise%'"
    named = {
        "options": f"SELECT option_name FROM wp_options WHERE option_name {ours}",
        "scheduled": f"SELECT option_name FROM wp_options WHERE option_name = 'cron' AND option_value {ours}",
        "posts": f"SELECT meta_key FROM wp_postmeta WHERE meta_key {ours}",
        "people": f"SELECT meta_key FROM wp_usermeta WHERE meta_key {ours}",
        "orders": f"SELECT meta_key FROM wp_wc_orders_meta WHERE meta_key {ours}",
        "lines": f"SELECT meta_key FROM wp_woocommerce_order_itemmeta WHERE meta_key {ours}",
        "actions": f"SELECT hook FROM wp_actionscheduler_actions WHERE hook {ours} AND status = 'pending'",
        "tables": "SELECT name FROM sqlite_master WHERE type = 'table'",
    }
    with closing(sqlite3.connect(wordpress.content / "database" / "site.sqlite")) as database:
        return {name: sorted({row[0] for row in database.execute(query)}) for name, query in named.items()}
