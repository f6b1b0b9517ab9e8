"""Two years of the demo shop's trade, made up from a seed: who bought what, when, and what came back.

Buyers have a taste (departments and a style), come back for what runs out, follow the seasons, and put things
into a basket that belong together. Each of these is something that a recommender should find again.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from connectors.records import Customer, Order, OrderLine, Refund, RefundLine, Variant
from demo.goods import DAYS_OF_HISTORY, Good

PERSONAS = 48
GUEST_SHARE = 0.16
CANCELLED_SHARE = 0.015
REFUNDED_SHARE = 0.03
# How many of a year's baskets fall into each month, January first: gifts in November and December, gardens in spring.
MONTHS = (0.75, 0.75, 0.95, 1.1, 1.1, 1.0, 0.9, 0.8, 0.95, 1.05, 1.55, 1.8)
COUNTRIES = ("GB",) * 17 + ("IE", "FR", "DE")
HOURS = (7, 8, 9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 20, 20, 21, 21, 21, 22, 22, 23)


@dataclass(slots=True)
class Buyer:
    """A customer as the generator knows them. `due`: (day, row of a good) of what they will need again."""

    customer: str
    country: str
    persona: int
    joined_day: float
    due: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Basket:
    """One visit to the till: `day` counts from the start of the history; rows of goods with pieces."""

    day: float
    buyer: Buyer | None
    lines: tuple[tuple[int, int], ...]


class Taste:
    """Draws goods as a persona would in a month, and what goes with a good that was just picked."""

    def __init__(self, rng: Random, goods: Sequence[Good]) -> None:
        self._rng = rng
        self._goods = goods
        by_kind: dict[str, list[int]] = {}
        for row, good in enumerate(goods):
            by_kind.setdefault(good.kind.name, []).append(row)
        self._companions = [self._partners(good, by_kind) for good in goods]
        self._cumulative = [self._persona() for _ in range(PERSONAS)]

    def draw(self, persona: int, month: int) -> int:
        """Row of a good that this persona would buy in this month (0: January)."""
        cumulative = self._cumulative[persona][month]
        return min(bisect(cumulative, self._rng.random() * cumulative[-1]), len(cumulative) - 1)

    def companion(self, row: int) -> int | None:
        """Row of something that belongs to a good, the first far more often than the rest; None if nothing does."""
        partners = self._companions[row]
        return partners[min(int(self._rng.expovariate(1.1)), len(partners) - 1)] if partners else None

    def _partners(self, good: Good, by_kind: dict[str, list[int]]) -> list[int]:
        """One or two goods of each kind that goes with this one: of its own line if there is one, else of its style."""
        partners: list[int] = []
        for kind in good.kind.companions:
            rows = by_kind.get(kind, [])
            alike = [row for row in rows if self._goods[row].style == good.style]
            same_line = [row for row in alike if self._goods[row].line == good.line]
            pool = same_line or alike or rows
            partners += self._rng.sample(pool, min(2, len(pool)))
        self._rng.shuffle(partners)
        return partners

    def _persona(self) -> list[list[float]]:
        """Cumulative weights over all goods, for each of the twelve months."""
        departments = list(dict.fromkeys(good.kind.department for good in self._goods))
        styles = list(dict.fromkeys(good.style for good in self._goods))
        loved = self._rng.sample(departments, min(3, len(departments)))
        style = self._rng.choice(styles)
        weights = [
            good.popularity * (6.0 if good.kind.department in loved else 0.5) * (4.0 if good.style == style else 0.5)
            for good in self._goods
        ]
        return [
            list(accumulate(w * good.kind.season[month] for w, good in zip(weights, self._goods, strict=True)))
            for month in range(12)
        ]


class History:
    """The orders of `customers` buyers and of guests, from DAYS_OF_HISTORY before `now` until `now`."""

    def __init__(self, rng: Random, goods: Sequence[Good], *, customers: int, now: datetime) -> None:
        self._rng = rng
        self._goods = goods
        self._taste = Taste(rng, goods)
        self._start = now - timedelta(days=DAYS_OF_HISTORY)
        self._now = now
        self._on_sale_day = [
            (good.product.published_at - self._start).total_seconds() / 86_400 if good.product.published_at else 0.0
            for good in goods
        ]
        self.buyers = [self._buyer(number) for number in range(customers)]
        self.baskets = self._all_baskets()

    def customers(self) -> Iterator[Customer]:
        """Every buyer who is not a guest."""
        for buyer in self.buyers:
            joined = self._start + timedelta(days=buyer.joined_day)
            yield Customer(buyer.customer, country=buyer.country, created_at=joined)

    def orders(self) -> Iterator[tuple[Order, Refund | None]]:
        """Every order, day by day, with what was given back of it."""
        for number, basket in enumerate(self.baskets):
            order = self._order(number, basket)
            yield order, self._refund(order)

    def _buyer(self, number: int) -> Buyer:
        # Some were customers before the history begins; the others joined since, so that the shop grows.
        joined = (DAYS_OF_HISTORY + 300) * self._rng.random() - 300
        return Buyer(
            customer=str(500_001 + number),
            country=self._rng.choice(COUNTRIES),
            persona=self._rng.randrange(PERSONAS),
            joined_day=max(joined, 0.0),
        )

    def _all_baskets(self) -> list[Basket]:
        baskets = [basket for buyer in self.buyers for basket in self._baskets_of(buyer)]
        guests = int(len(baskets) * GUEST_SHARE / (1 - GUEST_SHARE))
        baskets += [self._guest_basket() for _ in range(guests)]
        return sorted(baskets, key=lambda basket: basket.day)

    def _baskets_of(self, buyer: Buyer) -> Iterator[Basket]:
        """A buyer's baskets: visits at their own pace, and sooner when something has run out."""
        pace_days = self._rng.lognormvariate(4.5, 0.7)
        day = buyer.joined_day + self._rng.random() * pace_days
        while day < DAYS_OF_HISTORY:
            needed = any(when <= day + 7 for when, _ in buyer.due)
            if needed or self._rng.random() < MONTHS[self._month(day)] / max(MONTHS):
                yield Basket(day, buyer, self._pick(buyer, day))
            next_visit = day + self._rng.expovariate(1 / pace_days) + 1
            run_out = min(buyer.due, default=(next_visit, -1))[0]
            day = min(next_visit, max(run_out, day + 1))

    def _guest_basket(self) -> Basket:
        day = DAYS_OF_HISTORY * self._rng.random() ** 0.9
        persona = self._rng.randrange(PERSONAS)
        return Basket(day, None, self._pick(Buyer("", "", persona, day), day))

    def _pick(self, buyer: Buyer, day: float) -> tuple[tuple[int, int], ...]:
        """What goes into a basket on a day: what has run out, something new, and what belongs to it."""
        rows = [row for when, row in buyer.due if when <= day + 7]
        buyer.due = [(when, row) for when, row in buyer.due if when > day + 7]
        wanted = 0 if rows and self._rng.random() < 0.55 else 1 + int(self._rng.expovariate(1.3))
        for _ in range(wanted):
            row = self._taste.draw(buyer.persona, self._month(day))
            rows.append(row)
            if self._rng.random() < 0.45:
                partner = self._taste.companion(row)
                rows += [] if partner is None else [partner]
        rows = [row for row in dict.fromkeys(rows) if self._on_sale_day[row] <= day] or [
            self._always_on_sale(buyer, day)
        ]
        self._plan_repeats(buyer, rows, day)
        return tuple((row, self._pieces(row)) for row in rows)

    def _always_on_sale(self, buyer: Buyer, day: float) -> int:
        for _ in range(20):
            row = self._taste.draw(buyer.persona, self._month(day))
            if self._on_sale_day[row] <= day:
                return row
        return min(range(len(self._goods)), key=self._on_sale_day.__getitem__)

    def _plan_repeats(self, buyer: Buyer, rows: Sequence[int], day: float) -> None:
        """Most of those who like what they used up buy the very same again, about when it runs out."""
        for row in rows:
            rhythm = self._goods[row].kind.rhythm
            if rhythm and self._rng.random() < 0.5:
                buyer.due.append((day + rhythm * self._rng.gauss(1.0, 0.15), row))

    def _pieces(self, row: int) -> int:
        several = 0.25 if self._goods[row].kind.rhythm else 0.1
        return 1 + (self._rng.random() < several) + (self._rng.random() < several / 3)

    def _month(self, day: float) -> int:
        return (self._start + timedelta(days=day)).month - 1

    def _order(self, number: int, basket: Basket) -> Order:
        ordered_at = min(self._time_of(basket.day), self._now)
        cancelled = self._rng.random() < CANCELLED_SHARE
        return Order(
            external_id=str(800_001 + number),
            ordered_at=ordered_at,
            lines=tuple(self._line(number, place, row, pieces) for place, (row, pieces) in enumerate(basket.lines)),
            currency=self._currency,
            customer=basket.buyer.customer if basket.buyer else "",
            country=basket.buyer.country if basket.buyer else self._rng.choice(COUNTRIES),
            cancelled_at=min(ordered_at + timedelta(hours=self._rng.uniform(0.2, 30)), self._now)
            if cancelled
            else None,
        )

    def _time_of(self, day: float) -> datetime:
        midnight = (self._start + timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(hours=self._rng.choice(HOURS), seconds=self._rng.randrange(3600))

    def _line(self, number: int, place: int, row: int, pieces: int) -> OrderLine:
        item = self._goods[row].product
        variant = self._variant(item.variants)
        assert variant.price is not None
        return OrderLine(
            external_id=f"{800_001 + number}-{place + 1}",
            product=item.external_id,
            variant=variant.external_id,
            quantity=pieces,
            unit_price=variant.price,
            title=item.title,
        )

    def _variant(self, variants: Sequence[Variant]) -> Variant:
        """The first forms of a product sell best."""
        return variants[min(int(self._rng.expovariate(0.6)), len(variants) - 1)]

    @property
    def _currency(self) -> str:
        price = self._goods[0].product.variants[0].price
        return price.currency if price else ""

    def _refund(self, order: Order) -> Refund | None:
        if order.cancelled_at or self._rng.random() >= REFUNDED_SHARE:
            return None
        line = self._rng.choice(order.lines)
        refunded_at = order.ordered_at + timedelta(days=self._rng.uniform(3, 25))
        if refunded_at > self._now:
            return None
        back = RefundLine(line.product, line.variant, line.quantity)
        return Refund(f"R{order.external_id}", refunded_at, (back,), order=order.external_id, customer=order.customer)
