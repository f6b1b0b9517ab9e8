"""What the demo storefront needs to know of its shop: a shop window that somebody else keeps filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.records import Money


@dataclass(frozen=True, slots=True)
class DemoShop:
    """The shop that the storefront shows, and how its webhooks reach Shelfwise.

    key: what the widget names it by. intake: address that signed webhooks of it are posted to, such as
    "http://127.0.0.1:8000/webhooks/direct/demo". webhook_secret: what they are signed with.
    """

    key: str
    name: str
    currency: str
    locale: str
    intake: str
    webhook_secret: str


@dataclass(frozen=True, slots=True)
class WindowVariant:
    """One buyable form of a product. `levels`: location -> pieces that can be sold online from there."""

    external_id: str
    title: str
    price: Money | None
    compare_at_price: Money | None
    options: Mapping[str, str]
    inventory_item: str
    tracked: bool
    continue_selling: bool
    levels: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WindowProduct:
    """A product that can be bought. `handle` is never empty (the external id where the shop has none).

    category: its collection's name, "" without one. image_url: "" where the shop has no picture.
    """

    external_id: str
    handle: str
    title: str
    description: str
    vendor: str
    category: str
    image_url: str
    tags: tuple[str, ...]
    variants: tuple[WindowVariant, ...]


@dataclass(frozen=True, slots=True)
class WindowCategory:
    """A collection: all products of one type. `products`: how many there are."""

    name: str
    products: int


@dataclass(frozen=True, slots=True)
class WindowPage:
    """A part of a longer list; `total` is the length of the whole."""

    products: Sequence[WindowProduct]
    total: int


class ShopWindow(Protocol):
    """Reads the shop. Products that are not active and published are never given."""

    def shop(self) -> DemoShop | None:
        """The shop, or None while it has not been loaded."""

    def categories(self) -> Sequence[WindowCategory]:
        """All collections by name; none where products have no type."""

    def collection(self, category: str, *, offset: int, limit: int) -> WindowPage:
        """Products of one category, or of all where `category` is "": newest first, then by title."""

    def search(self, words: str, *, offset: int, limit: int) -> WindowPage:
        """Products whose title, vendor, type or tags hold every one of the words, in any case."""

    def product(self, handle: str) -> WindowProduct | None:
        """The product of this handle (or, failing that, of this external id)."""

    def products(self, external_ids: Sequence[str]) -> Sequence[WindowProduct]:
        """The products of these ids that can be bought, in the order asked for."""
