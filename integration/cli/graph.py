"""`shelfwise graph`: learn how a shop's products relate, for the next fit to try."""

from __future__ import annotations

import click
from rich.console import Console

from integration.cli.store import open_store
from integration.cli.train import chosen_shops, enqueue_by_hand, progress_bar, stoppable
from integration.settings import Settings
from integration.storage.database import Database


@click.command()
@click.option("--shop", "key", metavar="KEY", help="The shop to learn of.")
@click.option("--all", "everyone", is_flag=True, help="Every shop, one after the other.")
@click.option("--queue", is_flag=True, help="Let a worker do it instead of this process.")
def graph(key: str | None, everyone: bool, queue: bool) -> None:
    """Learn vectors of a shop's products from sessions, orders, types and vendors. Needs PyTorch: `make setup-graph`.

    The shop's next fit tries them on orders that they were not learnt from, and takes them where they help.
    """
    if (key is None) == (not everyone):
        raise click.UsageError("say which shop: --shop KEY, or --all")
    with open_store() as (settings, database):
        for shop_id, name in chosen_shops(database, key):
            if queue:
                enqueue_by_hand(settings, "graph", shop_id, name)
            else:
                _learn(database, settings, shop_id, name)


def _learn(database: Database, settings: Settings, shop_id: int, name: str) -> None:
    from integration.services.graph import NothingToRelate, learn_graph
    from integration.services.training import Stopped
    from recommender.graph.train import TorchMissing

    try:
        with stoppable(), progress_bar(Console()) as bar:
            task = bar.add_task(name, total=100.0)

            def progress(stage: str, share: float) -> None:
                bar.update(task, completed=100 * share, description=f"{name}: {stage}")

            learn_graph(database.of(shop_id), settings, shop_id, progress=progress)
    except (NothingToRelate, TorchMissing) as reason:
        raise click.ClickException(f"{name}: {reason}") from None
    except Stopped:
        raise click.Abort from None
    click.echo(f"{name}: learnt. `shelfwise train --shop {name}` tries it.")
