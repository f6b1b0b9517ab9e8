"""Files in a shop: imported twice, corrected, old beside newer webhooks, orders beside a catalogue."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from cryptography.fernet import Fernet

from connectors.base import Contents
from connectors.records import Current, InventoryLevel, Order, Product, Variant
from integration.cli import main
from integration.services.apply import apply
from integration.services.imports import ImportProgress, batches, import_source
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.storage import Base
from integration.storage.database import Database

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
TILL = HEADER + (
    "1,85123A,WHITE HEART,6,2010-12-01 08:26,2.55,17850,United Kingdom\n"
    "1,POST,POSTAGE,1,2010-12-01 08:26,18.00,17850,United Kingdom\n"
    "2,22423,CAKE STAND,1,2010-12-02 09:00,12.75,,France\n"
    "C3,85123A,WHITE HEART,-2,2010-12-03 08:26,2.55,17850,United Kingdom\n"
)
SHELF = "SKU,Title,Price,Stock\n85123A,White heart,2.55,4\n22423,Cake stand,12.75,0\n"
SHOPIFY = (
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,"
    "Variant Inventory Tracker,Variant Inventory Qty\n"
    "shirt,Shirt,Size,S,SH-S,20,shopify,3\nshirt,,,M,SH-M,20,shopify,0\nmug,Mug,Title,Default Title,,9,,\n"
)


@pytest.fixture
def shop_id(database: Database) -> int:
    """A shop without anything in it."""
    return create_shop(
        database,
        Vault(Fernet.generate_key().decode()),
        key="s",
        name="S",
        platform="direct",
        external_id="s",
        webhook_secret="s",
        currency="GBP",
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes a file, as if last changed at a given time."""

    def written(name: str, text: str, changed: datetime | None = None) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        if changed:
            os.utime(path, (changed.timestamp(), changed.timestamp()))
        return str(path)

    return written


def everything(database: Database) -> dict[str, list[Any]]:
    """What the store says, without the numbers that it gives its rows."""
    ours = {"id", "shelf_version", "order_id", "product_id", "refund_id", "customer_id"}
    with database.read() as connection:
        return {
            table.name: sorted(
                map(repr, connection.execute(sa.select(*(c for c in table.c if c.name not in ours))).all())
            )
            for table in Base.metadata.sorted_tables
        }


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def test_a_till_fills_a_shop(database: Database, shop_id: int, write: Callable[..., str]) -> None:
    report = import_source(database, shop_id, "file", write("till.csv", TILL))
    assert report.kept == {"order lines": 2, "refund lines": 1}
    assert report.skipped == {"no products (postage, fees, vouchers and the like)": 1}
    assert rows(database, "SELECT external_id, title FROM product ORDER BY 1") == [
        ("22423", "CAKE STAND"),
        ("85123A", "WHITE HEART"),
    ]
    assert rows(database, 'SELECT external_id, currency FROM "order" ORDER BY 1') == [("1", "GBP"), ("2", "GBP")]
    assert rows(database, 'SELECT "order" FROM refund') == [("1",)]


def test_importing_the_same_files_again_changes_nothing(
    database: Database, shop_id: int, write: Callable[..., str]
) -> None:
    files = [write("shelf.csv", SHELF), write("till.csv", TILL)]
    for file in files:
        import_source(database, shop_id, "file", file)
    before = everything(database)
    for file in files:
        import_source(database, shop_id, "file", file)
    assert everything(database) | {"shop": []} == before | {"shop": []}


def test_a_corrected_file_corrects(database: Database, shop_id: int, write: Callable[..., str]) -> None:
    early, late = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
    import_source(database, shop_id, "file", write("shelf.csv", SHELF, early))
    import_source(database, shop_id, "file", write("till.csv", TILL))
    import_source(
        database,
        shop_id,
        "file",
        write("shelf.csv", SHELF.replace("22423,Cake stand,12.75,0", "22423,Stand,9,7"), late),
    )
    import_source(database, shop_id, "file", write("till.csv", TILL.replace(",6,", ",5,")))
    assert rows(database, "SELECT title FROM product WHERE external_id = '22423'") == [("Stand",)]
    assert rows(database, "SELECT available FROM inventory_level WHERE inventory_item = '22423'") == [(7,)]
    assert rows(database, "SELECT quantity FROM order_line ORDER BY quantity") == [(1,), (5,)]


def test_an_old_file_never_overwrites_what_a_webhook_said_later(
    database: Database, shop_id: int, write: Callable[..., str]
) -> None:
    now = datetime(2026, 5, 2, tzinfo=UTC)
    told = [
        Current(Product("22423", "Told by webhook", variants=(Variant("22423", tracked=True),)), now),
        Current(InventoryLevel("22423", "file", 5), now),
        Current(Order("1", datetime(2010, 12, 1, 8, 26, tzinfo=UTC), (), "GBP", country="Told"), now),
    ]
    with database.write() as connection:
        apply(connection, shop_id, told)
    import_source(database, shop_id, "file", write("shelf.csv", SHELF, datetime(2026, 5, 1, tzinfo=UTC)))
    import_source(database, shop_id, "file", write("till.csv", TILL))
    assert rows(database, "SELECT title FROM product WHERE external_id = '22423'") == [("Told by webhook",)]
    assert rows(database, "SELECT available FROM inventory_level WHERE inventory_item = '22423'") == [(5,)]
    assert rows(database, "SELECT country FROM \"order\" WHERE external_id = '1'") == [("Told",)]


