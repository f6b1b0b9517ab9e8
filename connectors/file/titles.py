"""What a file calls a product: its most frequent title, where newer lines count for more and notes for nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

HALF_LIFE_DAYS = 90
LONGEST_TITLE = 1000

_NOTE = re.compile(
    r"""
    \W* ( (wet|water|stock|slightly)?[\s/]*
          (damage[sd]?|missing|lost|found|broken|crushed|cracked|smashed|faulty|mouldy|rusty|check(ed)?|counted|test
          |returned|display|showroom|mailout|ebay|amazon|dotcom|adjust(ment)?|unsaleable|destroyed|mixed\ up
          |thrown?\ away|given\ away|had\ been\ put\ aside)\b.*
        | (wrong(ly)?|incorrect(ly)?)\b.* | .*\b(thrown\ away|sold\ as\ sets?)\b.* )
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_title(title: str) -> bool:
    """Whether this can be a product's title: it has a word in it, and is no clerk's note such as "?" or "damaged"."""
    return sum(map(str.isalpha, title)) >= 2 and not (title != title.upper() and _NOTE.fullmatch(title))


@dataclass(slots=True)
class Votes:
    """What the lines of a product call it and charge for it; a line counts half as much as one 90 days newer."""

    titles: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    prices: defaultdict[Decimal, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, title: str, price: Decimal | None, weight: float) -> None:
        """Count a line."""
        self.titles[title] += weight
        if price is not None and price > 0:
            self.prices[price] += weight

    def title(self) -> str:
        """The title with the most votes that can be one; empty where none can."""
        able = [(votes, title) for title, votes in self.titles.items() if is_title(title)]
        return max(able)[1][:LONGEST_TITLE] if able else ""

    def usual(self) -> str:
        """The title with the most votes, a clerk's note too; empty where there was no line."""
        return max(self.titles, key=lambda title: (self.titles[title], title)) if self.titles else ""

    def price(self) -> Decimal | None:
        """The price with the most votes, the lower one of two."""
        return max(self.prices, key=lambda price: (self.prices[price], -price)) if self.prices else None


def weight_of(when: datetime, start: datetime) -> float:
    """What a line of that time counts for, beside one of `start`."""
    halvings = (when - start).total_seconds() / (HALF_LIFE_DAYS * 86_400)
    return float(2.0 ** max(min(halvings, 500.0), -500.0))
