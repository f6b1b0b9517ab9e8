"""Bodies of the three duties that every app has: https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from connectors.records import Change, CustomerDataRequest, EraseCustomer, EraseShop
from connectors.shopify.deliveries.body import Body, Id, number, number_or_none, text


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom it is about: a number, or nobody where only orders are known."""

    id: Id | None = None


class OfShop(Body, frozen=True, kw_only=True):
    """A duty of one shop."""

    shop_domain: str | None = None

    @property
    def shop(self) -> str:
        """The shop."""
        return text(self.shop_domain, 255)


class RequestNumber(msgspec.Struct, frozen=True, kw_only=True):
    """Shopify's number of a request."""

    id: Id


class DataRequest(OfShop, frozen=True, kw_only=True):
    """`customers/data_request`: what is kept of a customer goes to the shop's owner within 30 days."""

    customer: Person | None = None
    orders_requested: list[Id] | None = None
    data_request: RequestNumber

    @property
    def aggregate(self) -> str:
        """The customer."""
        return f"customer/{_customer(self.customer)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The question."""
        orders = tuple(number(each) for each in self.orders_requested or ())
        return (CustomerDataRequest(_customer(self.customer), number(self.data_request.id), at, orders),)


class EraseCustomerBody(OfShop, frozen=True, kw_only=True):
    """`customers/redact`: everything that was learnt of a customer goes."""

    customer: Person | None = None
    orders_to_redact: list[Id] | None = None

    @property
    def aggregate(self) -> str:
        """The customer."""
        return f"customer/{_customer(self.customer)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The customer to erase."""
        orders = tuple(number(each) for each in self.orders_to_redact or ())
        return (EraseCustomer(_customer(self.customer), at, orders),)


class EraseShopBody(OfShop, frozen=True, kw_only=True):
    """`shop/redact`: 48 hours after the app was taken out of a shop, everything of it goes."""

    def changes(self, at: datetime) -> Sequence[Change]:
        """The shop to erase."""
        return (EraseShop(at),)


def _customer(given: Person | None) -> str:
    return number_or_none(given.id if given else None)
