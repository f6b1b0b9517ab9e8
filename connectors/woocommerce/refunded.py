"""Refunds of orders that were read, a hundred of many orders at a time: an order's own body has no lines of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from connectors.records import Change
from connectors.woocommerce import lists
from connectors.woocommerce.body import items, moment, number_or_none, read_version
from connectors.woocommerce.client import Shop
from connectors.woocommerce.failures import Failure, ShopError
from connectors.woocommerce.orders import OrderBody, RefundBody, order_refunds
from connectors.woocommerce.paging import whole

AT_ONCE = 100


class Owed(msgspec.Struct, frozen=True, array_like=True):
    """An order whose refunds are still to be asked for. It is stored with the position of a reading."""

    order: OrderBody
    version: datetime

    @property
    def refunds(self) -> list[str]:
        """Their ids."""
        return [found for each in items(self.order.refunds) if (found := number_or_none(each.id))]


def owed(order: OrderBody, asked: datetime) -> Owed | None:
    """What is to be asked of an order; None where it has no refunds."""
    if not items(order.refunds):
        return None
    slim = OrderBody(
        id=order.id,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        customer_id=order.customer_id,
        refunds=[RefundBody(id=each.id) for each in items(order.refunds)],
    )
    return Owed(slim, read_version(moment(order.date_modified_gmt), asked))


def is_page(pending: Sequence[Owed]) -> bool:
    """Whether there are as many as one call can tell."""
    return sum(len(each.refunds) for each in pending) >= AT_ONCE


def asked_for(shop: Shop, pending: Iterable[Owed]) -> list[Change]:
    """The refunds of these orders. Raises ShopError."""
    pending = list(pending)
    ids = [each for owing in pending for each in owing.refunds]
    found: dict[str, RefundBody] = {}
    try:
        for begin in range(0, len(ids), AT_ONCE):
            some = ids[begin : begin + AT_ONCE]
            include = {**lists.REFUND, "include": ",".join(some), "per_page": str(AT_ONCE)}
            bodies = shop.get(lists.REFUNDS, include).rows(RefundBody)
            found |= {number_or_none(each.id): each for each in bodies}
    except ShopError as error:
        if error.failure is not Failure.NO_ROUTE:
            raise
        return [change for each in pending for change in _of_one(shop, each)]
    return [
        change
        for each in pending
        for change in order_refunds(each.order, [found[one] for one in each.refunds if one in found], each.version)
    ]


def _of_one(shop: Shop, owing: Owed) -> list[Change]:
    """Before WooCommerce 9.0: order by order."""
    path = f"{lists.ORDERS}/{number_or_none(owing.order.id)}/refunds"
    try:
        bodies, _ = whole(shop, path, lists.REFUND, RefundBody)
    except ShopError as error:
        if error.failure is not Failure.NO_SUCH_THING:
            raise
        bodies = []
    return order_refunds(owing.order, bodies, owing.version)
