"""Which purchase a cancelled line gives back: the same customer's newest earlier one of the same product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

Pair = tuple[str, str]


@dataclass(slots=True)
class _Purchase:
    when: datetime
    order: str
    left: int


@dataclass(slots=True)
class Purchases:
    """What customers bought of the products that they also gave back, and how much of it they still have.

    pairs: (customer, product) of all cancelled lines; other purchases are not kept.
    """

    pairs: Collection[Pair]
    _bought: defaultdict[Pair, list[_Purchase]] = field(default_factory=lambda: defaultdict(list))

    def add(self, customer: str, product: str, when: datetime, order: str, quantity: int) -> None:
        """Remember a bought line."""
        pair = (customer, product)
        if customer and pair in self.pairs:
            self._bought[pair].append(_Purchase(when, order, quantity))

    def give_back(self, customer: str, product: str, when: datetime, quantity: int) -> str:
        """Take pieces back and say from which order; empty where there is none that could be meant.

        The newest earlier purchase with enough pieces left is meant, else the one with the most left.
        Call it in the order of the refunds' times.
        """
        able = [each for each in self._bought.get((customer, product), ()) if each.when <= when and each.left > 0]
        if not able:
            return ""
        enough = [each for each in able if each.left >= quantity]
        meant = max(enough, key=lambda each: each.when) if enough else max(able, key=lambda each: each.left)
        meant.left -= min(quantity, meant.left)
        return meant.order
