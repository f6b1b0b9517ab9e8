"""Bodies of `product.created` and `product.published`: a product or a variation that is new to the shop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.records import Change, RecordKind, Refetch
from connectors.woocommerce.body import number
from connectors.woocommerce.products import ProductBody


class ProductMade(ProductBody, frozen=True, kw_only=True):
    """A new product. A new variation changes what its product costs and can be had in, of which no body tells.

    It may come late, when it is gone again, of which no body tells either.
    """

    def changes(self, at: datetime) -> Sequence[Change]:
        """The product or the variation, whose product is asked for."""
        told = super().changes(at)
        return [*told, Refetch(RecordKind.PRODUCT, number(self.parent_id))] if self.is_variation else told
