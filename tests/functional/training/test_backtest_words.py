"""A report's sentences say what its figures say, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from integration.services.backtest_words import sentences, span


def figure(value: float, margin: float = 0.05) -> dict[str, float]:
    return {"value": value, "low": value - margin, "high": value + margin}


def judged(difference: float, best: str = "als", chosen_on: str = "test") -> dict[str, Any]:
    """A report of which the served strategy is so much better than the two it is compared with."""
    rates = {"session": 0.4, "popularity": 0.4 - difference, "als": 0.4 - difference}
    return {
        "kind": "backtest",
        "shop": {"name": "Fern & Ladle"},
        "test": {"from": "2026-10-01", "until": "2026-10-28"},
        "figures": {
            "cases": 1234,
            "strategies": {name: {"hr@10": figure(rate)} for name, rate in rates.items()},
            "best_single": {"strategy": best, "chosen_on": chosen_on},
            "differences": {name: {"hr@10": figure(difference)} for name in ("popularity", "als")},
        },
    }


def thin(**outlook: int | None) -> dict[str, Any]:
    known = {"orders": 1, "testable": 0, "needed": 100, "days": None}
    ladder = {"first_rung": "trending", "cases": 0, "rungs": {}}
    return {
        "kind": "too_little_data",
        "shop": {"name": "Fern & Ladle"},
        "outlook": {**known, **outlook},
        "ladder": ladder,
    }


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (0.2, "Shelfwise finds 20.0 in a hundred orders more, and that is no accident."),
        (0.01, "The difference is too small to be told from chance."),
        (-0.2, "Shelfwise finds 20.0 in a hundred orders fewer, and that is no accident: this shop is better served"),
    ],
)
def test_a_difference_is_named_only_where_it_is_no_accident(difference: float, words: str) -> None:
    assert words in sentences(judged(difference))[1]


def test_the_headline_has_the_figure_its_range_and_how_many_orders_it_is_from() -> None:
    said = sentences(judged(0.1))[0]
    assert "in 40.0 % of 1,234 orders from 2026-10-01 to 2026-10-28" in said
    assert "between 35.0 % and 45.0 %" in said


def test_a_rival_picked_by_the_orders_it_is_tested_on_is_said_to_have_an_advantage() -> None:
    assert "on these very orders (which favours it)" in sentences(judged(0.1))[2]
    assert "favours" not in sentences(judged(0.1, chosen_on="validation"))[2]


def test_best_sellers_are_named_once_where_they_are_the_best_of_the_plain_ways() -> None:
    said = sentences(judged(0.1, best="popularity"))
    assert len(said) == 2
    assert said[1].startswith("Best sellers alone, the best of the plain ways")


def test_a_shop_of_a_single_order_is_told_so_in_the_singular() -> None:
    said = sentences(thin())
    assert "1 order, 0 of them with two or more products" in said[0]
    assert said[1] == "It is too early to say how long that will take."
    assert len(said) == 2


@pytest.mark.parametrize(
    ("days", "words"), [(0, "1 day"), (1, "1 day"), (14, "14 days"), (35, "5 weeks"), (130, "4 months")]
)
def test_time_is_told_as_roughly_as_it_is_known(days: int, words: str) -> None:
    assert span(days) == words
    assert words in sentences(thin(days=days))[1]
