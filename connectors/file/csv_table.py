"""CSV files as merchants have them: any of three separators, UTF-8 or Windows letters, packed with gzip or not."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from connectors.errors import BadFile
from connectors.file.tables import BATCH_ROWS, Batch

LONGEST_LINE = 4_000_000
BATCH_CHARACTERS = 16_000_000
BLOCK_BYTES = 1 << 20
SEPARATORS = ",;\t|"

csv.field_size_limit(LONGEST_LINE)


class CsvTable:
    """A CSV file whose header is its first row that is not blank."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self._encoding = self._find_encoding()
        self._separator = self._find_separator()
        header = next((row for row in self._records() if any(cell.strip() for cell in row)), [])
        self.columns = tuple(cell.strip() for cell in header)
        if not self.columns:
            raise BadFile(f"{self.name} is empty: export it again")

    @property
    def decimal_comma(self) -> bool:
        """Where semicolons part the columns, commas part the decimals."""
        return self._separator == ";"

    def batches(self) -> Iterator[Batch]:
        """All rows below the header; a short one is filled up with empty cells."""
        width = len(self.columns)
        rows: list[tuple[Any, ...]] = []
        first = 0
        characters = 0
        for number, cells in enumerate(self._records(), 1):
            if first == 0:
                first = number + 1 if any(cell.strip() for cell in cells) else 0
                continue
            rows.append(tuple(cells) if len(cells) == width else self._fitted(cells, number))
            if len(rows) == BATCH_ROWS or self._lines.characters - characters > BATCH_CHARACTERS:
                yield Batch(first, rows, self._lines.fraction())
                first, rows, characters = number + 1, [], self._lines.characters
        if rows:
            yield Batch(first, rows, 1.0)

    def _fitted(self, cells: list[str], number: int) -> tuple[str, ...]:
        width = len(self.columns)
        if any(cell.strip() for cell in cells[width:]):
            raise BadFile(
                f"{self.name}, row {number}: {len(cells)} cells under {width} columns; "
                "put quotes around text that holds the separator"
            )
        return (*cells[:width], *[""] * (width - len(cells)))

    def _records(self) -> Iterator[list[str]]:
        with _opened(self.path, self.name) as (packed, plain):
            size = max(self.path.stat().st_size, 1)
            self._lines = _Lines(io.TextIOWrapper(plain, self._encoding, newline=""), self.name, packed, size)
            reader = csv.reader(self._lines, delimiter=self._separator)
            try:
                yield from reader
            except csv.Error as error:
                raise BadFile(
                    f"{self.name}, line {reader.line_num}: {error}; look for a quotation mark that is never closed"
                ) from None

    def _find_encoding(self) -> str:
        with _opened(self.path, self.name) as (_, plain):
            start = plain.read(BLOCK_BYTES)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            candidates = ["utf-16"]
        elif b"\0" in start:
            raise BadFile(f"{self.name} is not text but a binary file: export it as CSV or parquet")
        else:
            candidates = ["utf-8-sig", "cp1252"]
        for encoding in candidates:
            if self._is_in(encoding):
                return encoding
        raise BadFile(f"{self.name} is not text in UTF-8 or in Windows letters: save it as CSV in UTF-8")

    def _is_in(self, encoding: str) -> bool:
        decoder = codecs.getincrementaldecoder(encoding)()
        with _opened(self.path, self.name) as (_, plain):
            try:
                while block := plain.read(BLOCK_BYTES):
                    if "\0" in decoder.decode(block):
                        return False
                decoder.decode(b"", True)
            except UnicodeDecodeError:
                return False
        return True

    def _find_separator(self) -> str:
        with _opened(self.path, self.name) as (packed, plain):
            text = io.TextIOWrapper(plain, self._encoding, newline="")
            for line in _Lines(text, self.name, packed, 1):
                if line.strip():
                    unquoted = "".join(line.split('"')[::2])
                    return max(SEPARATORS, key=unquoted.count)
        return ","


class _Lines:
    """The lines of a text, none of them longer than can be held. Counts the characters that went by."""

    def __init__(self, text: io.TextIOWrapper, name: str, packed: BinaryIO, size: int) -> None:
        self._text = text
        self._name = name
        self._packed = packed
        self._size = size
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        number = 0
        while line := self._text.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                raise BadFile(
                    f"{self._name}, line {number} is longer than {LONGEST_LINE:,} characters: "
                    "this is no CSV file, or its line ends are lost"
                )
            self.characters += len(line)
            yield line

    def fraction(self) -> float:
        """How much of the file has been read."""
        return min(1.0, self._packed.tell() / self._size)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The file as it lies on the disk, and its bytes unpacked."""
    try:
        with path.open("rb") as packed:
            is_gzip = packed.read(2) == b"\x1f\x8b"
            packed.seek(0)
            yield packed, cast("BinaryIO", gzip.GzipFile(fileobj=packed)) if is_gzip else packed
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise BadFile(f"{name} is cut off or damaged: download or export it again") from None
    except OSError as error:
        raise BadFile(f"{name} can't be read: {error.strerror or error}") from None