def test_a_time_that_is_given_stands_for_the_files_own(
    database: Database, shop_id: int, write: Callable[..., str]
) -> None:
    import_source(database, shop_id, "file", write("shelf.csv", SHELF), as_of=datetime(2026, 5, 2, tzinfo=UTC))
    old = write("old.csv", SHELF.replace("Cake stand", "Old name"))
    import_source(database, shop_id, "file", old, as_of=datetime(2026, 5, 1, tzinfo=UTC))
    assert rows(database, "SELECT title FROM product WHERE external_id = '22423'") == [("Cake stand",)]


def test_a_till_never_renames_the_products_of_a_catalogue(
    database: Database, shop_id: int, write: Callable[..., str]
) -> None:
    import_source(database, shop_id, "file", write("shelf.csv", SHELF, datetime(2009, 1, 1, tzinfo=UTC)))
    import_source(database, shop_id, "file", write("till.csv", TILL.replace("85123A", "85123a")))
    assert rows(database, "SELECT external_id, title FROM product ORDER BY 1") == [
        ("22423", "Cake stand"),
        ("85123A", "White heart"),
    ]


ORDERS = (
    "Order ID,SKU,Title,Quantity,Date,Price\n"
    "1,sh-s,Tee,1,2026-01-02,20\n1,,Mug,2,2026-01-02,9\n2,OTHER,Else,1,2026-01-03,5\n"
)
SOLD = "SELECT p.external_id, l.variant FROM order_line l JOIN product p ON p.id = l.product_id"


def test_orders_find_the_catalogues_products_by_sku_or_title(
    database: Database, shop_id: int, write: Callable[..., str]
) -> None:
    import_source(database, shop_id, "file", write("products.csv", SHOPIFY))
    import_source(database, shop_id, "file", write("orders.csv", ORDERS))
    assert set(rows(database, SOLD)) == {("mug", "mug"), ("OTHER", "OTHER"), ("shirt", "shirt/S")}
    assert len(rows(database, "SELECT 1 FROM product")) == 3


def test_a_catalogue_that_comes_after_the_orders_takes_them_over_when_they_are_imported_again(
    database: Database, shop_id: int, write: Callable[..., str]
) -> None:
    orders = write("orders.csv", ORDERS)
    import_source(database, shop_id, "file", orders)
    import_source(database, shop_id, "file", write("products.csv", SHOPIFY))
    import_source(database, shop_id, "file", orders)
    assert {product for product, _ in rows(database, SOLD)} == {"shirt", "mug", "OTHER"}
    removed = rows(database, "SELECT external_id FROM product WHERE removed_at IS NOT NULL ORDER BY 1")
    assert {external_id for (external_id,) in removed} == {"Mug", "sh-s"}


def test_no_transaction_is_long(database: Database, shop_id: int, write: Callable[..., str]) -> None:
    lines = "".join(f"{n},{n % 97},THING,1,2010-12-01,2,1,UK\n" for n in range(20_000))
    seen: list[ImportProgress] = []
    import_source(database, shop_id, "file", write("long.csv", HEADER + lines), progress=seen.append)
    assert len({each.rows for each in seen if each.stage == "importing"}) > 5
    assert seen[-1] == ImportProgress("importing", 1.0, 20_000)


def test_batches_hold_everything_in_order() -> None:
    changes = [Current(InventoryLevel(str(n), "file", n), datetime(2026, 1, 1, tzinfo=UTC)) for n in range(12_345)]
    assert [change for batch in batches(changes) for change in batch] == changes


def test_the_command_makes_a_shop_and_reports_every_row(
    database: Database, database_url: str, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFWISE_DATABASE_URL", database_url)
    monkeypatch.setenv("SHELFWISE_SECRET_KEYS", Fernet.generate_key().decode())
    files = [write("till.csv", TILL), write("shelf.csv", SHELF)]
    result = CliRunner().invoke(main, ["import", *files, "--shop", "new", "--create", "--currency", "gbp", "--json"])
    assert result.exit_code == 0, result.output
    shelf, till = (json.loads(line) for line in result.stdout.splitlines())
    assert (shelf["source"], till["source"]) == ("shelf.csv", "till.csv")
    assert till["read"] == sum(till["kept"].values()) + sum(till["skipped"].values()) == 4
    assert rows(database, "SELECT key, currency FROM shop") == [("new", "GBP")]
    shown = CliRunner().invoke(main, ["import", files[0], "--shop", "new"])
    assert "kept: order lines" in shown.stdout
    assert "skipped: no products" in shown.stdout


def test_help_teaches_by_example() -> None:
    shown = CliRunner().invoke(main, ["import", "--help"]).output
    assert "shelfwise import till.parquet --shop candles --create --currency GBP" in shown


def test_what_a_file_holds_can_be_said(database: Database, shop_id: int, write: Callable[..., str]) -> None:
    report = import_source(database, shop_id, "file", write("till.csv", TILL), contents=Contents.ORDERS)
    assert report.read == 4
