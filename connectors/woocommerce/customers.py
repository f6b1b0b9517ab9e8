"""Customers as the REST API writes them: a number and a country."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.records import Change, Current, Customer
from connectors.woocommerce.body import Body, Scalar, country, moment, number, read_version, version_of
from connectors.woocommerce.orders import Place


class CustomerBody(Body, frozen=True, kw_only=True):
    """A person with an account in the shop. One who never changed a thing in it has no time of modification."""

    id: Scalar
    date_created_gmt: Scalar = None
    date_modified_gmt: Scalar = None
    billing: Place | list[Scalar] | None = None
    shipping: Place | list[Scalar] | None = None

    @property
    def aggregate(self) -> str:
        """The customer."""
        return f"customer/{number(self.id)}"

    @property
    def modified(self) -> datetime | None:
        """When it was last changed."""
        return moment(self.date_modified_gmt) or moment(self.date_created_gmt)

    def changes(self, at: datetime) -> Sequence[Change]:
        """What a webhook of it says."""
        return (self.told(version_of(self.modified, at)),)

    def told(self, version: datetime) -> Current:
        """The customer as of `version`."""
        places = [each for each in (self.billing, self.shipping) if isinstance(each, Place)]
        home = next((code for each in places if (code := country(each.country))), "")
        return Current(Customer(number(self.id), home, moment(self.date_created_gmt)), version)


def read(body: CustomerBody, asked: datetime) -> Current:
    """A customer who was read when the shop's clock said `asked`."""
    return body.told(read_version(body.modified, asked))
