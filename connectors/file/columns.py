"""Columns are found by their names, however they are spelt: `Invoice No`, `invoice_no` and `InvoiceNo` are one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.errors import BadFile
from connectors.file.tables import Batch, Table

_SHOWN = 25


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a column can say.

    says: for messages, such as "when it was ordered". names: what its column may be called, the best first.
    required: the file can't be read without it, unless it has the field `instead`.
    """

    name: str
    says: str
    names: tuple[str, ...]
    required: bool = False
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row each field of a layout is. A field that the file does not have is always None."""

    table: Table
    places: Mapping[str, int]

    def has(self, field: str) -> bool:
        """Whether the file has a column for the field."""
        return field in self.places

    def title(self, field: str) -> str:
        """What the file calls the field's column."""
        return self.table.columns[self.places[field]] if field in self.places else field

    def pick(self, batch: Batch, fields: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The named fields of each row of a batch, in the order of their naming."""
        nothing = [None] * len(batch.rows)
        chosen = [
            [row[self.places[field]] for row in batch.rows] if field in self.places else nothing for field in fields
        ]
        return zip(*chosen, strict=True)

    def wrong(self, row: int, field: str, cell: Any, what: object) -> BadFile:
        """The error that names a cell."""
        shown = str(cell)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return BadFile(
            f"{self.table.name}, row {row:,}: {self.title(field)} {shown!r} {what}; "
            "correct that cell, nothing was imported"
        )


def spelt(name: str) -> str:
    """A column's name without case, spaces and signs."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())


def locate(table: Table, fields: Iterable[Field]) -> Columns:
    """Find the fields' columns; of two columns with one name the first counts."""
    positions: dict[str, int] = {}
    for position, column in enumerate(table.columns):
        positions.setdefault(spelt(column), position)
    places = {}
    for field in fields:
        for name in map(spelt, field.names):
            if name in positions:
                places[field.name] = positions[name]
                break
    return Columns(table, places)


def no_currency(name: str) -> BadFile:
    """The error of a file with prices in an unknown currency."""
    return BadFile(f"{name} does not say in which currency its prices are: name it, for example with --currency EUR")


def missing(columns: Columns, fields: Iterable[Field]) -> list[Field]:
    """The required fields that the file has no column for."""
    return [
        field
        for field in fields
        if field.required and not columns.has(field.name) and not (field.instead and columns.has(field.instead))
    ]


def shown(names: Sequence[str], most: int = _SHOWN) -> str:
    """Names in a sentence, not endlessly many."""
    printable = ("".join(filter(str.isprintable, name))[:40] for name in names[:most])
    listed = ", ".join(name or '""' for name in printable)
    return listed + (f" and {len(names) - most} more" if len(names) > most else "")
