"""Our blocks, rendered by Liquid from the shop as it is at that moment, without a request of ours."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from demo.shopify.liquid.drops import Drop, Listing
from demo.shopify.liquid.extension import Extension, Placed
from demo.shopify.liquid.objects import collection_drop, product_drop
from demo.shopify.state import PlayedShop
from demo.shopify.things import Product
from tests.played_theme import (
    EXTENSION,
    cart_of,
    on_sale,
    opened,
    page_of,
    publish,
    publish_all,
    rendered,
    sell_out,
    sells,
)

CARD = re.compile(r'<li class="shelfwise-card" data-shelfwise="(\d+),([0-9a-f]*),(\d+)">(.*?)</li>', re.DOTALL)


@pytest.fixture
def shop() -> PlayedShop:
    return opened()


def _list(html: str) -> str:
    """What a block shows; without the empty card that its script fills."""
    return html.split("<template>", maxsplit=1)[0]


def _shown(html: str) -> list[int]:
    return [int(card[0]) for card in CARD.findall(_list(html))]


def _hidden(html: str) -> bool:
    return re.search(r"<section[^>]*\shidden\s*>", html) is not None


def _told(html: str) -> dict[str, Any]:
    found = re.search(r'data-shelfwise="(\{.*?\})"', html, re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(unescape(found[1]))
    return told


def test_a_products_list_is_shown_in_its_order(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:7]
    publish(shop, here, others)
    html = rendered("similar", shop, product=here)
    assert _shown(html) == [each.id for each in others]
    assert not _hidden(html)
    assert "You may also like" in html


def test_without_a_list_there_is_no_box(shop: PlayedShop) -> None:
    html = rendered("similar", shop, product=on_sale(shop)[0])
    assert _shown(html) == []
    assert _hidden(html)


def test_a_sold_out_product_is_gone_at_the_next_render(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:7]
    publish(shop, here, others)
    assert others[2].id in _shown(rendered("similar", shop, product=here))
    sell_out(shop, others[2].variants)
    assert _shown(rendered("similar", shop, product=here)) == [each.id for each in others if each is not others[2]]


def test_the_last_product_of_a_list_takes_the_box_with_it(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others)
    for each in others:
        sell_out(shop, each.variants)
    html = rendered("similar", shop, product=here)
    assert _shown(html) == []
    assert _hidden(html)


def test_a_sold_out_variant_is_not_offered_at_the_next_render(shop: PlayedShop) -> None:
    here = on_sale(shop)[0]
    other = next(each for each in on_sale(shop)[1:] if sum(map(shop.available, each.variants)) > 2)
    publish(shop, here, [other])
    gone = next(each for each in other.variants if shop.available(each))
    assert f'<option value="{gone.id}">' in rendered("similar", shop, product=here)
    sell_out(shop, [gone])
    html = rendered("similar", shop, product=here)
    assert str(gone.id) not in html
    left = [str(each.id) for each in other.variants if shop.available(each)]
    assert re.findall(r'<option value="(\d+)">', _list(html)) == left


def test_what_is_in_the_cart_and_the_product_itself_are_left_out(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:6]
    publish(shop, here, [here, *others, others[0]])
    html = rendered("similar", shop, product=here, cart=cart_of(others[1].variants[0]))
    assert _shown(html) == [each.id for each in others if each is not others[1]]


@pytest.mark.parametrize("what", ["draft", "unpublished", "deleted", "not for this country"])
def test_what_the_shop_does_not_show_is_not_shown_either(shop: PlayedShop, what: str) -> None:
    here, gone, *others = on_sale(shop)[:5]
    publish(shop, here, [gone, *others])
    if what == "draft":
        shop.change_product(gone.id, status="DRAFT")
    elif what == "unpublished":
        shop.publish(gone.id, shown=False)
    elif what == "deleted":
        shop.delete_product(gone.id)
    else:
        shop.change_product(gone.id, hidden_in=frozenset({"GB"}))
    assert _shown(rendered("similar", shop, product=here)) == [each.id for each in others]


def test_prices_are_those_of_the_shoppers_market(shop: PlayedShop) -> None:
    here, other = on_sale(shop)[:2]
    publish(shop, here, [other])
    first = next(each for each in other.variants if shop.available(each))
    shop.change_variant(first.id, price=Decimal("1000.00"), compare_at_price=Decimal("1250.00"))
    british = _list(rendered("similar", shop, product=here))
    assert '<span class="shelfwise-now">£1,000.00</span>' in british
    assert "£1,250.00" in british
    german = _list(_in_country("DE", shop, here))
    assert '<span class="shelfwise-now">€1.170,00</span>' in german
    assert "€1.462,50" in german


def _in_country(country: str, shop: PlayedShop, here: Product) -> str:
    page = replace(page_of(shop, path=f"/products/{here.handle}"), country=country)
    return (
        Extension(EXTENSION, "/files")
        .render(Placed("one", "similar"), page, {"product": product_drop(page, here)})
        .html
    )


def test_as_many_are_shown_as_the_merchant_wants(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:12]
    publish(shop, here, others)
    assert _shown(rendered("similar", shop, product=here, settings={"most": 3})) == [each.id for each in others[:3]]


def test_a_collection_fills_what_the_list_leaves_free(shop: PlayedShop) -> None:
    here, other = on_sale(shop)[:2]
    publish(shop, here, [other])
    filled = next(each for each in shop.collections.values() if len(each.products) > 5)
    html = rendered("similar", shop, product=here, settings={"most": 4, "collection": filled.handle})
    shown = _shown(html)
    assert shown[0] == other.id
    assert len(shown) == 4
    assert set(shown[1:]) <= set(filled.products)


def test_the_carts_row_takes_turns_between_what_is_in_it(shop: PlayedShop) -> None:
    first, second, *others = on_sale(shop)[:10]
    publish(shop, first, others[:4], "complementary")
    publish(shop, second, others[4:], "complementary")
    cart = cart_of(first.variants[0], second.variants[0])
    shown = _shown(rendered("cart", shop, kind="cart", cart=cart, settings={"most": 4}))
    assert shown == [others[0].id, others[4].id, others[1].id, others[5].id]


def test_a_bundle_holds_the_product_and_its_sum(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others, "complementary")
    html = rendered("together", shop, product=here)
    assert _shown(html) == [here.id, others[0].id, others[1].id]
    prices = [int(each) for each in re.findall(r'data-shelfwise="(\d+)" checked', html)]
    total = re.search(r"shelfwise-total\">£([\d.,]+)<", html)
    assert total
    assert Decimal(total[1].replace(",", "")) * 100 == sum(prices)
    assert re.findall(r'name="(items\[\d\]\[id\])"', html) == [f"items[{n}][id]" for n in range(3)]


def test_a_bundle_of_a_sold_out_product_holds_only_the_others(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others, "complementary")
    sell_out(shop, here.variants)
    assert _shown(rendered("together", shop, product=here)) == [others[0].id, others[1].id]


def test_home_page_collection_search_and_lost_pages_have_lists(shop: PlayedShop) -> None:
    publish_all(shop)
    page = page_of(shop, "collection")
    collection = next(each for each in shop.collections.values() if len(each.products) > 3)
    results = [product_drop(page, each) for each in on_sale(shop)[:5]]
    search = Drop("search", {"terms": 'a "b" <c>', "results": Listing(results), "results_count": 5, "performed": True})
    nothing = Drop("search", {"terms": "zzz", "results": Listing([]), "results_count": 0, "performed": True})
    assert len(_shown(rendered("for-you", shop, kind="index"))) == 8
    assert len(_shown(rendered("for-you", shop, kind="404"))) == 8
    assert _shown(
        rendered("collection", shop, kind="collection", objects={"collection": collection_drop(page, collection)})
    )
    assert _shown(rendered("search", shop, kind="search", objects={"search": search}))
    assert _shown(rendered("search", shop, kind="search", objects={"search": nothing}))
    assert _told(rendered("search", shop, kind="search", objects={"search": search}))["query"] == 'a "b" <c>'


def test_what_stands_on_the_page_already_is_not_recommended_beside_it(shop: PlayedShop) -> None:
    found, *others = on_sale(shop)[:6]
    publish(shop, found, others)
    page = page_of(shop, "search")
    results = Listing([product_drop(page, each) for each in (found, others[0], others[3])])
    search = Drop("search", {"terms": "x", "results": results, "results_count": 3, "performed": True})
    shown = _shown(rendered("search", shop, kind="search", objects={"search": search}))
    assert shown == [others[1].id, others[2].id, others[4].id]


def test_a_block_stands_only_where_it_may_and_once_there_is_something(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others)
    assert rendered("similar", shop, kind="index") == ""
    shop.put_metafield("gid://shopify/AppInstallation/1", "shelfwise", "ready", "boolean", "false")
    assert rendered("similar", shop, product=here) == ""


def test_a_list_that_the_storefront_may_not_read_is_not_there(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others)
    for definition in shop.definitions.values():
        definition.storefront = "NONE"
    assert _shown(rendered("similar", shop, product=here)) == []


def test_what_merchants_and_products_are_called_cannot_break_the_page(shop: PlayedShop) -> None:
    nasty = "<script>alert(1)</script>\"'&"
    here, other = on_sale(shop)[:2]
    publish(shop, here, [other])
    publish(shop, here, [other], "complementary")
    shop.change_product(other.id, title=nasty, vendor=nasty)
    for each in other.variants:
        shop.change_variant(each.id, title=nasty)
    settings = {"heading": nasty, "vendor": True}
    for html in (
        rendered("similar", shop, product=here, settings=settings),
        rendered("together", shop, product=here, settings=settings),
    ):
        assert "<script>alert" not in html
        assert "&amp;lt;" not in html, "what is escaped twice is read as such"
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert _told(html)["placement"] == "product"


def test_the_card_that_the_script_fills_is_empty(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others)
    empty = rendered("similar", shop, product=here).split("<template>")[1].split("</template>")[0]
    assert 'data-shelfwise=",,"' in empty
    assert not [each.title for each in shop.products.values() if each.title in empty]


def test_every_line_says_which_list_it_came_from(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others)
    html = _list(rendered("similar", shop, product=here))
    marks = re.findall(r'name="properties\[_shelfwise\]" value="([0-9a-f]{32}):(\d+)"', html)
    assert [int(position) for _, position in marks] == [1, 2, 3]
    assert len({slate for slate, _ in marks}) == 1


def test_a_theme_editor_shows_merchants_where_an_empty_block_stands(shop: PlayedShop) -> None:
    html = rendered("similar", shop, product=on_sale(shop)[0], design_mode=True)
    assert "Shoppers see nothing of this block" in html
    assert "shelfwise-hint" not in rendered("similar", shop, product=on_sale(shop)[0])


@pytest.mark.parametrize(
    ("language", "words"), [("de", "In den Warenkorb"), ("ja", "カートに入れる"), ("xx", "Add to cart")]
)
def test_shoppers_read_their_own_language(shop: PlayedShop, language: str, words: str) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others)
    assert words in rendered("similar", shop, product=here, locale=language)


def test_colours_are_the_themes_unless_the_merchant_picks_one(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others)
    assert "style=" not in rendered("similar", shop, product=here)
    dark = rendered("similar", shop, product=here, settings={"colour": "#112233"})
    assert 'style="--shelfwise-button:#112233;--shelfwise-on-button:#fff"' in dark
    assert "--shelfwise-on-button:#000" in rendered("similar", shop, product=here, settings={"colour": "#ffeecc"})


def test_pictures_are_lazy_sized_and_said_by_their_titles(shop: PlayedShop) -> None:
    here, *others = on_sale(shop)[:4]
    publish(shop, here, others)
    pictures = re.findall(r"<img [^>]*>", _list(rendered("similar", shop, product=here)))
    assert len(pictures) == 3
    for picture in pictures:
        for wanted in ('loading="lazy"', "180w", "720w", 'sizes="', 'width="', 'height="', 'alt=""'):
            assert wanted in picture


def _heading(html: str) -> str:
    found = re.search(r"<h2[^>]*><span>(.*?)</span></h2>", html)
    assert found
    return unescape(found[1])


def _instead(html: str) -> str:
    """What the heading becomes once a personal list has taken the place."""
    found = re.search(r'<h2[^>]* data-shelfwise="(.*?)"', html)
    return unescape(found[1]) if found else ""


def _lost(shop: PlayedShop, block: str) -> str:
    """A block where neither a product nor a shopper is known."""
    nothing = Drop("search", {"terms": "zzz", "results": Listing([]), "results_count": 0, "performed": True})
    kinds = {"for-you": "index", "search": "search", "cart": "cart"}
    return rendered(block, shop, kind=kinds[block], objects={"search": nothing})


@pytest.mark.parametrize("block", ["for-you", "search", "cart"])
def test_what_sells_is_shown_where_nothing_is_known_and_is_called_so(shop: PlayedShop, block: str) -> None:
    wanted = list(reversed(on_sale(shop)))[:20]
    sells(shop, wanted)
    html = _lost(shop, block)
    assert _shown(html) == [each.id for each in wanted[: len(_shown(html))]]
    assert len(_shown(html)) in {4, 8}
    assert (_heading(html), _instead(html)) == ("Popular right now", "Picked for you")


@pytest.mark.parametrize("block", ["for-you", "search", "cart"])
def test_nothing_that_is_known_is_nothing_that_is_shown(shop: PlayedShop, block: str) -> None:
    html = _lost(shop, block)
    assert _shown(html) == []
    assert _hidden(html)


def test_what_nobody_bought_yet_is_not_called_popular(shop: PlayedShop) -> None:
    sells(shop, on_sale(shop)[:20], selling=False)
    assert _heading(_lost(shop, "for-you")) == "New in the shop"


def test_what_sells_out_leaves_what_sells_at_the_next_render(shop: PlayedShop) -> None:
    wanted = on_sale(shop)[:12]
    sells(shop, wanted)
    assert _shown(_lost(shop, "for-you")) == [each.id for each in wanted[:8]]
    sell_out(shop, wanted[0].variants)
    assert _shown(_lost(shop, "for-you")) == [each.id for each in wanted[1:9]]


def test_a_merchants_own_collection_comes_before_what_sells_and_under_its_own_name(shop: PlayedShop) -> None:
    sells(shop, on_sale(shop)[:20])
    chosen = next(each for each in shop.collections.values() if len(each.products) > 5)
    html = rendered("for-you", shop, kind="index", settings={"collection": chosen.handle})
    assert _shown(html)
    assert set(_shown(html)) <= set(chosen.products)
    assert (_heading(html), _instead(html)) == (chosen.title, "Picked for you")
    for number in chosen.products:
        sell_out(shop, shop.products[number].variants)
    html = rendered("for-you", shop, kind="index", settings={"collection": chosen.handle})
    assert (len(_shown(html)), _heading(html)) == (8, "Popular right now")


def test_a_heading_of_the_merchants_own_stays(shop: PlayedShop) -> None:
    sells(shop, on_sale(shop)[:20])
    html = rendered("for-you", shop, kind="index", settings={"heading": "Our <best>"})
    assert (_heading(html), _instead(html)) == ("Our <best>", "")


def test_a_collections_page_shows_what_sells_only_if_nothing_goes_with_it(shop: PlayedShop) -> None:
    collection = next(each for each in shop.collections.values() if len(each.products) > 3)
    others = [each for each in on_sale(shop) if each.id not in collection.products]
    sells(shop, [*(shop.products[each] for each in collection.products), *others])
    objects = {"collection": collection_drop(page_of(shop, "collection"), collection)}
    html = rendered("collection", shop, kind="collection", objects=objects)
    assert (_shown(html), _heading(html)) == ([each.id for each in others[:4]], "Popular right now")
    first = objects["collection"]["products"][0]["id"]
    publish(shop, shop.products[first], others[5:9], "complementary")
    objects = {"collection": collection_drop(page_of(shop, "collection"), collection)}
    html = rendered("collection", shop, kind="collection", objects=objects)
    assert (_shown(html), _heading(html)) == ([each.id for each in others[5:9]], "Goes well with these")


@pytest.mark.parametrize("block", ["similar", "together", "recent"])
def test_what_has_another_meaning_is_not_filled_with_what_sells(shop: PlayedShop, block: str) -> None:
    sells(shop, on_sale(shop)[:20])
    here = on_sale(shop)[0]
    html = rendered(block, shop, product=here)
    assert set(_shown(html)) <= {here.id}
    assert _instead(html) == ""
