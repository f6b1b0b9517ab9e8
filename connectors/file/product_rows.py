"""What all product files have in common: rows that belong together, cells that name what is wrong, the report."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from connectors.base import Contents, ImportReport, ImportRequest
from connectors.errors import BadFile
from connectors.file import cells
from connectors.file.columns import Columns, no_currency
from connectors.records import Change, Current, InventoryLevel, Money, Product

T = TypeVar("T")

LOCATION = "file"
FURTHER = "pictures and variants of a product without its first row"


class ProductRow:
    """One row by the fields of its layout. Cells are read by `text` and the like, which name a wrong one."""

    __slots__ = ("_cells", "_columns", "number")

    def __init__(self, columns: Columns, number: int, values: Mapping[str, Any]) -> None:
        self._columns = columns
        self._cells = values
        self.number = number

    def text(self, field: str) -> str:
        """The cell as text, empty where the file has no such column."""
        return cells.text(self._cells.get(field))

    def plain(self, field: str) -> str:
        """The cell as text without HTML."""
        return cells.plain(self._cells.get(field))

    def identifier(self, field: str) -> str:
        """The cell as a name that fits the store."""
        return cells.identifier(self._cells.get(field))

    def parts(self, field: str, separator: str = ",") -> tuple[str, ...]:
        """The cell's items."""
        return cells.parts(self._cells.get(field), separator)

    def is_yes(self, field: str, *, empty: bool) -> bool:
        """Whether the cell says yes; `empty` where it says nothing."""
        return self.read(field, lambda cell: cells.is_yes(cell, empty=empty))

    def pieces(self, field: str) -> int | None:
        """The cell as a number of pieces."""
        return self.read(field, lambda cell: cells.pieces(cell, self._columns.table.decimal_comma))

    def amount(self, field: str) -> Decimal | None:
        """The cell as an amount, None where it is empty."""
        value = self.read(field, lambda cell: cells.amount(cell, self._columns.table.decimal_comma))
        if value is not None and value < 0:
            raise self.wrong(field, "is less than nothing")
        return value

    def read(self, field: str, reader: Callable[[Any], T]) -> T:
        """The cell as `reader` understands it. Raises BadFile, which names the cell, where it raises ValueError."""
        try:
            return reader(self._cells.get(field))
        except ValueError as error:
            raise self.wrong(field, error) from None

    def wrong(self, field: str, what: object) -> BadFile:
        """The error that names the cell."""
        return self._columns.wrong(self.number, field, self._cells.get(field), what)

    @property
    def is_empty(self) -> bool:
        """Whether nothing that we read is in it."""
        return not any(cells.text(cell) for cell in self._cells.values())


class Made(NamedTuple):
    """What the rows of one product became. kept: what each row became; skipped: reason for each row left out."""

    product: Product | None
    levels: Sequence[InventoryLevel]
    kept: Sequence[str]
    skipped: Sequence[str] = ()


class ProductFile(ABC):
    """One file of products, checked to its last row. Rows of one product need not follow each other."""

    def __init__(self, columns: Columns, request: ImportRequest) -> None:
        self._columns = columns
        self._money_currency = request.currency
        self._version = request.as_of or _changed_at(columns)
        self._left: Counter[str] = Counter()
        self.contents = Contents.PRODUCTS
        self.currency = ""
        self.rows = 0
        self.report = ImportReport(columns.table.name)
        self.check(request)

    @abstractmethod
    def key(self, row: ProductRow) -> str:
        """Which product the row belongs to; empty for none."""

    @abstractmethod
    def make(self, rows: Sequence[ProductRow]) -> Made:
        """What all rows of one product say. Raises BadFile."""

    def money(self, amount: Decimal | None) -> Money | None:
        """The amount in the file's currency."""
        if amount is None:
            return None
        if not self._money_currency:
            raise no_currency(self._columns.table.name)
        return Money(amount, self._money_currency)

    def changes(self) -> Iterator[Change]:
        """Each product with its stock, in the order in which they come to an end in the file."""
        products = levels = 0
        for made in self._made():
            self.report.read += len(made.kept) + len(made.skipped)
            for what in made.kept:
                self.report.kept[what] = self.report.kept.get(what, 0) + 1
            for reason in made.skipped:
                self.report.skipped[reason] = self.report.skipped.get(reason, 0) + 1
            if made.product is not None:
                products += 1
                yield Current(made.product, self._version)
            for level in made.levels:
                levels += 1
                yield Current(level, self._version)
        self.report.notes.append(
            f"products: {products:,}; counted stocks: {levels:,}; as of {self._version:%Y-%m-%d %H:%M} UTC"
        )

    def check(self, request: ImportRequest) -> None:
        """Read and make everything once. Raises BadFile."""
        for fraction, row in self.read():
            self._left[self.key(row)] += 1
            self.rows += 1
            request.progress(fraction / 2, self.rows)
        if not self.rows:
            raise BadFile(f"{self._columns.table.name} has columns but no row: nothing to import")
        for _ in self._made():
            pass  # Making a product reads all its cells.
        request.progress(1.0, self.rows)

    def _made(self) -> Iterator[Made]:
        waiting: dict[str, list[ProductRow]] = {}
        for _, row in self.read():
            key = self.key(row)
            if not key:
                yield Made(None, (), (), ["empty rows" if row.is_empty else FURTHER])
                continue
            rows = waiting.setdefault(key, [])
            rows.append(row)
            if len(rows) == self._left[key]:
                yield self.make(waiting.pop(key))

    def read(self) -> Iterator[tuple[float, ProductRow]]:
        """Every row, with the fraction of the file that is read."""
        names = tuple(self._columns.places)
        for batch in self._columns.table.batches():
            for number, values in enumerate(self._columns.pick(batch, names), batch.first_row):
                yield batch.fraction, ProductRow(self._columns, number, dict(zip(names, values, strict=True)))


def _changed_at(columns: Columns) -> datetime:
    return datetime.fromtimestamp(columns.table.path.stat().st_mtime, UTC)
