"""`shelfwise deliveries`: what came in by webhook and what became of it; parked ones can be tried again."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Row

from integration.cli.store import open_store
from integration.clock import system_clock
from integration.services.replays import NotReplayable, replay_all, replay_one
from integration.services.shops import UnknownShop, get_shop
from integration.storage import delivery_list as store
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.delivery_list import Wanted

STATUSES = [each.value for each in DeliveryStatus]
GIVEN_UP = [each for each in STATUSES if each not in {DeliveryStatus.WAITING, DeliveryStatus.APPLIED}]
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST_LISTED = 10_000
SHORT = 60

EXAMPLES = """
\b
Examples:
  shelfwise deliveries list --status parked --since 1d
  shelfwise deliveries show 4711
  shelfwise deliveries replay 4711
  shelfwise deliveries replay --shop candles --topic orders/updated --since 2h
"""


class _Moment(click.ParamType[datetime]):
    """A span before now, such as 30m, 2h, 3d or 1w, or a date or time as ISO 8601 has it (UTC where it says none)."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            if span := re.fullmatch(r"(\d{1,6})([mhdw])", value):
                return system_clock() - timedelta(**{UNITS[span[2]]: int(span[1])})
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a span such as 30m, 2h or 3d nor a time such as 2026-11-24T08:00")


SHOP = click.option("--shop", "key", metavar="KEY", help="Only this shop's.")
TOPIC = click.option("--topic", default="", help="Only this topic's, as the platform calls it: orders/updated.")
SINCE = click.option("--since", type=_Moment(), help="Arrived from then on: 30m, 2h, 3d, or 2026-11-24T08:00 (UTC).")


@click.group(epilog=EXAMPLES)
def deliveries() -> None:
    """What came in by webhook, and what became of it.

    A delivery is kept before it is answered, and waits until a worker has applied it. One that can't be applied is
    tried again after 5 seconds, 5 minutes, half an hour, 2 and 5 hours, and parked after that. No other delivery waits
    for it, save later ones about the same thing in its first minutes.
    """


@deliveries.command(name="list")
@SHOP
@click.option("--status", type=click.Choice(STATUSES), help="Only those that stand so.")
@TOPIC
@SINCE
@click.option("--limit", type=click.IntRange(1, MOST_LISTED), default=50, show_default=True, help="So many at most.")
@click.option("--json", "as_json", is_flag=True, help="For a script to read, each on a line of its own.")
def list_(key: str | None, status: str | None, topic: str, since: datetime | None, limit: int, as_json: bool) -> None:
    """List deliveries, the newest first."""
    with open_store() as (_settings, database):
        wanted = Wanted(_shop_id(database, key), status or "", topic, since)
        with database.across_shops().read() as connection:
            rows, total = store.listed(connection, wanted, limit), store.count(connection, wanted)
    if as_json:
        for row in rows:
            click.echo(json.dumps(_as_dict(row)))
        return
    if not rows:
        click.echo("There are no such deliveries.")
        return
    Console().print(_table(rows))
    if total > len(rows):
        click.echo(f"The newest {len(rows):,} of {total:,}; --limit shows more.")


@deliveries.command()
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@click.option("--body", "with_body", is_flag=True, help="Also what it said, where that is still kept.")
@click.option("--json", "as_json", is_flag=True, help="For a script to read.")
def show(number: int, with_body: bool, as_json: bool) -> None:
    """Show one delivery by its NUMBER.

    Of a body no more is kept than the app uses, and nothing once it is applied. It may name a customer by number:
    treat it as the shop's own data.
    """
    with open_store() as (_settings, database), database.across_shops().read() as connection:
        row = store.find(connection, number)
    if row is None:
        raise click.ClickException(f"there is no delivery {number}; `shelfwise deliveries list` shows the newest")
    told = _as_dict(row)
    if with_body:
        told["body"] = row.body.decode(errors="replace")
    if as_json:
        click.echo(json.dumps(told))
        return
    for name, value in told.items():
        click.echo(f"{name.replace('_', ' '):<16}{_printable(str('' if value is None else value))}")


@deliveries.command(epilog=EXAMPLES)
@click.argument("number", type=click.IntRange(1, 2**63 - 1), required=False)
@SHOP
@click.option("--status", type=click.Choice(GIVEN_UP), default=DeliveryStatus.PARKED.value, show_default=True)
@TOPIC
@SINCE
@click.option("--yes", is_flag=True, help="Don't ask before many are tried again.")
def replay(number: int | None, key: str | None, status: str, topic: str, since: datetime | None, yes: bool) -> None:
    """Have parked deliveries tried again: one by its NUMBER, or all that the options name.

    A worker takes them within seconds. Safe to run twice: what waits or was applied is left alone. Where a newer
    delivery about the same product or order was applied meanwhile, the platform is asked how things are now, so that
    old news never undoes new. One that fails again is parked again at once.
    """
    if number is None and not (key or topic or since):
        raise click.UsageError("name one delivery by its number, or which: --shop, --topic, --since")
    if number is not None and (key or topic or since):
        raise click.UsageError("name one delivery by its number, or which ones by options, not both")
    now = system_clock()
    with open_store() as (_settings, database):
        if number is not None:
            try:
                replay_one(database, number, now=now)
            except NotReplayable as error:
                raise click.ClickException(str(error)) from None
            click.echo(f"delivery {number}: a worker tries it again within seconds")
            return
        wanted = Wanted(_shop_id(database, key), status, topic, since)
        with database.across_shops().read() as connection:
            count = store.count_given_up(connection, wanted)
        if not count:
            click.echo("There is nothing to try again.")
            return
        if not yes:
            click.confirm(f"Try {_number(count)} again?", abort=True)
        done = replay_all(database, wanted, now=now)
    click.echo(f"A worker tries {_number(done)} again; `shelfwise deliveries list --status parked` shows what is left.")


def _shop_id(database: Database, key: str | None) -> int | None:
    if key is None:
        return None
    try:
        return int(get_shop(database.across_shops(), key).id)
    except UnknownShop as error:
        raise click.ClickException(str(error)) from None


def _table(rows: list[Row[Any]]) -> Table:
    table = Table("number", "shop", "topic", "about", "received (UTC)", "status", "attempts", "error")
    for row in rows:
        stands = row.status
        if row.status == DeliveryStatus.WAITING and row.next_attempt_at is not None:
            stands = f"waiting until {row.next_attempt_at:%H:%M:%S}"
        error = _printable(row.error.partition("\n")[0])
        error = f"{error[:SHORT]}..." if len(error) > SHORT else error
        words = (row.key, _printable(row.topic), _printable(row.aggregate), f"{row.received_at:%Y-%m-%d %H:%M:%S}")
        table.add_row(str(row.id), *(escape(each) for each in words), stands, str(row.attempts), escape(error))
    return table


def _as_dict(row: Row[Any]) -> dict[str, Any]:
    """What is kept of a delivery besides its body. `delivery_key`: the platform's own name of it."""
    names = ("id", "platform", "delivery_key", "topic", "aggregate", "status", "attempts", "error", "bytes")
    times = ("triggered_at", "received_at", "next_attempt_at", "applied_at")
    told = {name: getattr(row, name) for name in names}
    moments = {name: getattr(row, name) for name in times}
    return {**told, "shop": row.key, **{name: at.isoformat() if at else None for name, at in moments.items()}}


def _printable(text: str) -> str:
    """What a stranger wrote, without what a terminal would obey."""
    return "".join(each if each.isprintable() else "�" for each in text)


def _number(count: int) -> str:
    return f"{count:,} delivery" if count == 1 else f"{count:,} deliveries"
