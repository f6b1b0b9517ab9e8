"""How slates are made in a real WordPress: of what is on the shelf now, in a moment, whatever the app does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wordpress.rig import WordPress
from tests.wordpress.shown import Shown, slates
from tests.wordpress.slate_app import SLATE, SlateApp, serve_slates

GOODS = ("bowl", "plate", "teapot", "jug", "tray", "spoon-rest")
OPEN = "return Shelfwise\\Breaker::state()['failures'] >= 3;"
AGE = (
    "global $wpdb; foreach ($wpdb->get_col('SELECT option_name FROM ' . $wpdb->options) as $name) {"
    " if (0 === strpos($name, '_transient_shelfwise_slate_')) {"
    " $kept = get_option($name); $kept['at'] -= 600; update_option($name, $kept); } }"
)
CRON = (
    "foreach (_get_cron_array() as $hooks) { foreach ($hooks['shelfwise_refresh'] ?? array() as $event) {"
    " do_action('shelfwise_refresh', $event['args'][0]); } }"
)
NONSENSE = (
    b"",
    b"null",
    b"{",
    b'{"slate":"x","items":[]}',
    b'{"slate":["a"],"items":[]}',
    b'{"slate":"%s","items":"all"}' % SLATE.encode(),
    b'{"slate":"%s","items":[1,null,{"product":"1e9"},{"product":{}},{"product":"-1"},{"product":"9%s"}]}'
    % (SLATE.encode(), b"9" * 40),
    b"[" * 100_000,
)
NO_QUESTIONS: tuple[dict[str, object], ...] = (
    {"visitor": "<script>"},
    {"visitor": None},
    {"placement": "checkout"},
    {"product": ["1 or 1=1"]},
    {"product": [1] * 500},
    {"count": 10**9},
    {"cart": {"a": {"b": 1}}},
)


@pytest.fixture
def answering() -> Iterator[SlateApp]:
    with serve_slates() as app:
        yield app


@pytest.fixture
def shop(wordpress: WordPress, answering: SlateApp) -> WordPress:
    """A shop that is connected with an app."""
    answering.products = [wordpress.product(each) for each in GOODS]
    wordpress.link(answering.url)
    return wordpress


def shown(shop: WordPress, path: str = "/product/mug/") -> list[Shown]:
    """The slates of a page."""
    answer = shop.get(path)
    assert answer.status_code == 200
    return slates(answer.text)


def test_cards_say_what_the_shop_says(shop: WordPress) -> None:
    (slate,) = shown(shop)
    assert slate.heading == "You may also like"
    assert slate.products == [shop.product(each) for each in GOODS[:4]]
    assert slate.marks == [f"{SLATE}:{position}" for position in (1, 2, 3, 4)]
    for part in ("/product/bowl/", ">Bowl</a>", "7.00", 'srcset="', 'loading="lazy"', 'alt=""', "Rated 4.5 out of 5"):
        assert part in slate.text, part
    assert f'name="add-to-cart" value="{shop.product("bowl")}"' in slate.text


def test_what_can_not_be_had_now_is_not_offered(shop: WordPress, answering: SlateApp) -> None:
    gone = [shop.product(each) for each in ("sold-out", "draft", "hidden", "no-price", "shirt-small", "mug")]
    answering.products = [*gone, 99999999, shop.product("on-order"), *answering.products]
    (slate,) = shown(shop)
    assert not set(slate.products) & {*gone, 99999999}
    assert slate.products[0] == shop.product("on-order")


def test_a_kept_slate_never_shows_what_has_sold_out_since(shop: WordPress, answering: SlateApp) -> None:
    assert shop.product("bowl") in shown(shop)[0].products
    shop.run(f"wc_update_product_stock({shop.product('bowl')}, 0);")
    (slate,) = shown(shop)
    assert shop.product("bowl") not in slate.products
    assert len(slate.products) == 4
    assert len(answering.asked) == 1


def test_what_has_to_be_chosen_is_linked(shop: WordPress, answering: SlateApp) -> None:
    answering.products = [shop.product("shirt")]
    (slate,) = shown(shop)
    assert "<form" not in slate.text
    assert '/product/shirt/" aria-label=' in slate.text


def test_names_can_not_break_out(shop: WordPress) -> None:
    shop.run(
        f"$product = wc_get_product({shop.product('bowl')});"
        """$product->set_name('"><script>alert(1)</script>\\' onx=1'); $product->save();"""
    )
    (slate,) = shown(shop)
    assert "<script" not in slate.text
    assert "<form" in slate.text


