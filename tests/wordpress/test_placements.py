"""Where slates are shown in a real WordPress: everywhere they are meant to be, and never twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wordpress.rig import WordPress
from tests.wordpress.shown import slates
from tests.wordpress.slate_app import SlateApp, serve_slates

GOODS = ("mug", "bowl", "plate", "teapot", "jug", "tray", "spoon-rest", "butter-dish", "egg-cup", "milk-jug")
BLOCK = '<!-- wp:shelfwise/slate {"placement":"%s"} /-->'


@pytest.fixture(scope="module")
def answering() -> Iterator[SlateApp]:
    with serve_slates() as app:
        yield app


@pytest.fixture
def shop(wordpress: WordPress, answering: SlateApp) -> WordPress:
    """A shop that is connected, whose app recommends everything."""
    skus = ", ".join(f"'{each}'" for each in GOODS)
    answering.products = [
        int(each) for each in wordpress.run(f"return array_map('wc_get_product_id_by_sku', array({skus}));")
    ]
    answering.asked.clear()
    wordpress.link(answering.url)
    return wordpress


def page_of(shop: WordPress, content: str) -> str:
    """The path of a new page."""
    made = shop.run(
        f"$id = wp_insert_post(array('post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'New', "
        f"'post_content' => {content!r})); return str_replace(home_url(), '', get_permalink($id));"
    )
    return str(made)


def placements(shop: WordPress, path: str) -> list[str]:
    """The placements that a page shows, as the app calls them."""
    return [each.told["placement"] for each in slates(shop.get(path).text)]


@pytest.mark.parametrize("wordpress", ["6.5", "6.7"], indirect=True)
@pytest.mark.parametrize("theme", ["block", "classic"])
def test_every_page_shows_its_one_slate(shop: WordPress, theme: str) -> None:
    shop.use_theme(theme)
    assert placements(shop, "/product/mug/") == ["product"]
    assert placements(shop, "/shop/") == ["collection"]
    assert placements(shop, "/product-category/kitchen/") == ["collection"]
    assert placements(shop, "/cart/") == ["cart"]
    assert placements(shop, shop.order("mug", "bowl")) == ["post_purchase"]
    assert placements(shop, "/?s=nothing-of-this&post_type=product") == ["search"]
    assert placements(shop, "/nothing-here/") == ["home"]


def test_a_cart_of_shortcodes_shows_one_slate(shop: WordPress) -> None:
    shop.use_theme("classic")
    shop.use_shortcodes()
    assert placements(shop, "/cart/") == ["cart"]
    assert placements(shop, shop.order("mug")) == ["post_purchase"]


@pytest.mark.parametrize("path", ["/", "/checkout/", "/?s=mug&post_type=product", "/feed/", "/wp-json/wp/v2/pages"])
def test_other_pages_show_none_and_load_nothing(shop: WordPress, path: str) -> None:
    text = shop.get(path).text
    assert slates(text) == []
    assert "plugins/shelfwise" not in text


@pytest.mark.parametrize("theme", ["block", "classic"])
def test_what_is_switched_off_is_nowhere(shop: WordPress, theme: str) -> None:
    shop.use_theme(theme)
    shop.run(
        "$names = array_keys(Shelfwise\\Settings::DEFAULTS);"
        "update_option('shelfwise_settings', array_fill_keys($names, array('on' => false)));"
    )
    for path in ("/product/mug/", "/shop/", "/cart/", "/nothing-here/", page_of(shop, "[shelfwise]")):
        assert slates(shop.get(path).text) == [], path


def test_a_block_and_a_shortcode_take_the_merchants_wishes(shop: WordPress) -> None:
    path = page_of(
        shop, '<!-- wp:shelfwise/slate {"placement":"home","count":3,"heading":"A & <b>B","layout":"grid"} /-->'
    )
    (block,) = slates(shop.get(path).text)
    assert (block.heading, len(block.products)) == ("A & B", 3)
    assert 'data-shelfwise-layout="grid"' in block.text
    jug = shop.product("jug")
    (short,) = slates(shop.get(page_of(shop, f'[shelfwise placement="product" product="{jug}" count="2"]')).text)
    assert short.told["product"] == [jug]
    assert len(short.products) == 2


@pytest.mark.parametrize("content", ["[shelfwise][shelfwise]", BLOCK % "home" * 2, "[shelfwise placement='nonsense']"])
def test_a_placement_stands_once_on_a_page(shop: WordPress, content: str) -> None:
    assert placements(shop, page_of(shop, content)) == ["home"]


def test_a_block_put_there_by_hand_takes_the_place_of_the_automatic_one(shop: WordPress) -> None:
    shop.run(
        "$id = wc_get_page_id('cart'); wp_update_post(array('ID' => $id, 'post_content' => get_post($id)->post_content"
        ' . \'<!-- wp:shelfwise/slate {"placement":"cart","heading":"By hand"} /-->\'));'
    )
    (shown,) = slates(shop.get("/cart/").text)
    assert shown.heading == "By hand"


@pytest.mark.parametrize(
    ("metadata", "shown"), [("", 1), ('{"metadata":{"ignoredHookedBlocks":["shelfwise/slate"]}} ', 0)]
)
def test_a_block_that_was_taken_out_in_the_editor_does_not_come_back(
    shop: WordPress, metadata: str, shown: int
) -> None:
    shop.run(
        "$id = wp_insert_post(array('post_type' => 'wp_template', 'post_status' => 'publish',"
        " 'post_name' => 'single-product', 'post_title' => 'Product',"
        f" 'post_content' => '<!-- wp:woocommerce/product-details {metadata}/-->'));"
        "wp_set_object_terms($id, get_stylesheet(), 'wp_theme');"
    )
    assert len(slates(shop.get("/product/mug/").text)) == shown


def test_the_site_editor_shows_the_block_where_pages_show_it(shop: WordPress) -> None:
    content = shop.run(
        "$request = new WP_REST_Request('GET', '/wp/v2/templates/' . get_stylesheet() . '//404');"
        "$request->set_query_params(array('context' => 'edit'));"
        "return rest_do_request($request)->get_data()['content']['raw'];"
    )
    assert content.count("<!-- wp:shelfwise/slate") == 1
    assert content.index("wp:shelfwise/slate") < content.index("</main>")
    types = "apply_filters('hooked_block_types', array(), 'after', 'woocommerce/product-details', array())"
    assert shop.run(f"rest_get_server(); return {types};") == ["shelfwise/slate"]


def test_pages_about_products_say_so_to_the_app(shop: WordPress, answering: SlateApp) -> None:
    shop.get("/product/mug/")
    asked = answering.asked[-1]
    assert asked["product"] == [str(shop.product("mug"))]
    assert (asked["shop"], asked["currency"], asked["locale"]) == (["corner-shop"], ["GBP"], ["en-US"])
    shop.get(shop.order("jug", "tray"))
    assert {int(each) for each in answering.asked[-1]["product"]} == {shop.product("jug"), shop.product("tray")}
    shop.get("/?s=a%22<b>%00&post_type=product")
    assert answering.asked[-1]["placement"] == ["search"]


def test_a_stranger_learns_nothing_of_an_order(shop: WordPress, answering: SlateApp) -> None:
    path = shop.order("mug").split("?")[0]
    shop.get(f"{path}?key=wc_order_wrong")
    shop.get(f"{path}?key[]=1")
    assert all(str(shop.product("mug")) not in each.get("product", []) for each in answering.asked)


def test_the_editor_previews_the_shops_own_products_and_asks_nobody(shop: WordPress, answering: SlateApp) -> None:
    preview = shop.run(
        "define('REST_REQUEST', true);"
        "$request = new WP_REST_Request('GET', '/wp/v2/block-renderer/shelfwise/slate');"
        "$wanted = array('placement' => 'product', 'count' => 3);"
        "$request->set_query_params(array('context' => 'edit', 'attributes' => $wanted));"
        "return rest_do_request($request)->get_data();"
    )
    (shown,) = slates(preview["rendered"])
    assert len(shown.products) == 3
    assert shown.told == {}
    assert answering.asked == []


def test_a_shop_that_is_not_connected_shows_nothing(wordpress: WordPress) -> None:
    for path in ("/product/mug/", "/shop/", "/cart/", "/nothing-here/", page_of(wordpress, "[shelfwise]")):
        page = wordpress.get(path).text
        assert slates(page) == []
        assert "plugins/shelfwise" not in page
