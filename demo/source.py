"""The demo shop as something to import: the same protocol as a merchant's file, made up instead of read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from urllib.parse import parse_qsl

from connectors.base import Contents, ImportReport, ImportRequest
from connectors.errors import BadFile
from connectors.records import Current
from demo.assortment import assortment
from demo.goods import Good, make_goods
from demo.history import History

SOURCE = "demo"


@dataclass(frozen=True, slots=True)
class Size:
    """How large a demo shop is, and the seed that it is made from: the same seed makes the same shop."""

    seed: int = 20
    products: int = 1500
    customers: int = 6500

    @classmethod
    def parse(cls, source: str) -> Size:
        """Read "seed=3&products=60&customers=40"; what is left out keeps its default. Raises BadFile."""
        try:
            return cls(**{name: int(value) for name, value in parse_qsl(source, strict_parsing=bool(source))})
        except (TypeError, ValueError) as error:
            raise BadFile(f"a demo shop is made from seed, products and customers, not from {source!r}") from error


class DemoImporter:
    """Makes the demo shop up. `now`: when its history ends."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def open(self, source: str, request: ImportRequest) -> DemoImport:
        """`source` as for `Size.parse`; the request's currency is not asked for. Raises BadFile."""
        made = DemoImport(Size.parse(source), self._now)
        request.progress(1.0, made.rows)
        return made


class DemoImport:
    """A demo shop, ready to be read."""

    def __init__(self, size: Size, now: datetime) -> None:
        rng = Random(size.seed)
        self._now = now
        self._goods = make_goods(rng, assortment(), count=size.products, now=now)
        self._history = History(rng, self._goods, customers=size.customers, now=now)
        self._report = ImportReport(SOURCE)

    @property
    def rows(self) -> int:
        """Products, stock levels, customers and order lines to come."""
        levels = sum(len(good.levels) for good in self._goods)
        lines = sum(len(basket.lines) for basket in self._history.baskets)
        return len(self._goods) + levels + len(self._history.buyers) + lines

    @property
    def contents(self) -> Contents:
        """Products and orders both."""
        return Contents.AUTO

    @property
    def currency(self) -> str:
        """The demo shop's own currency."""
        return assortment().currency

    @property
    def report(self) -> ImportReport:
        """Grows while `changes` is consumed."""
        return self._report

    def changes(self) -> Iterator[Current]:
        """Products, stock, customers, then orders with their refunds."""
        yield from self._goods_changes(self._goods)
        for customer in self._history.customers():
            self._count("customers")
            yield Current(customer, customer.created_at or self._now)
        for order, refund in self._history.orders():
            self._count("order lines", len(order.lines))
            yield Current(order, order.cancelled_at or order.ordered_at)
            if refund is not None:
                yield Current(refund, refund.refunded_at)

    def _goods_changes(self, goods: list[Good]) -> Iterator[Current]:
        # Of the day's start, so that a shop loaded twice in a day keeps the stock that it has sold since.
        version = self._now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for good in goods:
            self._count("products")
            yield Current(good.product, version)
        for good in goods:
            for level in good.levels:
                self._count("stock levels")
                yield Current(level, version)

    def _count(self, kind: str, rows: int = 1) -> None:
        self._report.read += rows
        self._report.kept[kind] = self._report.kept.get(kind, 0) + rows