@pytest.mark.parametrize(("kind", "heading"), [("trending", "Popular right now"), ("new", "New in the shop")])
def test_a_heading_is_true_of_what_is_shown(shop: WordPress, answering: SlateApp, kind: str, heading: str) -> None:
    answering.reason = {"kind": kind, "because": None}
    assert shown(shop)[0].heading == heading


def test_nonsense_shows_nothing_and_breaks_nothing(shop: WordPress, answering: SlateApp) -> None:
    for body in NONSENSE:
        answering.body = body
        assert shown(shop) == [], body
        shop.run("delete_transient('shelfwise_breaker');")
    assert len(answering.asked) >= len(NONSENSE) - 1


def test_an_app_that_fails_is_left_alone(shop: WordPress, answering: SlateApp) -> None:
    answering.status = 500
    for path in ("/product/mug/", "/product/bowl/", "/product/plate/", "/product/jug/", "/product/tray/"):
        assert shown(shop, path) == []
    assert len(answering.asked) == 3
    assert shop.run(OPEN)


def test_a_slow_app_costs_three_pages_a_moment_each_and_then_nothing(shop: WordPress, answering: SlateApp) -> None:
    shown(shop)
    # In time for a limit of a second, to which WordPress rounds, and too late for ours.
    answering.delay = 0.8
    for path in ("/product/bowl/", "/product/plate/", "/product/jug/", "/product/tray/", "/product/teapot/"):
        assert shown(shop, path) == []
    assert len(answering.asked) == 4
    assert len(shown(shop)) == 1


def test_an_aged_slate_is_shown_at_once_and_renewed_after_the_page(shop: WordPress, answering: SlateApp) -> None:
    shown(shop)
    shop.run(AGE)
    answering.products.reverse()
    assert shown(shop)[0].products[0] == shop.product("bowl")
    assert len(answering.asked) == 1
    shop.run(CRON)
    assert len(answering.asked) == 2
    assert shown(shop)[0].products[0] == shop.product("spoon-rest")


def test_once_the_app_is_back_one_question_finds_out(shop: WordPress, answering: SlateApp) -> None:
    answering.status = 500
    for path in ("/product/mug/", "/product/bowl/", "/product/plate/"):
        shown(shop, path)
    answering.status = 200
    assert shown(shop) == []
    shop.run("set_transient('shelfwise_breaker', array('failures' => 3, 'until' => time() - 200), 3600);")
    assert len(shown(shop)) == 1
    assert not shop.run(OPEN)


def test_searches_share_a_bounded_number_of_places(shop: WordPress) -> None:
    places = shop.run(
        "$place = new ReflectionMethod('Shelfwise\\\\Slates', 'place'); $place->setAccessible(true); $names = array();"
        "for ($i = 0; $i < 5000; $i++) { $names[$place->invoke(null, array('placement' => 'search'), md5($i))] = 1; }"
        "return count($names);"
    )
    assert places <= 1024


def test_a_filter_that_throws_costs_the_slate_and_not_the_page(shop: WordPress) -> None:
    plugin = "<?php add_filter('woocommerce_get_price_html', function ($price) { throw new Exception('broken'); });"
    (shop.content / "mu-plugins" / "broken.php").write_text(plugin)
    try:
        page = shop.get("/nothing-here/")
    finally:
        (shop.content / "mu-plugins" / "broken.php").unlink()
    assert page.status_code == 404
    assert slates(page.text) == []
    assert "</html>" in page.text


def test_a_copy_of_the_shop_shows_nothing(shop: WordPress, answering: SlateApp) -> None:
    shop.run("update_option('shelfwise_link', array('home' => 'https://live.example') + get_option('shelfwise_link'));")
    assert shown(shop) == []
    assert answering.asked == []


def test_a_personal_slate_is_made_for_a_visitor_and_kept_by_nobody(shop: WordPress, answering: SlateApp) -> None:
    body = {"visitor": "visitor-0001", "placement": "product", "product": [shop.product("mug")], "count": 3}
    answer = shop.request("POST", "/wp-json/shelfwise/v1/slate", json=body)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.json()["heading"] == "Picked for you"
    assert answer.json()["html"].count("<li ") == 3
    assert shown(shop)[0].products[0] == shop.product("bowl")
    answering.personal = {"kind": "session", "because": str(shop.product("mug"))}
    assert shop.request("POST", "/wp-json/shelfwise/v1/slate", json=body).status_code == 204


def test_a_personal_slate_takes_no_nonsense(shop: WordPress, answering: SlateApp) -> None:
    right = {"visitor": "visitor-0001", "placement": "product", "product": [], "count": 3}
    for wrong in NO_QUESTIONS:
        answer = shop.request("POST", "/wp-json/shelfwise/v1/slate", json={**right, **wrong})
        assert answer.status_code == 400, wrong
    assert answering.asked == []
