"""Single things of a shop, asked for by their ids, a hundred at a time, as they now are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from connectors.records import Change, RecordKind, Removed
from connectors.woocommerce import customers, lists, orders, products, refunded
from connectors.woocommerce.body import Scalar, number, number_or_none, numbers
from connectors.woocommerce.client import Shop
from connectors.woocommerce.customers import CustomerBody
from connectors.woocommerce.failures import Failure, ShopError
from connectors.woocommerce.orders import OrderBody
from connectors.woocommerce.paging import whole
from connectors.woocommerce.products import ProductBody

AT_ONCE = 100


class _Known(Protocol):
    @property
    def id(self) -> Scalar: ...


B = TypeVar("B", bound=_Known)


class Fetching:
    """Asks for single things of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._variations = list(lists.ALL_VARIATIONS)

    def products(self, ids: Sequence[str]) -> list[Change]:
        """Products with all their variations; what is gone is told as removed."""
        found, asked = self._found(lists.PRODUCTS, lists.PRODUCT, ids, ProductBody)
        forms = self._forms([each for each in found.values() if each.has_variations])
        changes: list[Change] = []
        for own, body in found.items():
            changes += told(partial(_product, variations=forms.get(own, ()), asked=asked), body)
        return changes + _gone(RecordKind.PRODUCT, ids, found, asked)

    def variants(self, ids: Sequence[str], kinds: dict[str, RecordKind]) -> list[Change]:
        """Variants, or what their stock is counted by: variations, and products that have none."""
        found, asked = self._found(lists.PRODUCTS, lists.PRODUCT, ids, ProductBody)
        changes: list[Change] = []
        for body in found.values():
            changes += told(partial(_product, variations=None, asked=asked), body)
        others = [each for each in ids if each not in found]
        forms, asked_then = self._variations_by_id(others)
        for body in forms.values():
            changes += told(partial(_product, variations=None, asked=asked_then), body)
        gone = [each for each in others if each not in forms]
        return changes + [Removed(kinds[each], each, asked_then) for each in gone]

    def orders(self, ids: Sequence[str]) -> list[Change]:
        """Orders with their refunds; what is gone, or in the trash, is told as removed."""
        found, asked = self._found(lists.ORDERS, lists.ORDER, ids, OrderBody)
        changes: list[Change] = []
        for body in found.values():
            changes += told(lambda b: orders.read(b, (), asked), body)
        pending = [each for body in found.values() if (each := refunded.owed(body, asked))]
        changes += refunded.asked_for(self._shop, pending)
        return changes + _gone(RecordKind.ORDER, ids, found, asked)

    def customers(self, ids: Sequence[str]) -> list[Change]:
        """Customers; of one that is gone the shop sends word itself, and nobody is forgotten on a guess."""
        found, asked = self._found(lists.CUSTOMERS, {**lists.CUSTOMER, "role": "all"}, ids, CustomerBody)
        changes: list[Change] = []
        for body in found.values():
            changes += told(lambda b: [customers.read(b, asked)], body)
        return changes

    def of_product(self, product: str) -> list[ProductBody]:
        """All variations of a product, by itself: before WooCommerce 10.3."""
        path = f"{lists.PRODUCTS}/{product}/variations"
        try:
            bodies, _ = whole(self._shop, path, lists.VARIATION, ProductBody)
        except ShopError as error:
            if error.failure is not Failure.NO_SUCH_THING:
                raise
            bodies = []
        return [msgspec.structs.replace(each, type="variation", parent_id=product) for each in bodies]

    def variations_lists(self) -> Iterator[str]:
        """The paths under which this shop may list all its variations; one that is not there is said to `lacks`."""
        yield from tuple(self._variations)

    def lacks(self, path: str) -> None:
        """The shop has no such list."""
        self._variations = [each for each in self._variations if each != path]

    def _forms(self, parents: Sequence[ProductBody]) -> dict[str, list[ProductBody]]:
        """The variations of products, by the product's id, in the order in which it names them."""
        forms: dict[str, list[ProductBody]] = defaultdict(list)
        if not parents:
            return forms
        try:
            found, _ = self._variations_by_id([each for body in parents for each in numbers(body.variations)])
        except ShopError as error:
            if error.failure is not Failure.NO_ROUTE:
                raise
            return {number(body.id): self.of_product(number(body.id)) for body in parents}
        for body in parents:
            forms[number(body.id)] = [found[each] for each in numbers(body.variations) if each in found]
        return forms

    def _variations_by_id(self, ids: Sequence[str]) -> tuple[dict[str, ProductBody], datetime]:
        """Raises ShopError with NO_ROUTE where the shop can't be asked so."""
        while self._variations:
            try:
                found, asked = self._found(self._variations[0], lists.VARIATION, ids, ProductBody)
            except ShopError as error:
                if error.failure not in MISSING:
                    raise
                del self._variations[0]
            else:
                return {own: msgspec.structs.replace(body, type="variation") for own, body in found.items()}, asked
        raise ShopError(Failure.NO_ROUTE, "The shop's WooCommerce has no list of all variations (before 10.3).")

    def _found(
        self, path: str, parameters: Mapping[str, str], ids: Sequence[str], shape: type[B]
    ) -> tuple[dict[str, B], datetime]:
        """Those that there are, by id, and when the first of them were asked for."""
        found: dict[str, B] = {}
        asked: datetime | None = None
        for some in _chunks([each for each in dict.fromkeys(ids) if each.isascii() and each.isdigit()]):
            own = {"include": ",".join(some), "per_page": str(AT_ONCE)}
            reply = self._shop.get(path, {**parameters, **own})
            asked = asked or reply.asked
            rows = reply.rows(shape)
            if not rows and reply.total:
                raise ShopError(Failure.NOT_ALLOWED, "The shop has these things, and does not show them to these keys.")
            found |= {number_or_none(each.id): each for each in rows}
        return {own: body for own, body in found.items() if own}, asked or datetime.now(UTC)


MISSING = frozenset({Failure.NO_ROUTE, Failure.NO_SUCH_THING, Failure.NOT_ALLOWED})


def told(read: Callable[[B], Sequence[Change]], body: B) -> Sequence[Change]:
    """What a body says. Raises ShopError on one that can't be read."""
    try:
        return read(body)
    except (ValueError, OverflowError) as error:
        raise ShopError(Failure.UNREADABLE, f"What the shop tells of {body.id} can't be read ({error}).") from None


def _product(body: ProductBody, variations: Sequence[ProductBody] | None, asked: datetime) -> list[Change]:
    return products.read(body, variations if body.has_variations else None, asked)


def _gone(kind: RecordKind, ids: Sequence[str], found: dict[str, B], asked: datetime) -> list[Removed]:
    return [Removed(kind, each, asked) for each in dict.fromkeys(ids) if each not in found]


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[begin : begin + AT_ONCE] for begin in range(0, len(ids), AT_ONCE))
