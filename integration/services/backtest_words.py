"""What a report says, in sentences that need no knowledge of statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recommender.backtests.backtest import POPULARITY, RIVAL, SERVED, TEST
from recommender.backtests.report import TOO_LITTLE

STRATEGIES: Mapping[str, str] = {
    SERVED: "Shelfwise",
    POPULARITY: "best sellers",
    "trending": "what sells right now",
    "bought before": "what the customer bought before",
    "als": "taste of each customer",
    "co-purchase": "bought together",
    "words": "alike by their words",
    "linear": "what leads from product to product",
    "graph": "the product graph",
    "fold-in": "taste of the basket",
    RIVAL: "the model in use",
}
RUNGS: Mapping[str, str] = {
    "session": "what was looked at and put into the basket",
    "item": "what goes with the product at hand",
    "category": "best sellers of the same category",
    "trending": "what sells right now",
    "newest": "the newest products",
}
WEEKS_FROM_DAYS, MONTHS_FROM_DAYS = 21, 120


def sentences(found: Mapping[str, Any]) -> list[str]:
    """A report in a few sentences, the most important first."""
    return _too_little(found) if found["kind"] == TOO_LITTLE else _tested(found)


def strategy(name: str) -> str:
    """What a merchant calls a strategy."""
    return STRATEGIES.get(name, name)


def _tested(found: Mapping[str, Any]) -> list[str]:
    figures, test = found["figures"], found["test"]
    rate, best = figures["strategies"][SERVED]["hr@10"], figures["best_single"]["strategy"]
    held_back = f"{count(figures['cases'], 'order')} from {test['from']} to {test['until']}"
    first = f"{found['shop']['name']}: in {percent(rate)} of {held_back} the product put in last was among the ten"
    others = dict.fromkeys((POPULARITY, best))
    return [
        f"{first} suggestions. {_sure_of(rate)}",
        *(f"{_alone(figures, other)} {verdict(figures, other)}" for other in others),
    ]


def _sure_of(rate: Mapping[str, float]) -> str:
    return f"With other orders of the same kind it would be between {percent(rate, 'low')} and {percent(rate, 'high')}."


def _alone(figures: Mapping[str, Any], other: str) -> str:
    """How another way did on the same orders, and whether it had an advantage."""
    best = figures["best_single"]
    picked = ", the best of the plain ways" if other == best["strategy"] else ""
    if picked and best["chosen_on"] == TEST:
        picked += " on these very orders (which favours it)"
    name = strategy(other)
    return f"{name[:1].upper()}{name[1:]} alone{picked}: {percent(figures['strategies'][other]['hr@10'])}."


def verdict(figures: Mapping[str, Any], other: str) -> str:
    """Whether what is served is better than another way, or cannot be told from it."""
    difference = figures["differences"][other]["hr@10"]
    points = f"{abs(100 * difference['value']):.1f} in a hundred orders"
    if difference["low"] > 0:
        return f"Shelfwise finds {points} more, and that is no accident."
    if difference["high"] < 0:
        return f"Shelfwise finds {points} fewer, and that is no accident: this shop is better served that way."
    return "The difference is too small to be told from chance."


def _too_little(found: Mapping[str, Any]) -> list[str]:
    outlook, ladder = found["outlook"], found["ladder"]
    there_are = f"{count(outlook['orders'], 'order')}, {outlook['testable']:,} of them with two or more products"
    needed = (
        f"A test needs about {outlook['needed']:,} of those: most to learn from, the newest fifth to be asked about"
    )
    said = [
        f"{found['shop']['name']} has too few orders for a backtest: {there_are}. {needed}.",
        _how_long(outlook["days"]),
    ]
    if ladder["cases"]:
        said.append(
            f"Until then slates do best here when they begin with {RUNGS[ladder['first_rung']]}, "
            f"judged by {count(ladder['cases'], 'order')}, each given only those before it."
        )
    return said


def _how_long(days: int | None) -> str:
    if days is None:
        return "It is too early to say how long that will take."
    return f"At the pace so far that takes about {span(days)}."


def span(days: int) -> str:
    """A rough length of time."""
    if days >= MONTHS_FROM_DAYS:
        return count(round(days / 30.4), "month")
    if days >= WEEKS_FROM_DAYS:
        return count(round(days / 7), "week")
    return count(max(days, 1), "day")


def count(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(figure: Mapping[str, float], bound: str = "value") -> str:
    """A share in percent."""
    return f"{100 * figure[bound]:.1f} %"
