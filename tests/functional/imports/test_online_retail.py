"""Half a million real invoice lines in a real database: what becomes of each is counted, and known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from cryptography.fernet import Fernet

from connectors.base import ImportReport
from integration.migrations import migrate
from integration.services.imports import import_source
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.storage.database import Database

GOODS = r"^(\d{5}[A-Za-z]*|DCGS.*)$"
CARRIAGE = "23444"


@pytest.fixture
def source(data_folder: Path) -> Path:
    """The file."""
    return data_folder / "uci_online_retail.parquet"


@pytest.fixture
def imported(source: Path, tmp_path: Path) -> Iterator[tuple[Database, ImportReport]]:
    """A shop that the file was imported into, and the report."""
    with closing(Database(f"sqlite:///{tmp_path / 'shop.sqlite3'}")) as database:
        migrate(database)
        shop_id = create_shop(
            database,
            Vault(Fernet.generate_key().decode()),
            key="retail",
            name="Retail",
            platform="direct",
            external_id="retail",
            webhook_secret="secret",
            currency="GBP",
        )
        yield database, import_source(database, shop_id, "file", str(source))


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def test_half_a_million_invoice_lines_become_what_they_are(
    imported: tuple[Database, ImportReport], source: Path, subtests: pytest.Subtests
) -> None:
    # One test, so that the file is imported once however the suite is spread over processes.
    database, report = imported
    with subtests.test("cancellations of goods become refunds"):
        _cancellations_of_goods_become_refunds(database, report, source)
    for check in (
        _every_line_is_accounted_for,
        _services_are_no_products,
        _titles_are_the_goods_own,
        _every_product_of_an_order_is_on_the_shelf,
    ):
        with subtests.test(check.__name__):
            check(database, report)


def _every_line_is_accounted_for(database: Database, report: ImportReport) -> None:
    assert report.read == 541_909 == sum(report.kept.values()) + sum(report.skipped.values())
    assert report.skipped["exact repeats of a line"] == 5_268
    assert rows(database, "SELECT count(*) FROM order_line") == [(report.kept["order lines"],)]
    without_price = (
        report.skipped["lines without a price (zero or less)"]
        + report.skipped["stock write-offs (negative quantity without a price)"]
    )
    # 2,515 are zero and 2 negative; some of them are repeats, or services.
    assert 2_400 < without_price < 2_517


def _cancellations_of_goods_become_refunds(database: Database, report: ImportReport, source: Path) -> None:
    table = pq.read_table(source).combine_chunks()
    distinct = table.group_by(table.column_names).aggregate([])
    cancelled = pc.and_(
        pc.starts_with(distinct["InvoiceNo"], "C"),
        pc.and_(pc.match_substring_regex(distinct["StockCode"], GOODS), pc.not_equal(distinct["StockCode"], CARRIAGE)),
    )
    assert report.kept["refund lines"] == pc.sum(cancelled).as_py()
    ((refunds, matched),) = rows(database, "SELECT count(*), sum(\"order\" <> '') FROM refund")
    assert matched > 0.8 * refunds


def _services_are_no_products(database: Database, report: ImportReport) -> None:
    products = dict(rows(database, "SELECT external_id, title FROM product WHERE known"))
    services = {"POST", "D", "M", "DOT", "C2", "BANK CHARGES", "AMAZONFEE", "CRUK", "S", "PADS", "B", "gift_0001_20"}
    assert not services & set(products)
    assert {"85123A", "DCGSSBOY"} <= set(products)
    assert len({code.casefold() for code in products}) == len(products)


def _titles_are_the_goods_own(database: Database, report: ImportReport) -> None:
    products = dict(rows(database, "SELECT external_id, title FROM product WHERE known"))
    assert products["85123A"] == "WHITE HANGING HEART T-LIGHT HOLDER"
    notes = ("?", "damage", "thrown", "missing", "found", "adjust")
    assert not [title for title in products.values() if title.casefold().startswith(notes)]


def _every_product_of_an_order_is_on_the_shelf(database: Database, report: ImportReport) -> None:
    assert rows(database, "SELECT count(*) FROM product WHERE NOT known") == [(0,)]
    ((customers,),) = rows(database, "SELECT count(*) FROM customer")
    assert 4_300 < customers <= 4_372
