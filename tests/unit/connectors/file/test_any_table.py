"""Whatever is in a file, it is imported whole and accounted for row by row, or refused in one sentence."""

from __future__ import annotations

import csv
import gzip
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Import, ImportRequest
from connectors.errors import BadFile
from connectors.file import CONNECTOR
from connectors.file.importer import LAYOUTS
from connectors.records import Current, Order, Refund

COLUMNS = sorted({name for layout in LAYOUTS for field in layout.fields for name in field.names[:2]})
ORDER_COLUMNS = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Currency",
]
LIKELY = st.sampled_from(
    [
        *("", " ", "1", "-1", "0", "2.5", "1,5", "1.234,50", "9" * 30, "C1", "POST", "85123a", "85123A", "ä\x00b"),
        *("2011-01-02", "1/2/2011 8:26", "31/12/2011", "12/31/2011", "0001-01-01", "9999-12-31T23:59-12:00", "GBP"),
        *("yes", "no", "true", "variation", "variable", "parent", "id:1", "a@b.c", "nan", "inf", "1e400", "x" * 300),
    ]
)
CELL = st.one_of(LIKELY, st.text(max_size=8))


def check(path: Path) -> None:
    """Open the file and read it to its end: all rows are accounted for, and orders add up to the lines kept."""
    assert CONNECTOR.importer is not None
    try:
        opened = CONNECTOR.importer.open(str(path), ImportRequest(currency="EUR"))
    except BadFile as refused:
        sentence = str(refused)
    else:
        sentence = ""
        account_for(opened)
    assert "\n" not in sentence


def account_for(opened: Import) -> None:
    """Read to the end, and count."""
    changes = list(opened.changes())
    report = opened.report
    assert report.read == opened.rows
    assert report.read == sum(report.kept.values()) + sum(report.skipped.values())
    lines = [change.record for change in changes if isinstance(change, Current)]
    assert sum(len(each.lines) for each in lines if isinstance(each, Order)) == report.kept.get("order lines", 0)
    assert sum(len(each.lines) for each in lines if isinstance(each, Refund)) <= report.kept.get("refund lines", 0)
    assert all(isinstance(change, Current) and change.version.tzinfo is not None for change in changes)


@settings(max_examples=150, deadline=None)
@given(
    header=st.one_of(
        st.just(ORDER_COLUMNS), st.lists(st.one_of(st.sampled_from(COLUMNS), st.text(max_size=6)), max_size=30)
    ),
    rows=st.lists(st.lists(CELL, max_size=10), max_size=12),
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    packed=st.booleans(),
)
def test_any_table_in_a_csv_file_is_read_or_refused(
    header: list[str], rows: list[list[str]], delimiter: str, encoding: str, packed: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        with path.open("w", encoding=encoding, errors="replace", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows([header, *rows])
        if packed:
            path.write_bytes(gzip.compress(path.read_bytes()))
        check(path)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(*[CELL] * len(ORDER_COLUMNS)), min_size=1, max_size=12))
def test_any_cells_under_the_right_columns_are_read_or_refused(rows: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "till.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([ORDER_COLUMNS, *rows])
        check(path)


PLAUSIBLE = st.tuples(
    st.sampled_from(["536365", "536366", "C536367", "536368"]),
    st.sampled_from(["85123A", "85123a", "22423", "POST", "M", "gift_0001_20"]),
    st.sampled_from(["WHITE HEART", "white heart", "?", "damaged", "POSTAGE", ""]),
    st.integers(-5, 5).map(str),
    st.sampled_from(["2011-01-02 10:00", "2011-01-03", "2010-12-24"]),
    st.sampled_from(["2.55", "0", "-1", ""]),
    st.sampled_from(["17850", ""]),
    st.just("GBP"),
)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(PLAUSIBLE, min_size=1, max_size=30))
def test_every_row_of_a_plausible_till_is_kept_or_skipped_for_a_reason(rows: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "till.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([ORDER_COLUMNS, *rows])
        check(path)


ARRAYS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.string(), st.text(max_size=5)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.float64(), st.floats()),
    (pa.bool_(), st.booleans()),
    (pa.timestamp("ns"), st.integers(-(2**62), 2**62)),
    (pa.timestamp("us", "Europe/London"), st.integers(-(2**62), 2**62)),
    (pa.date32(), st.integers(-(2**31), 2**31 - 1)),
    (pa.decimal128(38, 4), st.decimals(-(10**9), 10**9, places=4)),
    (pa.binary(), st.binary(max_size=5)),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["1", "2011-01-02", "C1"])),
    (pa.list_(pa.int64()), st.lists(st.integers(0, 9), max_size=2)),
]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), rows=st.integers(0, 6))
def test_any_types_under_the_right_columns_of_parquet_are_read_or_refused(data: st.DataObject, rows: int) -> None:
    arrays = []
    for _ in ORDER_COLUMNS:
        kind, values = data.draw(st.sampled_from(ARRAYS))
        arrays.append(pa.array(data.draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), kind))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "till.parquet"
        pq.write_table(pa.table(arrays, names=ORDER_COLUMNS), path)
        check(path)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400), start=st.sampled_from([b"", b"PAR1", b"\x1f\x8b\x08", b"InvoiceNo,", b"\xff\xfe"]))
def test_any_bytes_are_refused_in_one_sentence(start: bytes, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bytes.csv"
        path.write_bytes(start + data)
        check(path)
