"""Bodies of `*.deleted`: a number and nothing else, neither a time nor of what kind it is.

WooCommerce cross-fires them, and delivers them late, when the thing may be there again. So what goes by that number is
taken away at once, and asked for: the answer counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.records import Change, RecordKind, Refetch, Removed
from connectors.woocommerce.body import CLOCKS_APART, Body, Scalar, guessed, number


class Gone(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thing that is gone. A body that tells more than its number is one of another topic."""

    id: Scalar


class ProductGone(Gone, frozen=True, kw_only=True):
    """`product.deleted`: of a product, of a variation, or of a coupon that has nothing to do with either."""

    @property
    def aggregate(self) -> str:
        """The product."""
        return f"product/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """Whatever goes by that number is gone, until the shop says otherwise."""
        external_id, version = number(self.id), guessed(at)
        return (
            Removed(RecordKind.PRODUCT, external_id, version, untimed=True),
            Removed(RecordKind.VARIANT, external_id, version, untimed=True),
            Refetch(RecordKind.PRODUCT, external_id),
        )


class OrderGone(Gone, frozen=True, kw_only=True):
    """`order.deleted`. An order may have the number that a product has: only orders are touched."""

    @property
    def aggregate(self) -> str:
        """The order."""
        return f"order/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The order is gone, until the shop says otherwise."""
        external_id = number(self.id)
        return (
            Removed(RecordKind.ORDER, external_id, guessed(at), untimed=True),
            Refetch(RecordKind.ORDER, external_id),
        )


class CustomerGone(Gone, frozen=True, kw_only=True):
    """`customer.deleted`: an account can't come back, and WordPress never gives its number away again."""

    @property
    def aggregate(self) -> str:
        """The customer."""
        return f"customer/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The customer is forgotten, also where the shop's clock is ahead of ours."""
        return (Removed(RecordKind.CUSTOMER, number(self.id), at + CLOCKS_APART),)
