"""What a product's page and a cart with that product would show to a shopper of whom nothing is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from integration.services.market_shelf import View
from recommender.serving.availability import Availability
from recommender.serving.slates import Context, build_slate

# More than a page shows: what is sold out when it is rendered leaves room for others.
COUNT = 12
# Each list with the placement whose slates it stands for.
PLACEMENT_OF: Mapping[str, str] = MappingProxyType({"related": "product", "complementary": "cart"})


# Where blocks of ours stand: each shows the lists under names of its own.
PLACEMENTS = ("product", "cart", "home", "collection", "search")
# How the shop's own list is called there, in the place of a key and a product.
OF_SHOP = ("trending", "shop")


class MadeList(NamedTuple):
    """A product's list as a slate has it: products by the platform's numbers, best first."""

    product_id: int
    product: str
    key: str
    products: tuple[str, ...]


def list_id(placement: str, key: str, product: str) -> str:
    """How a list on a page is called in events and orders, in the place of a slate's id. Liquid makes the same text."""
    return hashlib.md5(f"{placement} {key} {product}".encode(), usedforsecurity=False).hexdigest()


def lists_for(view: View) -> Iterator[MadeList]:
    """The lists of every product that shoppers can see, those that sell most first."""
    aligned, availability = view.aligned, view.shelf.availability
    for row in np.argsort(-aligned.trending, kind="stable").tolist():
        product = view.external_ids[row]
        if availability[row] > Availability.HIDDEN and is_number(product):
            for key, placement in PLACEMENT_OF.items():
                yield MadeList(int(view.product_ids[row]), product, key, _slate(view, placement, row))


def _slate(view: View, placement: str, row: int) -> tuple[str, ...]:
    product_id = int(view.product_ids[row])
    about = (product_id,)
    viewing, cart = (about, ()) if placement == "product" else ((), about)
    ranked = build_slate(view.aligned, Context(placement, about, viewing, cart, COUNT))
    keys = (view.external_ids[item.row] for item in ranked.items)
    return tuple(key for key in keys if is_number(key))


def is_number(external_id: str) -> bool:
    """Whether the platform itself could have called a product so."""
    return external_id.isascii() and external_id.isdigit()
