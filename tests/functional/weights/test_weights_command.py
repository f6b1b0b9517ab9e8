"""`shelfwise weights`, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from integration.settings import Settings
from integration.storage.database import Database
from tests.making import make_shop
from tests.trading import open_for_business

Command = Callable[..., Result]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def run(database: Database, settings: Settings, shelfwise: Command) -> Command:
    """Runs `shelfwise weights` on the test's own settings, for a shop with orders."""
    open_for_business(database, make_shop(database, settings))
    return lambda *arguments: shelfwise("weights", *arguments)


def test_a_merchant_sees_what_is_in_use_and_what_each_weight_costs(run: Command) -> None:
    assert run("--shop", "demo", "--set", "diversity=0.2", "--set", "novelty=1", "--boost", "p1=2").exit_code == 0
    said = run("--shop", "demo")
    assert said.exit_code == 0, said.output
    assert "novelty 1: the first by it 2.7 times as likely as the last" in said.stdout
    assert "boost 2: Product 1 (p1), 2 times as likely" in said.stdout
    assert "clicks lost" in said.stdout
    assert "diversity 0.2 " in said.stdout
    assert "Nothing is known to weigh by: margin" in said.stdout
    assert "All in use together cost " in said.stdout


def test_a_shop_without_weights_is_told_what_each_would_cost(run: Command) -> None:
    said = run("--shop", "demo")
    assert said.stdout.startswith("demo weighs nothing beside clicks.")
    assert "diversity 0.25" in said.stdout
    assert "All in use" not in said.stdout


def test_a_change_is_quick_and_says_how_to_see_its_cost(run: Command) -> None:
    said = run("--shop", "demo", "--set", "margin=0.5")
    assert "margin 0.5: the first by it 1.6 times as likely as the last" in said.stdout
    assert "`shelfwise weights --shop demo` measures" in said.stdout
    assert run("--shop", "demo", "--reset").stdout.startswith("demo weighs nothing")


def test_json_alone_is_on_standard_output(run: Command) -> None:
    run("--shop", "demo", "--set", "margin=0.5")
    found = json.loads(run("--shop", "demo", "--json").stdout)
    assert found["weights"] == {"margin": 0.5}
    assert found["costs"]["in_use"]["bought"] == {"margin": {"before": None, "after": None}}
    changed = json.loads(run("--shop", "demo", "--set", "margin=0.6", "--boost", "p7=2", "--json").stdout)
    assert changed == {"shop": "demo", "weights": {"margin": 0.6, "boosts": {"p7": 2.0}}, "costs": None}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "margin"], "--set takes a name, = and a number, such as --set margin=0.5; not 'margin'"),
        (["--set", "margin=lots"], "'lots' is not a number"),
        (["--set", "margin=9"], "margin must be from 0 to 5, not 9"),
        (["--set", "diversity=nan"], "diversity must be a number from 0 to 1"),
        (["--set", "profit=1"], "there is no weight 'profit'; there are margin, stock_depth"),
        (["--boost", "p7=0"], "the boost of product p7 must be above 0"),
        (["--boost", "tea=2"], "demo has no product 'tea'"),
        (["--boost", "=2"], "--boost takes a name, = and a number"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(run: Command, arguments: list[str], said: str) -> None:
    answer = run("--shop", "demo", *arguments)
    assert answer.exit_code in {1, 2}
    assert said in answer.output
    assert run("--shop", "demo", "--reset").stdout.startswith("demo weighs nothing")


def test_an_unknown_shop_and_one_without_orders_are_named(run: Command, database: Database, settings: Settings) -> None:
    assert "there is no shop 'tea'" in run("--shop", "tea").output
    make_shop(database, settings, "empty")
    answer = run("--shop", "empty")
    assert (answer.exit_code, "empty has no orders yet" in answer.output) == (1, True)
