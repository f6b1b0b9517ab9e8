"""One request for a page of a played shop: who asks, from where, in which language, with which cart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from demo.shopify.carts import Cart
from demo.shopify.liquid.words import Words
from demo.shopify.state import PlayedShop

# No template can write this name, so none can reach what stands under it.
_KEY = "the page"


@dataclass(frozen=True)
class Page:
    """root: the shop's own address, without a slash at the end. kind: as Shopify's `request.page_type`.

    assets, assets_address: the folder of the running template's files, and where it is served. words: its locales.
    """

    shop: PlayedShop
    root: str
    kind: str
    words: Words
    assets: Path
    assets_address: str
    path: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)
    country: str = ""
    locale: str = "en"
    cart: Cart = field(default_factory=Cart)
    design_mode: bool = False

    @cached_property
    def currency(self) -> str:
        """Of the country's market."""
        market = self.shop.market_of(self.country)
        return market.currency if market else self.shop.currency

    def speaking(self, words: Words, assets: Path, address: str) -> Page:
        """The same page as templates of somebody else's see it."""
        return replace(self, words=words, assets=assets, assets_address=address)

    def globals(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The global variables of a template on this page."""
        return {**values, _KEY: self}


def page_of(variables: Mapping[str, Any]) -> Page:
    """The page that a template is rendered on."""
    page = variables[_KEY]
    assert isinstance(page, Page)
    return page
