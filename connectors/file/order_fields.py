"""What a file of order lines says, under which names, and its rows as lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from connectors.file import cells
from connectors.file.columns import Columns, Field, no_currency
from connectors.file.dates import moment

FIELDS = (
    Field(
        "order",
        "the order's number",
        (
            *("InvoiceNo", "Invoice Number", "Invoice", "Order ID", "Order Number", "Order No", "Order", "Order Name"),
            *("Basket ID", "Transaction ID", "Transaction Number", "Receipt ID", "Receipt Number", "Receipt No"),
            *("Receipt", "Sale ID", "Sale Number", "Ticket", "Bill No"),
        ),
        required=True,
    ),
    Field(
        "code",
        "the product's code",
        (
            *("StockCode", "Stock Code", "SKU", "Product ID", "Product Code", "Variant SKU", "Item SKU", "Item ID"),
            *("Item Code", "Item Number", "Item No", "Article Number", "Article No", "Article", "EAN", "UPC"),
            *("Barcode", "PLU", "Product"),
        ),
        required=True,
        instead="title",
    ),
    Field(
        "title",
        "the product's title",
        ("Description", "Title", "Product Name", "Product Title", "Item Name", "Item Description", "Item", "Name"),
    ),
    Field("quantity", "how many pieces", ("Quantity", "Qty", "Units", "Pieces", "Item Quantity"), required=True),
    Field(
        "price",
        "the price of one piece",
        ("UnitPrice", "Price per Unit", "Item Price", "Item Cost", "Price", "Net Price", "Sale Price"),
        required=True,
        instead="total",
    ),
    Field(
        "total",
        "the price of the whole line",
        ("Line Total", "Line Amount", "Line Price", "Item Total", "Item Subtotal", "Sales Value", "Net Sales"),
    ),
    Field(
        "when",
        "when it was ordered",
        (
            *("InvoiceDate", "Order Date", "Ordered At", "Date", "Datetime", "Date Time", "Time", "Timestamp"),
            *("Transaction Timestamp", "Transaction Date", "Created At", "Purchase Date", "Sale Date", "Sold At"),
            *("Paid At", "Date Created"),
        ),
        required=True,
    ),
    Field(
        "customer",
        "the customer's number",
        (
            *("CustomerID", "Customer", "Customer Number", "Customer No", "Client ID", "User ID", "User", "Buyer ID"),
            *("Household ID", "Member ID", "Account ID", "Loyalty ID", "Customer Email", "Email", "Billing Email"),
        ),
    ),
    Field("country", "the country", ("Country", "Country Code", "Shipping Country", "Billing Country")),
    Field("currency", "the currency", ("Currency", "Currency Code", "Order Currency")),
    Field("status", "the order's status", ("Order Status", "Financial Status", "Status")),
    Field("cancelled", "when it was cancelled", ("Cancelled At", "Canceled At")),
)

SHOPIFY_NAMES = {
    "order": ("Name",),
    "code": ("Lineitem sku",),
    "title": ("Lineitem name",),
    "quantity": ("Lineitem quantity",),
    "price": ("Lineitem price",),
    "total": (),
    "when": ("Created at",),
}
SHOPIFY_FIELDS = tuple(
    replace(field, names=SHOPIFY_NAMES[field.name]) if field.name in SHOPIFY_NAMES else field for field in FIELDS
)

_PICKED = ("order", "code", "title", "quantity", "price", "total")
_OF_ORDER = ("when", "customer", "country", "currency", "status", "cancelled")
_UNDONE = frozenset(
    (
        *("cancelled", "canceled", "failed", "refunded", "voided", "void", "expired", "trash"),
        *("wccancelled", "wcfailed", "wcrefunded"),
    )
)


N = TypeVar("N")


class OrderFacts(NamedTuple):
    """What a line says of its whole order. customer: empty for a guest. undone: cancelled, failed or paid back."""

    when: datetime
    customer: str
    country: str
    currency: str
    undone: bool


class Line(NamedTuple):
    """A row with an order and a product. raw: the row as it is, for finding exact repeats.

    quantity: negative where pieces came back. price: of one piece, None where the row has none.
    """

    row: int
    raw: tuple[Any, ...]
    order: str
    code: str
    title: str
    quantity: int
    price: Decimal | None
    facts: OrderFacts


class NoLine(NamedTuple):
    """A row that holds no line, and why."""

    row: int
    reason: str


def read_lines(columns: Columns, currency: str, day_first: bool) -> Iterator[tuple[float, list[Line | NoLine]]]:
    """Every row of the table in batches, with the fraction of the file that is read. Raises BadFile.

    An order's later rows may leave empty what its first one said: its time, customer, country, currency, status.
    """
    reader = _Rows(columns, currency, day_first)
    for batch in columns.table.batches():
        of_order = columns.pick(batch, _OF_ORDER)
        picked = columns.pick(batch, _PICKED)
        yield (
            batch.fraction,
            [
                reader.line(row, raw, *values, facts=facts)
                for row, (raw, values, facts) in enumerate(
                    zip(batch.rows, picked, of_order, strict=True), batch.first_row
                )
            ],
        )


class _Rows:
    def __init__(self, columns: Columns, currency: str, day_first: bool) -> None:
        self._columns = columns
        self._comma = columns.table.decimal_comma
        self._currency = currency
        self._day_first = day_first
        self._order = ""
        self._cells: tuple[Any, ...] = ()
        self._facts: OrderFacts | None = None

    def line(
        self,
        row: int,
        raw: tuple[Any, ...],
        order_cell: Any,
        code_cell: Any,
        title_cell: Any,
        quantity_cell: Any,
        price_cell: Any,
        total_cell: Any,
        *,
        facts: tuple[Any, ...],
    ) -> Line | NoLine:
        order = cells.identifier(order_cell)
        title = cells.text(title_cell)
        code = cells.identifier(code_cell) or cells.identifier(title)
        if not order or not code:
            if not any(cells.text(cell) for cell in raw):
                return NoLine(row, "empty rows")
            return NoLine(row, "no product" if order else "no order number")
        if order != self._order or facts != self._cells:
            self._facts = self._read_facts(row, order, facts)
            self._order, self._cells = order, facts
        assert self._facts is not None
        try:
            quantity, price = _amounts(quantity_cell, price_cell, total_cell, self._comma)
        except _WrongCell as error:
            raise self._columns.wrong(row, error.field, error.cell, error.what) from None
        return Line(row, raw, order, code, title, quantity, price, self._facts)

    def _read_facts(self, row: int, order: str, facts: tuple[Any, ...]) -> OrderFacts:
        when_cell, customer_cell, country_cell, currency_cell, status_cell, cancelled_cell = facts
        before = self._facts if order == self._order else None
        try:
            when = moment(when_cell, self._day_first) or (before.when if before else None)
        except ValueError as error:
            raise self._columns.wrong(row, "when", when_cell, error) from None
        if when is None:
            raise self._columns.wrong(row, "when", "", "is no date")
        try:
            currency = cells.currency(currency_cell) or (before.currency if before else self._currency)
        except ValueError as error:
            raise self._columns.wrong(row, "currency", currency_cell, error) from None
        if not currency:
            raise no_currency(self._columns.table.name)
        return OrderFacts(
            when,
            _customer(customer_cell) or (before.customer if before else ""),
            cells.text(country_cell)[:64] or (before.country if before else ""),
            currency,
            _is_undone(status_cell, cancelled_cell) or (before.undone if before else False),
        )


class _WrongCell(Exception):
    def __init__(self, field: str, cell: Any, what: object) -> None:
        self.field, self.cell, self.what = field, cell, what


@lru_cache(maxsize=65_536, typed=True)
def _amounts(quantity_cell: Any, price_cell: Any, total_cell: Any, comma: bool) -> tuple[int, Decimal | None]:
    """How many pieces, and the price of one. What is sold by weight or length is one piece at the line's price."""
    exact = _read("quantity", cells.number, quantity_cell, comma) or Decimal()
    quantity = _read("quantity", cells.pieces, quantity_cell, comma) or 0
    price = _read("price", cells.amount, price_cell, comma)
    if price is None and exact:
        total = _read("total", cells.amount, total_cell, comma)
        price = None if total is None else abs(total / exact)
    if exact == quantity:
        return quantity, None if price is None else cells.to_amount(price)
    return (1 if exact > 0 else -1), None if price is None else cells.to_amount(price * abs(exact))


def _read(field: str, reader: Callable[[Any, bool], N], cell: Any, comma: bool) -> N:
    try:
        return reader(cell, comma)
    except ValueError as error:
        raise _WrongCell(field, cell, error) from None


def _customer(cell: Any) -> str:
    """The customer's number. A mail address is never kept: a digest of it tells one customer from another."""
    customer = cells.identifier(cell)
    if "@" in customer:
        return "mail:" + hashlib.sha256(customer.casefold().encode("utf-8", "replace")).hexdigest()[:32]
    return customer


def _is_undone(status: Any, cancelled: Any) -> bool:
    word = "".join(filter(str.isalnum, cells.text(status).casefold()))
    return word in _UNDONE or bool(cells.text(cancelled))
