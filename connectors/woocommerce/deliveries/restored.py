"""Bodies of `*.restored`: the thing as it is now, which was taken away before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.records import Change, RecordKind, Refetch
from connectors.woocommerce.body import guessed
from connectors.woocommerce.orders import OrderBody
from connectors.woocommerce.products import ProductBody


class ProductRestored(ProductBody, frozen=True, kw_only=True):
    """`product.restored`. Its deletion had no time of its own, and may have been guessed too late."""

    def changes(self, at: datetime) -> Sequence[Change]:
        """The product, newer than what took it away; what is true now has to be asked for."""
        version = max(self.version(at), guessed(at))
        asked = Refetch(RecordKind.PRODUCT, self.aggregate.partition("/")[2])
        return (*(each for each in self.told(version) if each != asked), asked)


class OrderRestored(OrderBody, frozen=True, kw_only=True):
    """`order.restored`."""

    def changes(self, at: datetime) -> Sequence[Change]:
        """The order, newer than what took it away; what is true now has to be asked for."""
        version = max(self.version(at), guessed(at))
        asked = Refetch(RecordKind.ORDER, self.aggregate.partition("/")[2])
        return (*(each for each in self.told(version) if each != asked), asked)
