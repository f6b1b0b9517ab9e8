"""The first reading of a file of order lines: every row is checked, and what the second one needs is gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from connectors.errors import BadFile
from connectors.file.columns import Columns
from connectors.file.not_products import service_rule
from connectors.file.order_fields import Line, NoLine, read_lines
from connectors.file.titles import Votes, weight_of

Progress = Callable[[float, int], None]


@dataclass(slots=True)
class Ware:
    """What the lines of one code say, in all its spellings. sold, other: votes of sold lines and of all the rest.

    first, last: when it was sold, None where it never was. is_kept: a line of it will be kept.
    """

    spellings: Counter[str] = field(default_factory=Counter)
    sold: Votes = field(default_factory=Votes)
    other: Votes = field(default_factory=Votes)
    first: datetime | None = None
    last: datetime | None = None
    is_kept: bool = False
    is_service: bool = False

    @property
    def external_id(self) -> str:
        """Its most frequent spelling."""
        return max(self.spellings, key=lambda spelling: (self.spellings[spelling], spelling))

    @property
    def title(self) -> str:
        """What it is called, by those who sold it if anybody did; empty where nobody says."""
        return self.sold.title() or self.other.title()


@dataclass(slots=True)
class Survey:
    """What a file of order lines holds. lines: how many each order has. given_back: (customer, ware) pairs."""

    rows: int = 0
    lines: Counter[str] = field(default_factory=Counter)
    wares: dict[str, Ware] = field(default_factory=dict)
    given_back: set[tuple[str, str]] = field(default_factory=set)
    currency: str = ""
    c_cancels: bool = False

    def is_cancellation(self, line: Line) -> bool:
        """Whether pieces come back with this line: a negative quantity, or an invoice C123 where orders are 123."""
        return line.quantity < 0 or (self.c_cancels and line.quantity > 0 and is_c_number(line.order))


def ware_key(code: str) -> str:
    """What all spellings of a code share."""
    return code.casefold()


def is_c_number(order: str) -> bool:
    """Whether an order's number is the letter C and digits."""
    return order[:1] in {"C", "c"} and order[1:].isdigit()


def survey(columns: Columns, currency: str, day_first: bool, progress: Progress) -> Survey:
    """Read the whole file once. Raises BadFile at the first row that can't be read."""
    found = Survey()
    start: datetime | None = None
    for fraction, lines in read_lines(columns, currency, day_first):
        for line in lines:
            if isinstance(line, NoLine):
                continue
            start = start or line.facts.when
            _take(found, line, weight_of(line.facts.when, start))
        found.rows += len(lines)
        progress(fraction, found.rows)
    if not found.rows:
        raise BadFile(f"{columns.table.name} has columns but no row: nothing to import")
    c_numbers = sum(map(is_c_number, found.lines))
    found.c_cancels = 0 < c_numbers < sum(order.isdigit() for order in found.lines)
    _mark_services(found)
    return found


def _take(found: Survey, line: Line, weight: float) -> None:
    found.lines[line.order] += 1
    facts = line.facts
    found.currency = found.currency or facts.currency
    key = ware_key(line.code)
    ware = found.wares.get(key)
    if ware is None:
        ware = found.wares[key] = Ware()
    ware.spellings[line.code] += 1
    if line.price is None or line.price <= 0 or facts.undone or not line.quantity:
        ware.other.add(line.title, None, weight)
        return
    ware.is_kept = True
    if line.quantity > 0 and not is_c_number(line.order):
        ware.sold.add(line.title, line.price, weight)
        ware.first = facts.when if ware.first is None else min(ware.first, facts.when)
        ware.last = facts.when if ware.last is None else max(ware.last, facts.when)
    else:
        ware.other.add(line.title, line.price, weight)
        found.given_back.add((facts.customer, key))


def _mark_services(found: Survey) -> None:
    is_service = service_rule(found.wares)
    for ware in found.wares.values():
        ware.is_service = is_service(ware.external_id, ware.sold.usual() or ware.other.usual())
