"""What every importer promises. A new one adds a line to `SOURCES`: how to write a good and a wrong source of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import connectors
from connectors.base import Import, ImportRequest
from connectors.errors import BadFile
from connectors.records import Change, Current, Customer, InventoryLevel, Order, Product, Refund

TILL = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Currency\n"
    "1,85123A,HEART,6,2010-12-01 08:26,2.55,17850,GBP\n"
    "1,85123A,HEART,6,2010-12-01 08:26,2.55,17850,GBP\n"
    "C2,85123A,HEART,-2,2010-12-02 08:26,2.55,17850,GBP\n"
    "3,POST,POSTAGE,1,2010-12-02 08:26,2.55,,GBP\n"
)
SHOPIFY = (
    "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Inventory Tracker,Variant Inventory Qty,Image Src\n"
    "shirt,Shirt,Size,S,20,shopify,3,a.png\nshirt,,,M,20,shopify,0,\nshirt,,,,,,,b.png\nmug,,,,,,,c.png\n"
)
WOO = (
    "ID,Type,SKU,Name,Published,In stock?,Stock,Regular price,Parent,Attribute 1 name,Attribute 1 value(s)\n"
    '1,variable,tee,Tee,1,1,,,,Color,"Red, Blue"\n2,variation,tee-r,Tee - Red,1,1,4,20,tee,Color,Red\n'
    "3,variation,x,Lost,1,1,4,20,nowhere,Color,Red\n4,simple,mug,Mug,1,0,,9,,,\n"
)
PLAIN = "SKU,Title,Price,Stock\nA1,Candle,4.50,3\nA2,Match,1,\nA1,Candle again,4.50,3\n"

Writer = Callable[[Path], object]


def _text(text: str) -> Writer:
    return lambda path: path.write_text(text, encoding="utf-8")


def _parquet(path: Path) -> None:
    columns = {"order_id": [1, 1, 2], "sku": ["a1", "a2", "a1"], "qty": [1, 2, -1], "price": [1.0, 2.5, 1.0]}
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 1, 2)]
    pq.write_table(pa.table({**columns, "date": times, "customer": ["7", "7", "7"]}), path)


SOURCES: dict[str, tuple[str, Writer, Writer]] = {
    "order lines in CSV": ("file", _text(TILL), _text(TILL.replace("2010-12-02", "2010-12-32"))),
    "order lines in parquet": ("file", _parquet, lambda path: path.write_bytes(b"PAR1 and no more")),
    "Shopify products": ("file", _text(SHOPIFY), _text(SHOPIFY.replace("M,20", "M,dear"))),
    "WooCommerce products": ("file", _text(WOO), _text(WOO.replace("Red,1,1,4", "Red,1,1,four"))),
    "plain products": ("file", _text(PLAIN), _text(PLAIN.replace("4.50", "-4"))),
}


@pytest.fixture(params=SOURCES)
def case(request: pytest.FixtureRequest) -> tuple[str, Writer, Writer]:
    """One kind of source."""
    return SOURCES[request.param]


@pytest.fixture
def open_good(case: tuple[str, Writer, Writer], tmp_path: Path) -> Callable[[], Import]:
    """Opens a good source, as often as asked."""
    platform, write, _ = case
    write(tmp_path / "source")
    importer = connectors.get(platform).importer
    assert importer is not None
    return lambda: importer.open(str(tmp_path / "source"), ImportRequest("EUR"))


def _records(changes: list[Change]) -> list[object]:
    return [change.record for change in changes if isinstance(change, Current)]


def test_every_row_is_kept_or_skipped(open_good: Callable[[], Import]) -> None:
    opened = open_good()
    list(opened.changes())
    report = opened.report
    assert report.read == opened.rows == sum(report.kept.values()) + sum(report.skipped.values()) > 0


def test_the_same_source_says_the_same_again(open_good: Callable[[], Import]) -> None:
    assert list(open_good().changes()) == list(open_good().changes())


def test_products_come_before_the_orders_that_name_them(open_good: Callable[[], Import]) -> None:
    known: set[str] = set()
    for record in _records(list(open_good().changes())):
        if isinstance(record, Product):
            known.add(record.external_id)
        elif isinstance(record, Order | Refund):
            assert {line.product for line in record.lines} <= known


def test_records_are_unique_and_carry_an_aware_time(open_good: Callable[[], Import]) -> None:
    changes = list(open_good().changes())
    assert all(isinstance(change, Current) and change.version.tzinfo is not None for change in changes)
    names = [
        (type(each), each.inventory_item, each.location)
        if isinstance(each, InventoryLevel)
        else (type(each), each.external_id, "")
        for each in _records(changes)
        if isinstance(each, Product | Order | Refund | Customer | InventoryLevel)
    ]
    assert len(set(names)) == len(names)


def test_stock_is_told_of_variants_that_are_counted(open_good: Callable[[], Import]) -> None:
    records = _records(list(open_good().changes()))
    counted = {
        variant.inventory_item or variant.external_id
        for product in records
        if isinstance(product, Product)
        for variant in product.variants
        if variant.tracked
    }
    assert {level.inventory_item for level in records if isinstance(level, InventoryLevel)} == counted


def test_money_has_a_currency(open_good: Callable[[], Import]) -> None:
    for record in _records(list(open_good().changes())):
        if isinstance(record, Order):
            assert all(len(line.unit_price.currency) == 3 for line in record.lines)
        elif isinstance(record, Product):
            assert all(variant.price is None or len(variant.price.currency) == 3 for variant in record.variants)


def test_a_wrong_source_is_refused_on_opening(case: tuple[str, Writer, Writer], tmp_path: Path) -> None:
    platform, _, write_wrong = case
    write_wrong(tmp_path / "source")
    importer = connectors.get(platform).importer
    assert importer is not None
    with pytest.raises(BadFile, match="source"):
        importer.open(str(tmp_path / "source"), ImportRequest("EUR"))


def test_a_source_that_is_not_there_is_refused(case: tuple[str, Writer, Writer], tmp_path: Path) -> None:
    importer = connectors.get(case[0]).importer
    assert importer is not None
    with pytest.raises(BadFile):
        importer.open(str(tmp_path / "nowhere"), ImportRequest("EUR"))
