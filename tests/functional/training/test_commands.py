"""`shelfwise train` and `shelfwise status`, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from integration.cli import main
from integration.clock import system_clock
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from tests.functional.conftest import environ_of
from tests.making import make_shop

Command = Callable[..., Result]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_train_prints_the_verdict_and_the_table(shelfwise: Command, shop_id: int) -> None:
    said = shelfwise("train", "--shop", "demo")
    assert said.exit_code == 0, said.output
    assert "demo: published" in said.output
    assert "popularity" in said.output
    assert "HR@10" in said.output


def test_train_all_goes_on_after_a_shop_that_can_not_be_trained(
    shelfwise: Command, database: Database, settings: Settings, shop_id: int
) -> None:
    make_shop(database, settings, "empty")
    said = shelfwise("train", "--all")
    assert said.exit_code == 1
    assert "demo: published" in said.output
    assert "empty: this shop has no orders yet" in said.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("train", "--shop", "nobody"), "there is no shop 'nobody'"),
        (("train",), "say which shop"),
        (("status", "--shop", "nobody"), "there is no shop 'nobody'"),
    ],
)
def test_a_wrong_call_gets_one_sentence(shelfwise: Command, arguments: tuple[str, ...], sentence: str) -> None:
    said = shelfwise(*arguments)
    assert said.exit_code != 0
    assert sentence in said.output
    assert "Traceback" not in said.output


def test_train_can_leave_it_to_a_worker(shelfwise: Command, shop_id: int) -> None:
    assert "enqueued" in shelfwise("train", "--shop", "demo", "--queue").output
    assert "on the queue already" in shelfwise("train", "--shop", "demo", "--queue").output
    assert "queue training: 1 waiting" in shelfwise("status").output


def test_train_by_a_worker_says_when_there_is_no_queue(settings: Settings, shop_id: int, tmp_path: Path) -> None:
    lonely = replace(settings, redis_url=f"unix://{tmp_path / 'nobody.sock'}")
    said = CliRunner().invoke(main, ["train", "--shop", "demo", "--queue"], env=environ_of(lonely))
    assert said.exit_code == 1
    assert said.output.startswith("Error: the queue can't be reached")


def test_status_tells_of_shop_model_fit_and_queue(
    shelfwise: Command, database: Database, settings: Settings, shop_id: int
) -> None:
    assert "none yet" in shelfwise("status").output
    outcome = train(database, settings, shop_id, trigger="hand")
    said = shelfwise("status", "--shop", "demo").output
    assert "32 products, 400 orders, 0 deliveries waiting, 0 parked" in said
    assert outcome.version in said
    assert "last fit  published" in said
    assert "queue intake: 0 waiting, 0 running, 0 failed, 0 workers" in said
    assert "co-purchase" in said


def test_status_works_without_redis_and_says_so(settings: Settings, shop_id: int, tmp_path: Path) -> None:
    lonely = replace(settings, redis_url=f"unix://{tmp_path / 'nobody.sock'}")
    said = CliRunner().invoke(main, ["status"], env=environ_of(lonely))
    assert said.exit_code == 0
    assert "demo: 32 products" in said.output
    assert "Redis does not answer" in said.output


def test_status_shows_what_a_running_fit_does_and_why_one_failed(
    shelfwise: Command, database: Database, settings: Settings, shop_id: int
) -> None:
    seen: list[str] = []

    def watch(stage: str, _share: float) -> None:
        if stage == "backtest":
            seen.append(shelfwise("status").output)
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        train(database, settings, shop_id, trigger="hand", progress=watch)
    assert "last fit  running for" in seen[0]
    assert "last fit  failed" in shelfwise("status").output
    assert "RuntimeError: the disk is full" in shelfwise("status").output


def test_status_as_json_is_for_scripts(
    shelfwise: Command, database: Database, settings: Settings, shop_id: int
) -> None:
    outcome = train(database, settings, shop_id, trigger="hand")
    said = json.loads(shelfwise("status", "--json").output)
    assert said["shops"][0]["serving"]["version"] == outcome.version
    assert said["shops"][0]["last_fit"]["status"] == "published"
    assert said["redis"]["answers"] is True
    assert said["at"][:4] == str(system_clock().year)


def test_a_store_without_tables_is_one_sentence(settings: Settings, tmp_path: Path) -> None:
    bare = replace(settings, database_url=f"sqlite:///{tmp_path / 'bare.sqlite3'}")
    said = CliRunner().invoke(main, ["status"], env=environ_of(bare))
    assert said.exit_code == 1
    assert "shelfwise migrate" in said.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--shop", "demo"),
        ("backtest", "--shop", "demo"),
        ("vectors", "--shop", "demo"),
        ("privacy", "list"),
        ("read", "demo"),
        ("import", "orders.csv", "--shop", "demo"),
        ("shopify", "lists", "--shop", "demo"),
    ],
)
def test_on_a_store_without_tables_every_command_says_in_a_sentence_what_makes_them(
    arguments: tuple[str, ...], settings: Settings, tmp_path: Path
) -> None:
    empty = replace(settings, database_url=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    said = CliRunner().invoke(main, arguments, env=environ_of(empty))
    assert said.exit_code == 1, said.output
    assert "`shelfwise migrate` makes it" in said.output
    assert "Traceback" not in said.output
