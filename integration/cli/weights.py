"""`shelfwise weights`: what a merchant wants beside clicks, and what each wish costs in clicks."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration.cli.store import open_store
from integration.cli.train import progress_bar
from integration.services.threads import leave_threads_to_implicit

if TYPE_CHECKING:
    from integration.services.weights import InUse
    from integration.settings import Settings
    from integration.storage.database import Database

EXAMPLES = """\b
Examples:
  shelfwise weights --shop demo
  shelfwise weights --shop demo --set margin=0.5 --set diversity=0.2
  shelfwise weights --shop demo --boost SKU-17=2 --boost SKU-3=1
  shelfwise weights --shop demo --reset
"""
BUYS = {
    "margin": "a better margin",
    "stock_depth": "deeper stock",
    "returns": "fewer returns",
    "new_arrivals": "newer products",
    "novelty": "rarer products",
    "diversity": "less alike",
}


@click.command(epilog=EXAMPLES)
@click.option("--shop", "key", metavar="KEY", required=True, help="The shop; `shelfwise shops` lists them.")
@click.option(
    "--set",
    "values",
    metavar="NAME=WEIGHT",
    multiple=True,
    help="margin, stock_depth, returns, new_arrivals or novelty, 0 to 5, or diversity, 0 to 1; 0 takes one away.",
)
@click.option(
    "--boost",
    "boosts",
    metavar="PRODUCT=FACTOR",
    multiple=True,
    help="Make a product, by its id on the platform, so many times as likely to be chosen, up to 10; 1 takes it away.",
)
@click.option("--reset", is_flag=True, help="Take all weights and boosts away first.")
@click.option("--json", "as_json", is_flag=True, help="Print what there is as JSON, for a script to read.")
def weights(key: str, values: tuple[str, ...], boosts: tuple[str, ...], *, reset: bool, as_json: bool) -> None:
    """Weigh what matters beside clicks, and see what each weight costs in clicks.

    With margin at 1 a product with the shop's best margin is 2.7 times as likely to be chosen as the one with the
    worst, all else equal; with 2 it is 7.4 times, with 0.5 1.6 times. In the same way stock_depth favours what there
    is plenty of, returns what seldom comes back, new_arrivals what is new, novelty what few have bought yet. diversity
    keeps products that are all alike from filling a slate.

    Without a change it measures: the shop's last weeks are held back, everything is learnt from the orders before
    them, and each order held back is asked with and without the weight. A change works from the next page view on;
    it needs no training and no restart.
    """
    wanted = {name: _number("--set", name, text) for name, text in _pairs("--set", values)}
    boosted = {product: _number("--boost", product, text) for product, text in _pairs("--boost", boosts)}
    changing = bool(wanted or boosted or reset)
    leave_threads_to_implicit()
    with open_store() as (settings, database):
        now = _changed(database, key, wanted, boosted, reset=reset, changing=changing)
        if not as_json:
            _print_in_use(Console(), key, now)
        found = None if changing else _costs(database, settings, key)
    if as_json:
        plain = {"shop": key, "weights": now.as_dict(), "costs": found}
        click.echo(json.dumps(plain, indent=2, sort_keys=True))
    elif found is None:
        click.echo(f"`shelfwise weights --shop {key}` measures what they cost in clicks.")
    else:
        _print_costs(Console(), found)


def _pairs(option: str, given: Sequence[str]) -> list[tuple[str, str]]:
    """NAME=VALUE each. A product's id may hold "=" itself, so the last one divides."""
    pairs = []
    for each in given:
        name, divider, text = each.rpartition("=")
        if not (name and divider and text):
            example = "margin=0.5" if option == "--set" else "SKU-17=2"
            raise click.UsageError(f"{option} takes a name, = and a number, such as {option} {example}; not {each!r}")
        pairs.append((name, text))
    return pairs


def _number(option: str, name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f"{option} {name}={text}: {text!r} is not a number") from None


def _changed(
    database: Database,
    key: str,
    values: Mapping[str, float],
    boosts: Mapping[str, float],
    *,
    reset: bool,
    changing: bool,
) -> InUse:
    """The weights in use, after the change if there is one."""
    from integration.services import weights as service
    from integration.services.shops import UnknownShop
    from recommender.blend.business import BadWeights

    try:
        if changing:
            service.change(database, key, values=values, boosts=boosts, reset=reset)
        return service.in_use(database, key)
    except (UnknownShop, service.UnknownProduct, BadWeights) as error:
        raise click.ClickException(str(error)) from None


def _costs(database: Database, settings: Settings, key: str) -> dict[str, Any]:
    from integration.services import weights as service
    from integration.services.training import NoOrders

    # Progress goes to where nobody reads figures, so that `--json > file` holds JSON alone.
    try:
        with progress_bar(Console(stderr=True)) as bar:
            task = bar.add_task(key, total=100.0)
            return service.costs(
                database,
                settings,
                key,
                progress=lambda stage, share: bar.update(task, completed=100 * share, description=f"{key}: {stage}"),
            )
    except service.TooFewOrders as error:
        raise click.ClickException(str(error)) from None
    except NoOrders:
        raise click.ClickException(
            f"{key} has no orders yet, so there is nothing to measure on; `shelfwise import` brings a shop's past in"
        ) from None


def _print_in_use(console: Console, key: str, now: InUse) -> None:
    if not now.weights:
        click.echo(f"{key} weighs nothing beside clicks.")
        return
    plain = now.weights.as_dict()
    plain.pop("boosts", None)
    for name, value in plain.items():
        odds = "" if name == "diversity" else f": the first by it {math.exp(value):.1f} times as likely as the last"
        console.print(f"{name} {value:g}{odds}", highlight=False)
    for product, (title, external_id) in now.boosted.items():
        factor = now.weights.boosts[product]
        named = escape(f"{title or 'product'} ({external_id})")
        console.print(f"boost {factor:g}: {named}, {factor:g} times as likely", highlight=False, soft_wrap=True)


def _print_costs(console: Console, found: Mapping[str, Any]) -> None:
    rate = 100 * found["hit_rate"]["value"]
    click.echo(
        f"On {found['cases']} orders of the last weeks, of which {rate:.1f} % were met without any weight "
        "(the last product stood among the ten suggested):"
    )
    table = Table("weight", "clicks lost", "95 % of the time", "buys", "before", "after")
    for name, each in found["weights"].items():
        for level in each["levels"]:
            lost, interval = _percent(level["cost"])
            table.add_row(
                f"{name} {level['weight']:g}",
                lost,
                interval,
                BUYS[name],
                _place(level["before"]),
                _place(level["after"]),
            )
    console.print(table)
    click.echo("A cost whose range holds 0 can't be told from none. Places go from 0, the last, to 1, the first.")
    unknown = [name for name, each in found["weights"].items() if not each["known"]]
    if unknown:
        click.echo(
            f"Nothing is known to weigh by: {', '.join(unknown)} (docs/merchants/weights.md says what it takes)."
        )
    if found["in_use"] is not None:
        lost, interval = _percent(found["in_use"]["cost"])
        click.echo(f"All in use together cost {lost} of clicks ({interval}).")


def _percent(cost: Mapping[str, float] | None) -> tuple[str, str]:
    """The share of clicks lost, and its interval; a gain is a negative loss."""
    if cost is None:
        return "not known", "no order was met at all"
    return f"{100 * cost['value']:.1f} %", f"{100 * cost['low']:.1f} to {100 * cost['high']:.1f} %"


def _place(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
