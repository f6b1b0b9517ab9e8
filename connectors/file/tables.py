"""What every kind of file is turned into: a table of named columns that is read in batches, as often as needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from connectors.errors import BadFile

BATCH_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a table, in order.

    first_row: the number of the first, as a person counts: in a CSV file the header is row 1, in parquet the first
    row of data is. fraction: how much of the file has been read with this batch, 0 to 1.
    """

    first_row: int
    rows: list[tuple[Any, ...]]
    fraction: float


class Table(Protocol):
    """One file with columns. Reading it never holds more than a batch in memory."""

    @property
    def name(self) -> str:
        """The file's name, for messages."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names as the file has them."""

    @property
    def decimal_comma(self) -> bool:
        """Whether 1,5 is one and a half."""

    def batches(self) -> Iterator[Batch]:
        """All rows, from the first. Raises BadFile where one can't be read."""


def open_table(source: str) -> Table:
    """The table in a file, whatever its name ends in. Raises BadFile."""
    from connectors.file.csv_table import CsvTable
    from connectors.file.parquet_table import ParquetTable

    path = Path(source)
    start = _start_of(path)
    if start.startswith(b"PAR1"):
        return ParquetTable(path)
    for magic, what in _NOT_TABLES.items():
        if start.startswith(magic):
            raise BadFile(f"{path.name} is {what}, not a table: export it as CSV or parquet")
    return CsvTable(path)


_NOT_TABLES = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}


def _start_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise BadFile(f"{path} is a folder: name the file inside it")
        if not path.exists():
            raise BadFile(f"there is no file {path}: check its name and the folder you are in")
        with path.open("rb") as file:
            start = file.read(16)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadFile(f"{str(path)!r} can't be read: {reason}") from None
    if not start:
        raise BadFile(f"{path.name} is empty: export it again")
    return start
