"""A wrong file ends the command with code 2 and one sentence that says what to do, and the database is as it was."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from integration.cli import main
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.storage import Base
from integration.storage.database import Database

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
GOOD = "536365,85123A,WHITE HEART,6,2010-12-01 08:26,2.55,17850,United Kingdom\n"


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


def _parquet(path: Path) -> None:
    rows = 5_000
    columns = {
        "InvoiceNo": [str(n) for n in range(rows)],
        "StockCode": [str(n % 97) for n in range(rows)],
        "Quantity": [1] * rows,
        "InvoiceDate": ["2010-12-01"] * rows,
        "UnitPrice": [1.5] * rows,
    }
    pq.write_table(pa.table(columns), path, row_group_size=1_000)


def _truncated(path: Path) -> None:
    _parquet(path)
    path.write_bytes(path.read_bytes()[:-200])


def _damaged(path: Path) -> None:
    _parquet(path)
    data = bytearray(path.read_bytes())
    data[200:1_200] = b"\xff" * 1_000
    path.write_bytes(data)


def _time_as_number(path: Path) -> None:
    pq.write_table(pa.table({"order": ["1"], "sku": ["A1"], "qty": [1], "date": [1296432000], "price": [2.0]}), path)


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "columns missing": (_text("InvoiceNo,StockCode,Wann\n1,2,3\n"), "how many pieces (looked for Quantity"),
    "columns missing, found": (
        _text("InvoiceNo,StockCode,Wann\n1,2,3\n"),
        "its columns are InvoiceNo, StockCode, Wann",
    ),
    "no header": (_text(GOOD), "no column says"),
    "a date that is none": (
        _text(HEADER + GOOD + GOOD.replace("2010-12-01 08:26", "yesterday")),
        "row 3: InvoiceDate 'yesterday'",
    ),
    "a date out of the calendar": (
        _text(HEADER + GOOD.replace("2010-12-01", "2010-02-30")),
        "row 2: InvoiceDate '2010-02-30 08:26'",
    ),
    "no date": (_text(HEADER + GOOD.replace("2010-12-01 08:26", "")), "row 2: InvoiceDate"),
    "dates that are numbers": (_time_as_number, "row 1: date '1296432000'"),
    "a quantity that is none": (_text(HEADER + GOOD.replace(",6,", ",six,")), "row 2: Quantity 'six'"),
    "a quantity past counting": (_text(HEADER + GOOD.replace(",6,", ",99999999999,")), "row 2: Quantity '99999999999'"),
    "a price that is none": (_text(HEADER + GOOD.replace("2.55", "cheap")), "row 2: UnitPrice 'cheap'"),
    "too many cells": (_text(HEADER + GOOD + "1,2,a,b,3,2011-01-01,2,1,UK\n"), "row 3: 9 cells under 8 columns"),
    "an open quotation mark": (_text(HEADER + GOOD.replace("WHITE", '"WHITE') + "x\n" * 2_500_000), "quotation mark"),
    "a huge single line": (_text("InvoiceNo" * 600_000), "longer than"),
    "an empty file": (_text(""), "is empty"),
    "blank lines": (_text("\n\n  \n"), "is empty"),
    "a header alone": (_text(HEADER), "no row"),
    "a binary renamed .csv": (lambda path: path.write_bytes(bytes(range(256)) * 40), "binary"),
    "an Excel workbook": (lambda path: path.write_bytes(b"PK\x03\x04" + b"\0" * 99), "Excel"),
    "neither UTF-8 nor Windows": (lambda path: path.write_bytes(HEADER.encode() + b"1,\x81\x8d,\xc3"), "UTF-8"),
    "a truncated parquet": (_truncated, "cut off or damaged"),
    "a damaged parquet": (_damaged, "export it again"),
    "a truncated gzip": (lambda path: path.write_bytes(gzip.compress((HEADER + GOOD * 999).encode())[:-40]), "cut off"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "no such file": (lambda _: None, "there is no file"),
    "no letters at all": (_text("\x01\x02\x03"), "no column says"),
}


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line, as an operator runs it."""
    monkeypatch.setenv("SHELFWISE_DATABASE_URL", database_url)
    monkeypatch.setenv("SHELFWISE_SECRET_KEYS", Fernet.generate_key().decode())
    return lambda *arguments: CliRunner().invoke(main, ["import", *arguments])


def counts(url: str) -> dict[str, int]:
    """How many rows each table has."""
    with closing(Database(url)) as database, database.read() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_imports_nothing_and_says_what_to_do(
    run: Callable[..., Result], database_url: str, tmp_path: Path, name: str
) -> None:
    make, sentence = WRONG[name]
    path = tmp_path / "till.csv"
    make(path)
    result = run(str(path), "--shop", "new", "--create", "--currency", "GBP")
    assert result.exit_code == 2, result.output
    (said,) = result.stderr.strip().splitlines()[-1:]
    assert sentence in said
    assert "Traceback" not in result.output
    assert not any(counts(database_url).values())


def test_a_good_file_beside_a_wrong_one_is_not_imported_either(
    run: Callable[..., Result], database_url: str, tmp_path: Path
) -> None:
    good, wrong = tmp_path / "good.csv", tmp_path / "wrong.csv"
    good.write_text(HEADER + GOOD)
    wrong.write_text(HEADER + GOOD.replace("2010", "20x0"))
    assert run(str(good), str(wrong), "--shop", "new", "--create", "--currency", "GBP").exit_code == 2
    assert not any(counts(database_url).values())


def test_prices_in_no_known_currency_are_refused(run: Callable[..., Result], database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "till.csv"
    path.write_text(HEADER + GOOD)
    result = run(str(path), "--shop", "new", "--create")
    assert result.exit_code == 2
    assert "--currency" in result.stderr
    assert not any(counts(database_url).values())


def test_a_shop_that_is_not_there_is_not_made_without_being_asked(
    run: Callable[..., Result], database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "till.csv"
    path.write_text(HEADER + GOOD)
    result = run(str(path), "--shop", "nobody", "--currency", "GBP")
    assert result.exit_code == 2
    assert "nobody" in result.stderr
    assert not any(counts(database_url).values())


def test_what_a_shop_has_survives_a_wrong_file(run: Callable[..., Result], database_url: str, tmp_path: Path) -> None:
    with closing(Database(database_url)) as database:
        vault = Vault(Fernet.generate_key().decode())
        create_shop(
            database, vault, key="s", name="S", platform="direct", external_id="s", webhook_secret="s", currency="GBP"
        )
    path = tmp_path / "till.csv"
    path.write_text(HEADER + GOOD)
    assert run(str(path), "--shop", "s").exit_code == 0
    before = counts(database_url)
    path.write_text(HEADER + GOOD.replace("536365", "536399") + GOOD.replace("2010-12-01 08:26", "?"))
    assert run(str(path), "--shop", "s").exit_code == 2
    assert counts(database_url) == before
