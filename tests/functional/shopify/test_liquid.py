"""The played Liquid fails where Shopify would show nothing, so that a slip of the pen is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from liquid.exceptions import LiquidError

from demo.shopify.liquid.environment import Source, Templates
from demo.shopify.liquid.surroundings import surroundings
from demo.shopify.state import PlayedShop
from tests.played_theme import cart_of, on_sale, opened, page_of


@pytest.fixture(scope="module")
def shop() -> PlayedShop:
    return opened(20)


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return Templates(tmp_path)


def _rendered(templates: Templates, shop: PlayedShop, text: str, **values: Any) -> str:
    page = page_of(shop, **values)
    return templates.render_text(text, page.globals(surroundings(page)))


@pytest.mark.parametrize(
    "text",
    [
        "{{ 1 | no_such_filter }}",
        "{{ 'a' | squish }}",
        "{% no_such_tag %}",
        "{{ cart.itmes }}",
        "{{ routes.cart_adress }}",
        "{{ 'no.such.words' | t }}",
        "{% render 'nowhere' %}",
        "{% form 'nothing' %}{% endform %}",
    ],
)
def test_what_is_misspelt_fails(templates: Templates, shop: PlayedShop, text: str) -> None:
    with pytest.raises(LiquidError):
        _rendered(templates, shop, text)


@pytest.mark.parametrize(
    ("text", "country", "wanted"),
    [
        ("{{ 123456 | money }}", "GB", "£1,234.56"),
        ("{{ 123456 | money }}", "DE", "€1.234,56"),
        ("{{ 123456 | money_with_currency }}", "US", "$1,234.56 USD"),
        ("{{ 5 | money_without_currency }}", "GB", "0.05"),
        ("{{ nil | money }}", "GB", ""),
        ("{{ 'a' | md5 }}", "GB", "0cc175b9c0f1b6a831c399e269772661"),
        ("{{ '<a>' | json }}", "GB", '"\\u003ca>"'),
        ("{{ '#ffffff' | color_brightness }}", "GB", "255.00"),
        ("{{ routes.cart_url }}", "GB", "/fern-and-ladle.myshopify.com/cart"),
        ("{% layout none %}after", "GB", "after"),
        ("{% style %}a{}{% endstyle %}", "GB", "<style data-shopify>a{}</style>"),
    ],
)
def test_filters_and_tags_do_as_shopifys(
    templates: Templates, shop: PlayedShop, text: str, country: str, wanted: str
) -> None:
    page = replace(page_of(shop), country=country)
    assert templates.render_text(text, page.globals(surroundings(page))) == wanted


def test_a_cart_knows_its_lines_and_its_sum(templates: Templates, shop: PlayedShop) -> None:
    first, second = (each.variants[0] for each in on_sale(shop)[:2])
    text = (
        "{{ cart.item_count }} {% for item in cart.items %}{{ item.product.title }};{% endfor %} {{ cart.total_price }}"
    )
    said = _rendered(templates, shop, text, cart=cart_of(first, second))
    titles = ";".join(shop.products[each.product_id].title for each in (first, second))
    assert said == f"2 {titles}; {int((first.price + second.price) * 100)}"


def test_long_lists_are_cut_at_fifty_or_paged(templates: Templates) -> None:
    shop = opened(90)
    count = "{% for each in collections.all.products %}.{% endfor %}"
    assert _rendered(templates, shop, count) == "." * 50
    paged = "{% paginate collections.all.products by 7 %}" + count + "{{ paginate.next.url }}{% endpaginate %}"
    assert _rendered(templates, shop, paged, query={"page": "2"}) == "." * 7 + "?page=3"


def test_schema_and_stylesheet_are_read_and_not_rendered() -> None:
    source = Source('a{% schema %}{"name": "{{ x }}"}{% endschema %}b{% stylesheet %}c{}{% endstylesheet %}')
    assert (source.markup, source.schema, source.stylesheet) == ("ab", {"name": "{{ x }}"}, "c{}")
