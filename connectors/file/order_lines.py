"""Order lines of a till or an export, as products, orders and refunds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from connectors.base import Contents, ImportReport, ImportRequest
from connectors.file.columns import Columns
from connectors.file.dates import is_day_first
from connectors.file.order_fields import Line, NoLine, read_lines
from connectors.file.refunds import Purchases
from connectors.file.survey import Ware, survey, ware_key
from connectors.records import Change, Current, Money, Order, OrderLine, Product, Refund, RefundLine, Variant
from connectors.versions import hearsay

REPEAT = "exact repeats of a line"
UNDONE = "lines of orders that were cancelled, failed or paid back"
SERVICE = "no products (postage, fees, vouchers and the like)"
WRITE_OFF = "stock write-offs (negative quantity without a price)"
NO_PRICE = "lines without a price (zero or less)"
NO_QUANTITY = "lines without a quantity"

_NAMED_SERVICES = 15


@dataclass(frozen=True, slots=True)
class _Returned:
    line: Line
    key: str


class OrderLines:
    """One file of order lines, checked to its last row."""

    def __init__(self, columns: Columns, request: ImportRequest) -> None:
        self._columns = columns
        self._default_currency = request.currency
        self._day_first, certain = _date_order(columns)
        self._survey = survey(columns, request.currency, self._day_first, request.progress)
        self._purchases = Purchases(self._survey.given_back)
        self._returned: list[_Returned] = []
        self._services: Counter[str] = Counter()
        self._guests = self._orders = self._refunds = self._matched = 0
        self.contents = Contents.ORDERS
        self.rows = self._survey.rows
        self.report = ImportReport(columns.table.name)
        self.certain_dates = certain

    @property
    def currency(self) -> str:
        """The currency of the first line, where the file has a column for it."""
        return self._survey.currency if self._columns.has("currency") else ""

    def changes(self) -> Iterator[Change]:
        """Products, then orders as they come to an end in the file, then refunds by their time."""
        ids = {}
        for key, ware in self._survey.wares.items():
            ids[key] = ware.external_id
            if ware.is_kept and not ware.is_service:
                yield _product(ware, self._survey.currency)
        waiting: dict[str, list[Line]] = {}
        left = self._survey.lines
        for _, lines in read_lines(self._columns, self._default_currency, self._day_first):
            for line in lines:
                self.report.read += 1
                if isinstance(line, NoLine):
                    self._skip(line.reason)
                    continue
                of_order = waiting.setdefault(line.order, [])
                of_order.append(line)
                if len(of_order) == left[line.order]:
                    yield from self._order(waiting.pop(line.order), ids)
        yield from self._refund_changes(ids)
        self._note()

    def _order(self, lines: list[Line], ids: dict[str, str]) -> Iterator[Change]:
        kept: list[tuple[Line, str]] = []
        seen = set()
        for line in lines:
            key = ware_key(line.code)
            reason = REPEAT if line.raw in seen else self._reason_to_skip(line, self._survey.wares[key])
            seen.add(line.raw)
            if reason:
                self._skip(reason)
            elif self._survey.is_cancellation(line):
                self._returned.append(_Returned(line, key))
                self._keep("refund lines", line)
            else:
                kept.append((line, key))
                self._keep("order lines", line)
        if kept:
            yield self._current_order(kept, ids)

    def _current_order(self, kept: list[tuple[Line, str]], ids: dict[str, str]) -> Change:
        first = kept[0][0]
        facts = first.facts
        for line, key in kept:
            self._purchases.add(facts.customer, key, line.facts.when, first.order, line.quantity)
        self._orders += 1
        lines = tuple(
            OrderLine(
                external_id=str(position),
                product=ids[key],
                variant=ids[key],
                quantity=line.quantity,
                unit_price=_money(line.price or Decimal(), facts.currency),
            )
            for position, (line, key) in enumerate(kept, 1)
        )
        order = Order(
            external_id=first.order,
            ordered_at=min(line.facts.when for line, _ in kept),
            lines=lines,
            currency=facts.currency,
            customer=facts.customer,
            country=facts.country,
        )
        return Current(order, max(line.facts.when for line, _ in kept))

    def _refund_changes(self, ids: dict[str, str]) -> Iterator[Change]:
        """One refund for each product of a cancelling invoice, so that each can name the order it belongs to."""
        together: dict[tuple[str, str], list[Line]] = {}
        for each in self._returned:
            together.setdefault((each.line.order, each.key), []).append(each.line)
        for (invoice, key), lines in sorted(together.items(), key=lambda item: (_first_time(item[1]), item[0])):
            facts = lines[0].facts
            pieces = sum(abs(line.quantity) for line in lines)
            when = _first_time(lines)
            order = self._purchases.give_back(facts.customer, key, when, pieces)
            self._refunds += 1
            self._matched += bool(order)
            paid = sum((abs(line.quantity) * (line.price or Decimal()) for line in lines), Decimal())
            back = RefundLine(ids[key], ids[key], pieces, Money(paid, facts.currency))
            refund = Refund(f"{invoice}/{ids[key]}"[:255], when, (back,), order, facts.customer)
            yield Current(refund, max(line.facts.when for line in lines))

    def _reason_to_skip(self, line: Line, ware: Ware) -> str:
        if line.facts.undone:
            return UNDONE
        if ware.is_service:
            self._services[ware.external_id] += 1
            return SERVICE
        if not line.quantity:
            return NO_QUANTITY
        if line.price is None or line.price <= 0:
            return WRITE_OFF if line.quantity < 0 else NO_PRICE
        return ""

    def _skip(self, reason: str) -> None:
        self.report.skipped[reason] = self.report.skipped.get(reason, 0) + 1

    def _keep(self, what: str, line: Line) -> None:
        self.report.kept[what] = self.report.kept.get(what, 0) + 1
        self._guests += not line.facts.customer

    def _note(self) -> None:
        notes = self.report.notes
        products = sum(ware.is_kept and not ware.is_service for ware in self._survey.wares.values())
        notes.append(f"products: {products:,}; orders: {self._orders:,}; refunds: {self._refunds:,}")
        if self._refunds:
            notes.append(
                f"{self._matched:,} of the refunds were matched to the customer's earlier purchase of the product"
            )
        if self._guests:
            notes.append(f"{self._guests:,} kept lines name no customer: they count as guests")
        if self._services:
            named = ", ".join(f"{code} ({lines:,})" for code, lines in self._services.most_common(_NAMED_SERVICES))
            more = len(self._services) - _NAMED_SERVICES
            notes.append(f"taken for no products: {named}" + (f" and {more:,} more" if more > 0 else ""))
        if not self.certain_dates:
            order = "day" if self._day_first else "month"
            notes.append(f"dates such as 1/2/2011 were read with the {order} first: nothing in the file says otherwise")


def _date_order(columns: Columns) -> tuple[bool, bool]:
    """Whether the day comes first in dates, and whether that is certain or no question."""
    for batch in columns.table.batches():
        for (cell,) in columns.pick(batch, ("when",)):
            if not isinstance(cell, str) or not cell.strip():
                continue
            if cell.strip()[:4].isdigit():
                return False, True
            every = (cell for batch in columns.table.batches() for (cell,) in columns.pick(batch, ("when",)))
            return is_day_first(every, columns.title("when"))
        break
    return False, True


def _product(ware: Ware, currency: str) -> Change:
    code = ware.external_id
    price = ware.sold.price() or ware.other.price()
    variant = Variant(code, sku=code, price=_money(price, currency) if price is not None else None)
    product = Product(code, ware.title or code, published_at=ware.first, variants=(variant,))
    return Current(product, hearsay(ware.last))


def _first_time(lines: list[Line]) -> datetime:
    return min(line.facts.when for line in lines)


@lru_cache(maxsize=65_536)
def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount, currency)
