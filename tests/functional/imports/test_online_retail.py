"""Half a million real invoice lines: what becomes of each is counted, and known."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from connectors.base import Import, ImportRequest
from connectors.file import FileImporter
from connectors.records import Change, Current, Order, Product, Refund

PLAIN_CODE = r"^(\d{5}[A-Za-z]*|DCGS.*)$"


@pytest.fixture(scope="module")
def source(data_folder: Path) -> Path:
    """The file."""
    return data_folder / "uci_online_retail.parquet"


@pytest.fixture(scope="module")
def imported(source: Path) -> tuple[Import, list[Change]]:
    """The file, read to its end."""
    opened = FileImporter().open(str(source), ImportRequest("GBP"))
    return opened, list(opened.changes())


def test_every_line_is_accounted_for(imported: tuple[Import, list[Change]]) -> None:
    report = imported[0].report
    assert report.read == 541_909 == sum(report.kept.values()) + sum(report.skipped.values())
    assert report.skipped["exact repeats of a line"] == 5_268
    zero_priced_or_less = 2_517
    without_price = (
        report.skipped["lines without a price (zero or less)"]
        + report.skipped["stock write-offs (negative quantity without a price)"]
    )
    assert 0.98 * zero_priced_or_less < without_price < zero_priced_or_less


def test_cancellations_of_goods_become_refunds(imported: tuple[Import, list[Change]], source: Path) -> None:
    table = pq.read_table(source).combine_chunks()
    distinct = table.group_by(table.column_names).aggregate([])
    goods = pc.match_substring_regex(distinct["StockCode"], PLAIN_CODE)
    cancelled = pc.and_(pc.starts_with(distinct["InvoiceNo"], "C"), goods)
    carriage = pc.equal(distinct["StockCode"], "23444")
    expected = pc.sum(pc.and_(cancelled, pc.invert(carriage))).as_py()
    assert imported[0].report.kept["refund lines"] == expected
    refunds = [each.record for each in imported[1] if isinstance(each, Current) and isinstance(each.record, Refund)]
    assert sum(bool(refund.order) for refund in refunds) > 0.8 * len(refunds)


def test_services_are_no_products(imported: tuple[Import, list[Change]]) -> None:
    products = {
        each.record.external_id: each.record.title
        for each in imported[1]
        if isinstance(each, Current) and isinstance(each.record, Product)
    }
    services = {"POST", "D", "M", "DOT", "C2", "BANK CHARGES", "AMAZONFEE", "CRUK", "S", "PADS", "B", "gift_0001_20"}
    assert not services & set(products)
    assert {"85123A", "DCGSSBOY"} <= set(products)
    assert len({code.casefold() for code in products}) == len(products)
    assert products["85123A"] == "WHITE HANGING HEART T-LIGHT HOLDER"
    notes = ("?", "damage", "thrown", "missing", "found", "adjust")
    assert not [title for title in products.values() if title.casefold().startswith(notes)]


def test_orders_hold_the_lines_that_were_kept(imported: tuple[Import, list[Change]]) -> None:
    orders = [each.record for each in imported[1] if isinstance(each, Current) and isinstance(each.record, Order)]
    assert len({order.external_id for order in orders}) == len(orders)
    assert sum(len(order.lines) for order in orders) == imported[0].report.kept["order lines"]
    assert len({order.customer for order in orders}) > 4_300
    assert all(line.quantity > 0 and line.unit_price.amount > 0 for order in orders for line in order.lines)
