"""`shelfwise status`: how every shop, the queue and the workers stand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from integration.cli.backtest_table import backtest_table
from integration.cli.store import open_store
from integration.clock import system_clock
from integration.services.attribution import Attributed, attributed
from integration.services.status import FitState, ServingState, ShopState, shop_states
from integration.settings import Settings
from integration.storage.models import FitStatus

if TYPE_CHECKING:
    from integration.jobs.queues import QueueState

# Whose orders `status` counts.
LATELY = timedelta(days=30)


@click.command()
@click.option("--shop", "key", metavar="KEY", help="Only this shop, with its backtest.")
@click.option("--json", "as_json", is_flag=True, help="For a script to read.")
def status(key: str | None, as_json: bool) -> None:
    """What each shop holds, which model serves it, what became of its last fit, and how the queue stands."""
    now = system_clock()
    with open_store() as (settings, database):
        shops = shop_states(database, now, key=key)
        lately = {shop.key: attributed(database.of(shop.shop_id), shop.shop_id, now - LATELY, now) for shop in shops}
    if key is not None and not shops:
        raise click.ClickException(f"there is no shop {key!r}; `shelfwise shops` lists them")
    work = _work(settings)
    if as_json:
        click.echo(json.dumps(_as_dict(shops, lately, work, now), default=_plain))
    else:
        _print(Console(), shops, lately, work, now, with_backtest=key is not None)


@dataclass(frozen=True, slots=True)
class _Work:
    """How Redis tells the work to stand. schedulers: "host:process" -> "leads" or "stands by"; trouble: why not."""

    queues: Sequence[QueueState] = ()
    schedulers: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


def _work(settings: Settings) -> _Work:
    """The queues and who serves them, or none and why: status must answer without Redis too."""
    from redis.exceptions import RedisError

    from integration.jobs.beats import schedulers
    from integration.jobs.queues import queue_states

    try:
        return _Work(queue_states(settings), schedulers(settings))
    except RedisError as error:
        return _Work(trouble=str(error))


def _as_dict(shops: list[ShopState], lately: Mapping[str, Attributed], work: _Work, now: datetime) -> dict[str, Any]:
    queues = [asdict(queue) for queue in work.queues]
    redis = {"answers": not work.trouble, "message": work.trouble, "queues": queues, "schedulers": work.schedulers}
    told = [{**asdict(shop), "attributed": asdict(lately[shop.key])} for shop in shops]
    return {"at": now, "shops": told, "redis": redis}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print(
    console: Console,
    shops: list[ShopState],
    lately: Mapping[str, Attributed],
    work: _Work,
    now: datetime,
    *,
    with_backtest: bool,
) -> None:
    if not shops:
        console.print("There are no shops yet.")
    for shop in shops:
        held = f"{shop.products:,} products, {shop.orders:,} orders"
        deliveries = f"{shop.waiting:,} deliveries waiting, {shop.parked:,} parked"
        _line(console, f"[bold]{escape(shop.key)}[/bold]: {held}, {deliveries}")
        _line(console, f"  serves    {_serving(shop.serving, now)}")
        _line(console, f"  last fit  {escape(_last_fit(shop.last_fit, now))}")
        if shop.silence is not None:
            _line(console, f"  feed      {escape(shop.silence.sentence)}")
        if lately[shop.key].orders:
            _line(console, f"  our lists {_attributed(lately[shop.key])} in {LATELY.days} days")
    if with_backtest and shops[0].serving and (backtest := backtest_table(shops[0].serving.backtest)):
        console.print(backtest)
    for queue in work.queues:
        counts = f"{queue.waiting} waiting, {queue.running} running, {queue.failed} failed, {queue.workers} workers"
        _line(console, f"queue {queue.name}: {counts}")
    for name, state in work.schedulers.items():
        _line(console, f"scheduler {escape(name)}: {state}")
    if work.trouble:
        _line(console, f"queue: Redis does not answer ({escape(work.trouble)}); deliveries are kept and wait.")
    elif not work.schedulers:
        _line(console, "scheduler: none lives, so nothing brings back what the queue missed: `shelfwise scheduler`")


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def _serving(serving: ServingState | None, now: datetime) -> str:
    if serving is None:
        return "none yet"
    age = f"{_span(now - serving.published_at)} old" if serving.published_at else "of unknown age"
    served = serving.backtest.get("strategies", {}).get(serving.backtest.get("served"))
    hit_rate = f", HR@10 {100 * served['hr@10']['value']:.1f} %" if served else ""
    return f"{serving.version}, {age}{hit_rate}"


def _attributed(lately: Attributed) -> str:
    revenue = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(lately.revenue.items()))
    orders, pieces = _number(lately.orders, "order"), _number(lately.pieces, "piece")
    return f"{orders} with {pieces} for {revenue}"


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _last_fit(fit: FitState | None, now: datetime) -> str:
    if fit is None:
        return "none yet"
    if fit.status is FitStatus.RUNNING:
        return f"running for {_span(now - fit.started_at)}: {fit.stage or 'starting'}"
    ago = f"{_span(now - (fit.finished_at or fit.started_at))} ago"
    why = f": {fit.message}" if fit.message and fit.status is not FitStatus.PUBLISHED else ""
    return f"{fit.status} {ago}{why}"


def _span(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
