"""`shelfwise backtest`, as it is typed: what it says, writes and leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from connectors.records import Change
from integration.services.status import shop_states
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from tests.conftest import NOW
from tests.making import START, make_shop, order, pounds, stock, write
from tests.trading import habits, shelfwise

Command = Callable[..., Result]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def run(shelfwise: Command) -> Command:
    """Runs `shelfwise backtest` on the test's own settings."""
    return lambda *arguments: shelfwise("backtest", *arguments)


def figures(run: Command, *arguments: str) -> dict[str, Any]:
    said = run("--shop", "demo", "--json", *arguments)
    assert said.exit_code == 0, said.output
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def test_a_merchant_is_told_how_often_the_next_purchase_was_among_the_suggestions(run: Command, shop_id: int) -> None:
    said = run("--shop", "demo")
    assert said.exit_code == 0, said.output
    assert "the product put in last was among the ten suggestions" in said.stdout
    assert "With other orders of the same kind it would be between" in said.stdout
    assert "Best sellers alone" in said.stdout
    assert "HR@10" in said.stdout


def test_json_alone_is_on_standard_output_with_every_figure_and_its_interval(run: Command, shop_id: int) -> None:
    found = figures(run)
    assert found["kind"] == "backtest"
    assert found["shop"] == {"currency": "GBP", "key": "demo", "name": "Demo"}
    served = found["figures"]["strategies"][found["figures"]["served"]]
    names = {"hr@10", "mrr@10", "ndcg@10", "recall@10", "coverage", "novelty", "revenue@10"}
    assert set(served) == names
    assert all(set(figure) == {"value", "low", "high"} for figure in served.values())
    assert set(found["figures"]["segments"]) == {"buyers", "products"}
    assert found["figures"]["best_single"]["strategy"] in found["figures"]["differences"]


def test_what_serves_stays_as_it_is(run: Command, database: Database, settings: Settings, shop_id: int) -> None:
    version = train(database, settings, shop_id, trigger="hand").version
    before = shop_states(database, NOW)
    artifacts = sorted(path.name for path in (settings.artifacts_dir / str(shop_id)).iterdir())
    assert run("--shop", "demo").exit_code == 0
    assert shop_states(database, NOW) == before
    assert before[0].serving is not None
    assert before[0].serving.version == version
    assert sorted(path.name for path in (settings.artifacts_dir / str(shop_id)).iterdir()) == artifacts


def test_the_same_orders_and_seed_give_the_same_bytes_in_another_process(
    settings: Settings, shop_id: int, tmp_path: Path
) -> None:
    said = []
    for name in ("first.html", "second.html"):
        with shelfwise(settings, "backtest", "--shop", "demo", "--json", "--html", str(tmp_path / name)) as process:
            said.append(process.communicate(timeout=120)[0])
            assert process.returncode == 0, said[-1]
    assert said[0] == said[1]
    assert json.loads(said[0][said[0].index("{") :])["kind"] == "backtest"
    first, second = ((tmp_path / name).read_bytes() for name in ("first.html", "second.html"))
    assert first == second


def test_another_seed_draws_other_resamples_and_the_same_values(run: Command, shop_id: int) -> None:
    first, second = (figures(run, "--seed", seed)["figures"]["strategies"]["popularity"]["hr@10"] for seed in "12")
    assert first["value"] == second["value"]
    assert (first["low"], first["high"]) != (second["low"], second["high"]) or first["value"] in {0.0, 1.0}


def test_more_days_hold_more_orders_back(run: Command, shop_id: int) -> None:
    assert figures(run, "--days", "7")["figures"]["cases"] < figures(run, "--days", "21")["figures"]["cases"]


def test_an_order_counts_by_what_its_products_cost(run: Command, database: Database, shop_id: int) -> None:
    plain = figures(run)["figures"]
    stock(database, shop_id, range(1, 5), price=pounds("5000"))
    dear = figures(run)["figures"]
    assert plain["strategies"]["popularity"]["revenue@10"] != dear["strategies"]["popularity"]["revenue@10"]
    assert plain["strategies"]["popularity"]["hr@10"] == dear["strategies"]["popularity"]["hr@10"]


def planted(numbers: Sequence[int]) -> list[Change]:
    """Orders of the last weeks: products 90 and 91, always together, which nobody bought before."""
    return [
        order(number, [90, 91], customer=f"c{number % 7}", at=START + timedelta(hours=12 * place))
        for place, number in enumerate(numbers)
    ]


def test_a_signal_of_the_last_weeks_alone_is_not_found(run: Command, database: Database, settings: Settings) -> None:
    """Through the command: products, a pair and customers of the test weeks, a date of publication and a price."""
    shop_id = make_shop(database, settings)
    stock(database, shop_id, range(90, 92), price=pounds("999"))
    stock(database, shop_id, range(1, 60))
    write(database, shop_id, habits(range(400), end=START - timedelta(days=2)))
    write(database, shop_id, planted(range(1000, 1040)))
    found = figures(run, "--days", "20")["figures"]
    assert found["cases"] == 40
    shown = {name: row["hr@10"]["value"] for name, row in found["strategies"].items()}
    assert shown == dict.fromkeys(shown, 0.0)


def test_a_shop_with_too_few_orders_is_told_how_many_it_needs_and_when(
    run: Command, database: Database, settings: Settings, tmp_path: Path
) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, range(1, 33))
    write(database, shop_id, habits(range(37), days=60))
    page = tmp_path / "report.html"
    said = run("--shop", "demo", "--html", str(page))
    assert said.exit_code == 0, said.output
    assert "37 orders, 37 of them with two or more products" in said.stdout
    assert "A test needs about 100 of those" in said.stdout
    assert "that takes about 14 weeks" in said.stdout
    assert "slates do best here when they begin with" in said.stdout
    assert "too early for a backtest" in page.read_text()
    found = figures(run)
    assert found["ladder"]["first_rung"] in found["ladder"]["rungs"]
    assert found["outlook"] == {"days": pytest.approx(100, abs=3), "needed": 100, "orders": 37, "testable": 37}


def test_a_slow_shop_with_a_long_past_is_tested_on_more_weeks(
    run: Command, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, range(1, 33))
    write(database, shop_id, habits(range(200), days=900))
    found = figures(run)
    assert found["figures"]["cases"] >= 20
    assert found["asked"]["days"] == 28


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--shop", "nobody"), "there is no shop 'nobody'; `shelfwise shops` lists them"),
        (("--shop", "demo"), "demo has no orders yet, so there is nothing to test on"),
        (("--shop", "demo", "--days", "0"), "0 is not in the range"),
        (("--shop", "demo", "--html", "no/such/folder/report.html"), "there is no folder 'no/such/folder'"),
        ((), "Missing option '--shop'"),
    ],
)
def test_a_wrong_call_gets_one_sentence(
    run: Command, database: Database, settings: Settings, arguments: tuple[str, ...], sentence: str
) -> None:
    make_shop(database, settings)
    said = run(*arguments)
    assert said.exit_code in {1, 2}
    assert sentence in said.stderr
    assert "Traceback" not in said.output


def test_help_teaches(run: Command) -> None:
    said = run("--help").stdout
    assert "It only reads" in said
    assert "shelfwise backtest --shop demo --html report.html" in said
