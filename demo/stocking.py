"""Made-up stock for a shop whose source knows none, so that its storefront has shelves to empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b

from connectors.base import Contents, Import, ImportReport
from connectors.records import Change, Current, InventoryLevel, Product, Variant

LOCATION = "made-up"
NOTE = "the source says nothing of stock: the demo shop's till made up a count for every product"


class Stocked:
    """An opened import whose uncounted variants are counted from now on, each with a made-up number of pieces."""

    def __init__(self, source: Import) -> None:
        self._source = source
        self._source.report.notes.append(NOTE)

    @property
    def rows(self) -> int:
        """As the source says."""
        return self._source.rows

    @property
    def contents(self) -> Contents:
        """As the source says."""
        return self._source.contents

    @property
    def currency(self) -> str:
        """As the source says."""
        return self._source.currency

    @property
    def report(self) -> ImportReport:
        """The source's report, with a note that the stock is made up."""
        return self._source.report

    def changes(self) -> Iterator[Change]:
        """The source's changes; each product is followed by its stock."""
        for change in self._source.changes():
            if not (isinstance(change, Current) and isinstance(change.record, Product)):
                yield change
                continue
            product = change.record
            counted = tuple(replace(variant, tracked=True) for variant in product.variants)
            yield replace(change, record=replace(product, variants=counted))
            for before in product.variants:
                if not before.tracked:
                    yield Current(_level(before), change.version)


def _level(variant: Variant) -> InventoryLevel:
    """The same variant always gets the same count: one in thirty is sold out, one in thirty has a single piece."""
    draw = int.from_bytes(blake2b(variant.external_id.encode(), digest_size=4).digest()) % 30
    pieces = draw if draw < 2 else 3 + draw * 2
    return InventoryLevel(variant.inventory_item or variant.external_id, LOCATION, pieces)
