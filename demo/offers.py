"""Products as the storefront's pages show them: with a picture, prices in words and what the till has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from connectors.records import Money
from demo.catalogue import WindowProduct, WindowVariant
from demo.till import Till

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
FEW = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant to choose. left: pieces that can be sold; None where it never runs out."""

    variant: WindowVariant
    left: int | None
    picture: str

    @property
    def can_buy(self) -> bool:
        """Whether the till would sell one."""
        return self.left is None or self.left > 0

    @property
    def stock_text(self) -> str:
        """What the page says of its stock."""
        if not self.variant.tracked:
            return "Always in stock"
        if self.left is None:
            return "In stock, or made to order within two weeks"
        if self.left == 0:
            return "Sold out"
        return "In stock" if self.left > FEW else "Last one" if self.left == 1 else f"Only {self.left} left"


@dataclass(frozen=True, slots=True)
class Offer:
    """A product with its choices."""

    product: WindowProduct
    picture: str
    choices: tuple[Choice, ...]

    @property
    def url(self) -> str:
        """Its page."""
        return f"/demo/products/{quote(self.product.handle)}"

    @property
    def can_buy(self) -> bool:
        """Whether the till would sell any form of it."""
        return any(choice.can_buy for choice in self.choices)

    @property
    def shown(self) -> Choice | None:
        """The choice that the page begins with: the first that can be bought, or the first."""
        return next((choice for choice in self.choices if choice.can_buy), next(iter(self.choices), None))

    @property
    def left(self) -> int | None:
        """Pieces of all its forms; None where one of them never runs out."""
        counts = [choice.left for choice in self.choices]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def has_prices(self) -> bool:
        """Whether its forms cost different amounts."""
        return len({choice.variant.price for choice in self.choices}) > 1


def offers(till: Till, shop: str, products: Sequence[WindowProduct]) -> list[Offer]:
    """The products with what the till has left of them."""
    left = till.left(shop, [variant for product in products for variant in product.variants])
    return [_offer(product, left) for product in products]


def money(price: Money | None) -> str:
    """A price as the shop writes it, "" for none."""
    if price is None:
        return ""
    symbol = SYMBOLS.get(price.currency)
    return f"{symbol}{price.amount:,.2f}" if symbol else f"{price.amount:,.2f} {price.currency}"


def _offer(product: WindowProduct, left: Mapping[str, int | None]) -> Offer:
    choices = tuple(Choice(each, left[each.external_id], _picture(product, each)) for each in product.variants)
    return Offer(product, product.image_url or _drawn(product), choices)


def _picture(product: WindowProduct, variant: WindowVariant) -> str:
    """The picture of one form: drawn in its colour where it has one and the shop has no picture of its own."""
    colour = variant.options.get("Colour", "")
    own = product.image_url and not product.image_url.startswith("/demo/pictures/")
    if own or not colour:
        return product.image_url or _drawn(product)
    return f"{_drawn(product)}?colour={quote(colour.lower())}"


def _drawn(product: WindowProduct) -> str:
    return f"/demo/pictures/{quote(product.handle)}.svg"
