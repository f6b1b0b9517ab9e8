"""A shop without stock gets some, and the report says that it is made up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.base import Contents, ImportReport
from connectors.records import Change, Current, InventoryLevel, Product, Variant
from demo.stocking import NOTE, Stocked

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Orders:
    rows = 100
    currency = "GBP"
    contents = Contents.ORDERS

    def __init__(self) -> None:
        self.report = ImportReport("orders.csv")

    def changes(self) -> Iterator[Change]:
        for number in range(100):
            yield Current(Product(f"p{number}", "Mug", variants=(Variant(f"v{number}"),)), NOW)
        yield Current(Product("known", "Plate", variants=(Variant("known", tracked=True),)), NOW)


def test_every_product_is_counted_from_now_on() -> None:
    stocked = Stocked(Orders())
    records = [change.record for change in stocked.changes() if isinstance(change, Current)]
    products = [each for each in records if isinstance(each, Product)]
    levels = [each for each in records if isinstance(each, InventoryLevel)]
    assert all(variant.tracked for product in products for variant in product.variants)
    assert [each.inventory_item for each in levels] == [f"v{number}" for number in range(100)]
    assert {0, 1} <= {each.available for each in levels}
    assert stocked.report.notes == [NOTE]
    assert list(Stocked(Orders()).changes()) == list(Stocked(Orders()).changes())


def test_stock_that_the_source_knows_is_left_alone() -> None:
    levels = [change.record for change in Stocked(Orders()).changes() if isinstance(change, Current)]
    assert not [each for each in levels if isinstance(each, InventoryLevel) and each.inventory_item == "known"]
