"""Quality on real orders: every strategy on the last weeks of UCI Online Retail, which none of them has seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Benchmark, Figure, NoData, Options
from connectors.base import ImportRequest
from connectors.file import FileImporter
from connectors.records import Current, Order, Product, Refund
from recommender.backtests import metrics
from recommender.backtests.backtest import Backtest
from recommender.backtests.figures import GAIN
from recommender.interactions import Catalogue, Purchases
from recommender.parameters import Parameters
from recommender.training import fit

FILE = "uci_online_retail.parquet"
ALL_CASES = 1_000_000
BASELINE = "popularity"
SERVED = "session"


def run(options: Options) -> Iterator[Figure]:
    """HR@10, NDCG@10 and coverage of every strategy, with 95 % intervals; the ratio is to popularity."""
    path = Path(options.data) if options.data else Path(os.environ.get("SHELFWISE_DATA", "../shared/data")) / FILE
    if not path.exists():
        raise NoData(f"no {path}: put UCI Online Retail there, or say where it is with --data or SHELFWISE_DATA")
    purchases, catalogue = read_orders(path)
    parameters = replace(Parameters(), cases=ALL_CASES, seed=options.seed)
    fitted = fit(purchases, catalogue, parameters, serving=None, serving_until=None, progress=_unheard)
    table: dict[str, Any] = fitted.backtest
    baseline = table["strategies"][BASELINE]
    said = f"{path.name}, {table['cases']:,} orders of the last {parameters.held_out_days} days"
    for strategy, row in table["strategies"].items():
        for name, found in row.items():
            yield _figure(f"{strategy} {name}", found, baseline[name]["value"], said, options.seed)
    for group in ("repeat_customers", "guests_and_first_orders"):
        rates = table[group]["hr@10"]
        of_group = f"{said}, {group.replace('_', ' ')} alone ({table[group]['cases']:,})"
        for strategy in (BASELINE, "als", SERVED):
            name = f"{strategy} hr@10 of {group.replace('_', ' ')}"
            yield _figure(name, rates[strategy], rates[BASELINE]["value"], of_group, options.seed)
    if fitted.trial is not None:
        yield from _over_singles(fitted.trial, said, options.seed)


def _over_singles(trial: Backtest, said: str, seed: int) -> Iterator[Figure]:
    """NDCG@10 of what is served over the best single strategy of the same cases, repeat buyers and guests apart.

    The best of each group is looked for among these very cases, which is the harshest baseline there is.
    """
    questions = [("last product of an order", trial)]
    if trial.next_orders is not None:
        questions.append(("whole next order", trial.next_orders))
    for asked, table in questions:
        everybody = np.ones(len(table.cases), np.bool_)
        groups = {"all": everybody, "repeat buyers": table.cases.repeat, "guests": ~table.cases.repeat}
        for group, mask in groups.items():
            gains = {name: row.values[GAIN][mask] for name, row in table.rows.items()}
            best = max((name for name in gains if name != SERVED), key=lambda name: float(gains[name].mean()))
            weights = table.weights[:, mask]
            more = metrics.relative(gains[SERVED], gains[best], weights)
            share = metrics.mean(gains[SERVED], weights)
            yield Figure(
                name=f"{asked}, {group}: ndcg@10",
                value=share.value,
                unit="share",
                baseline=float(gains[best].mean()),
                ratio=None if more is None else 1 + more.value,
                data=f"{said}, {int(mask.sum()):,} cases; ratio's 95 % interval "
                + ("unknown" if more is None else f"{1 + more.low:.3f} to {1 + more.high:.3f}"),
                seed=seed,
                low=share.low,
                high=share.high,
                baseline_name=f"{best}, the best single strategy",
                at_least="ratio 1.03",
                aim="ratio 1.1",
            )


def _figure(name: str, found: dict[str, float], baseline: float, data: str, seed: int) -> Figure:
    aimed = name == f"{SERVED} hr@10"
    return Figure(
        name=name,
        value=found["value"],
        unit="share",
        baseline=baseline,
        ratio=found["value"] / baseline if baseline else None,
        data=data,
        seed=seed,
        low=found["low"],
        high=found["high"],
        baseline_name=BASELINE,
        at_least="ratio 2" if aimed else "",
        aim="ratio 4" if aimed else "",
    )


def _unheard(_stage: str, _fraction: float) -> None:
    """Progress that nobody listens to."""


@dataclass(slots=True)
class _Lines:
    """Sold lines as columns. place: (order, product) -> the last line of it."""

    orders: list[int] = field(default_factory=list)
    users: list[int] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    pieces: list[float] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    place: dict[tuple[str, str], int] = field(default_factory=dict)


def read_orders(path: Path) -> tuple[Purchases, Catalogue]:
    """A file of order lines as the file connector cleans it, as the recommender wants it; refunded pieces are off."""
    rows: dict[str, int] = {}
    texts: list[str] = []
    customers: dict[str, int] = {}
    lines = _Lines()
    number = 0
    for change in FileImporter().open(str(path), ImportRequest(currency="GBP")).changes():
        record = change.record if isinstance(change, Current) else None
        if isinstance(record, Product):
            rows[record.external_id] = len(texts)
            texts.append(record.title)
        elif isinstance(record, Order):
            user = customers.setdefault(record.customer, len(customers)) if record.customer else -1
            _add(lines, record, number, user, rows)
            number += 1
        elif isinstance(record, Refund):
            for back in record.lines:
                place = lines.place.get((record.order, back.product))
                if place is not None:
                    lines.pieces[place] -= back.quantity
    ids = np.arange(len(texts), dtype=np.int64)
    return _purchases(lines), Catalogue(ids, np.full(len(texts), -1, np.int32), texts)


def _add(lines: _Lines, order: Order, number: int, user: int, rows: dict[str, int]) -> None:
    time = int(order.ordered_at.timestamp()) * 1_000_000
    for line in order.lines:
        lines.place[order.external_id, line.product] = len(lines.items)
        lines.orders.append(number)
        lines.users.append(user)
        lines.items.append(rows[line.product])
        lines.pieces.append(float(line.quantity))
        lines.times.append(time)


def _purchases(lines: _Lines) -> Purchases:
    sold = Purchases(
        np.array(lines.orders, np.int64),
        np.array(lines.users, np.int64),
        np.array(lines.items, np.int32),
        np.array(lines.pieces, np.float32),
        np.array(lines.times, np.int64),
    )
    return sold.where(sold.quantity > 0)


BENCHMARK = Benchmark(
    name="retail",
    summary="hit rate, NDCG and coverage of every strategy on held-out orders of UCI Online Retail",
    run=run,
    quick=True,
    minutes=0.5,
    quality=True,
)
