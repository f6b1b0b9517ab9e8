"""A backtest as a table that a merchant can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from integration.storage.base import from_micros


def backtest_table(backtest: Mapping[str, Any]) -> Table | None:
    """The figures of every strategy, the served one marked; None for a fit with too few orders to test."""
    strategies = backtest.get("strategies")
    if not strategies:
        return None
    days = f"{from_micros(backtest['cut']):%Y-%m-%d} to {from_micros(backtest['until']):%Y-%m-%d}"
    table = Table(
        title=f"Backtest: {backtest['cases']} orders from {days}, none of them learnt from",
        caption="HR@10: orders whose last product was among the ten suggested. NDCG@10: how high up it was.\n"
        "Coverage: share of the catalogue suggested at all. In brackets the 95 % interval. * is what shoppers see.",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("strategy")
    for heading in ("HR@10", "NDCG@10", "coverage"):
        table.add_column(heading, justify="right")
    for name, row in strategies.items():
        mark = " *" if name == backtest.get("served") else ""
        cells = [_share(row["hr@10"]), _gain(row["ndcg@10"]), _share(row["coverage"])]
        table.add_row(name + mark, *cells, style="bold" if mark else "")
    return table


def _share(figure: Mapping[str, float]) -> str:
    value, low, high = (100 * figure[name] for name in ("value", "low", "high"))
    return f"{value:.1f} % [dim]({low:.1f}-{high:.1f})[/dim]"


def _gain(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} [dim]({figure['low']:.3f}-{figure['high']:.3f})[/dim]"
