"""Parquet files, read a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.errors import BadFile
from connectors.file.tables import BATCH_ROWS, Batch

_UNREADABLE = (pa.ArrowException, OSError, ValueError, NotImplementedError)


class ParquetTable:
    """A parquet file. Columns that hold lists or records are left out: nothing that we read is nested."""

    decimal_comma = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        with self._opened() as file:
            schema = file.schema_arrow
        self.columns = tuple(each.name for each in schema if not pa.types.is_nested(each.type))

    def batches(self) -> Iterator[Batch]:
        """All rows; times come as UTC, missing values and not-a-numbers as None."""
        with self._opened() as file:
            total = file.metadata.num_rows
            first = 1
            try:
                for part in file.iter_batches(batch_size=BATCH_ROWS, columns=list(self.columns)):
                    columns = [self._values(part.column(each), each, first) for each in self.columns]
                    rows = list(zip(*columns, strict=True))
                    yield Batch(first, rows, min(1.0, (first + len(rows)) / max(total, 1)))
                    first += len(rows)
            except _UNREADABLE as error:
                raise BadFile(
                    f"{self.name} can't be read past row {first - 1:,} ({_sentence(error)}): export it again"
                ) from None

    def _opened(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path)
        except _UNREADABLE as error:
            raise BadFile(
                f"{self.name} is a parquet file that is cut off or damaged ({_sentence(error)}): export it again"
            ) from None

    def _values(self, column: pa.Array, name: str, first_row: int) -> list[Any]:
        try:
            return _values(column)
        except UnicodeDecodeError:
            raise BadFile(
                f"{self.name}, rows {first_row:,} to {first_row + len(column) - 1:,}: "
                f"{name} holds text that is not UTF-8: export it again"
            ) from None


def _values(column: pa.Array) -> list[Any]:
    """The column as Python values."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("s"))
    if pa.types.is_timestamp(column.type):
        # A year that Python has no date for comes out as a whole number, which is no time to whoever reads it.
        values: list[Any] = column.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False).tolist()
        return values
    if pa.types.is_integer(column.type) and not column.null_count:
        whole: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
        return whole
    if pa.types.is_floating(column.type):
        numbers = column.to_numpy(zero_copy_only=False).tolist()
        return [None if number is None or isnan(number) else number for number in numbers]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
        return texts
    return [*column.to_pylist()]


def _sentence(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(". ") or type(error).__name__
