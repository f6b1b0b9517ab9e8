"""`shelfwise train`: learn from a shop's orders and publish the result."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from integration.cli.backtest_table import backtest_table
from integration.cli.store import open_store
from integration.services.threads import leave_threads_to_implicit
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.fits import FitRunning

if TYPE_CHECKING:
    from integration.services.training import Outcome


@click.command()
@click.option("--shop", "key", metavar="KEY", help="The shop to train.")
@click.option("--all", "everyone", is_flag=True, help="Train every shop, one after the other.")
@click.option("--queue", is_flag=True, help="Let a worker do it instead of this process.")
def train(key: str | None, everyone: bool, queue: bool) -> None:
    """Learn from a shop's orders, test the result, and publish it unless it is worse than what serves."""
    if (key is None) == (not everyone):
        raise click.UsageError("say which shop: --shop KEY, or --all")
    leave_threads_to_implicit()
    with open_store() as (settings, database):
        shops = chosen_shops(database, key)
        failed = [name for shop_id, name in shops if not _train_one(database, settings, shop_id, name, queue)]
    if failed:
        raise click.ClickException(f"no new fit for {', '.join(failed)}")


def train_with_a_bar(database: Database, settings: Settings, shop_id: int, title: str, console: Console) -> Outcome:
    """Train one shop in this process under a progress bar, and print the verdict and the backtest's table.

    Raises FitRunning, NoOrders, and whatever broke the fit.
    """
    from integration.services import training, upkeep

    with stoppable(), progress_bar(console) as bar:
        task = bar.add_task(title, total=100.0)
        outcome = training.train(
            database.of(shop_id),
            settings,
            shop_id,
            trigger=upkeep.BY_HAND,
            progress=lambda stage, share: bar.update(task, completed=100 * share, description=f"{title}: {stage}"),
        )
    seconds = sum(outcome.seconds.values())
    rate = f"{outcome.lines:,} order lines in {seconds:.1f} s"
    verdict = f"[bold]{escape(title)}[/bold]: {outcome.status} {outcome.version} ({rate}). {escape(outcome.message)}"
    console.print(verdict, highlight=False, soft_wrap=True)
    if table := backtest_table(outcome.details.backtest):
        console.print(table)
    return outcome


def _train_one(database: Database, settings: Settings, shop_id: int, name: str, queue: bool) -> bool:
    from integration.services.training import NoOrders, Stopped
    from integration.services.upkeep import BY_HAND

    console = Console()
    try:
        if queue:
            enqueue_by_hand(settings, "train", shop_id, name, BY_HAND)
        else:
            train_with_a_bar(database, settings, shop_id, name, console)
    except (FitRunning, NoOrders) as reason:
        click.echo(f"{name}: {reason}", err=True)
        return False
    except Stopped:
        raise click.Abort from None
    except click.ClickException:
        raise
    except Exception as error:  # noqa: BLE001  the fit has written down what broke it
        click.echo(f"{name}: the fit failed: {type(error).__name__}: {error}", err=True)
        return False
    return True


def chosen_shops(database: Database, key: str | None) -> list[tuple[int, str]]:
    """Number and key of the shop of this key, or of all shops. Raises ClickException."""
    from integration.services.shops import UnknownShop, all_shops, get_shop

    try:
        rows = all_shops(database) if key is None else [get_shop(database, key)]
    except UnknownShop as error:
        raise click.ClickException(str(error)) from None
    return [(row.id, row.key) for row in rows]


def enqueue_by_hand(settings: Settings, kind: str, shop_id: int, name: str, *more: str) -> None:
    """Put a job of this kind on its queue and say so. Raises ClickException."""
    from redis.exceptions import RedisError

    from integration.jobs.queues import connect_quickly, enqueue

    try:
        is_new = enqueue(connect_quickly(settings), kind, shop_id, *more)
    except RedisError as error:
        raise click.ClickException(f"the queue can't be reached: {error}") from None
    click.echo(f"{name}: {'enqueued' if is_new else 'is on the queue already'}; see `shelfwise status --shop {name}`.")


@contextmanager
def stoppable() -> Iterator[None]:
    """Within the block a SIGTERM stops the fit in good order."""
    from integration.services.training import Stopped

    def stop(_signum: int, _frame: FrameType | None) -> NoReturn:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Rate(ProgressColumn):
    """How much of the whole is done each second."""

    def render(self, task: Task) -> Text:
        """The rate, or a dash before there is one."""
        return Text(f"{task.speed:.1f} %/s" if task.speed else "- %/s", style="progress.data.speed")


def progress_bar(console: Console) -> Progress:
    """A bar of percents, with what is left of the time."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
