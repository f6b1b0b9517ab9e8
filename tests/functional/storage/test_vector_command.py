"""`shelfwise vectors` answers from every kind of index, under the stock of this moment."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from integration.cli.vectors import vectors
from integration.services import training
from integration.services.shops import UnknownShop
from integration.services.vectors import Answer, NothingToSearch, alike
from integration.settings import Settings
from integration.storage.base import from_micros
from integration.storage.database import Database
from tests.making import level, make_shop, write
from tests.trading import open_for_business


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    """A shop whose model serves."""
    number = make_shop(database, settings)
    open_for_business(database, number)
    training.train(database, settings, number, trigger="by hand")
    return number


def ask(database: Database, settings: Settings, kind: str, **wanted: Any) -> Answer:
    return alike(database, replace(settings, vectors=kind), "demo", **wanted)


def test_every_index_says_the_same_and_hides_what_is_sold_out(
    database: Database, settings: Settings, shop_id: int, tmp_path: Path
) -> None:
    settings = replace(settings, qdrant_url=str(tmp_path / "qdrant"))
    kinds = ["exact", "hnsw", "qdrant", *(["pgvector"] if not database.is_sqlite else [])]
    plain = ask(database, settings, "auto", count=5)
    assert len(plain.found) == 5
    best = plain.found[0].product
    write(database, shop_id, [level(int(best[1:]), 0, from_micros(2_000_000_000_000_000))])
    for kind in kinds:
        answer = ask(database, settings, kind, product=plain.product, count=4)
        assert answer.kind == kind
        assert answer.allowed == plain.allowed - 1
        assert [each.product for each in answer.found] == [each.product for each in plain.found[1:]]
        again = ask(database, settings, kind, product=plain.product, count=4)
        assert again == answer


def test_the_command_prints_what_was_found(
    database: Database, settings: Settings, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data_dir", "database_url", "redis_url", "secret_keys"):
        monkeypatch.setenv(f"SHELFWISE_{name.upper()}", str(getattr(settings, name)))
    answer = CliRunner().invoke(vectors, ["--shop", "demo", "--json", "--count", "3"])
    assert answer.exit_code == 0, answer.output
    said = json.loads(answer.output)
    assert len(said["found"]) == 3
    table = CliRunner().invoke(vectors, ["--shop", "demo", "--product", said["product"]])
    assert said["found"][0]["product"] in table.output
    nothing = CliRunner().invoke(vectors, ["--shop", "demo", "--category", "no such type", "--json"])
    assert json.loads(nothing.output)["found"] == []
    monkeypatch.setenv("SHELFWISE_VECTORS", "qdrant")
    refused = CliRunner().invoke(vectors, ["--shop", "demo"])
    assert refused.exit_code == 1
    assert "SHELFWISE_QDRANT_URL" in refused.output


def test_what_can_not_be_searched_is_said(database: Database, settings: Settings) -> None:
    with pytest.raises(UnknownShop):
        alike(database, settings, "nowhere")
    make_shop(database, settings)
    with pytest.raises(NothingToSearch, match="shelfwise train"):
        alike(database, settings, "demo")


def test_unknown_products_are_refused(database: Database, settings: Settings, shop_id: int) -> None:
    with pytest.raises(NothingToSearch, match="p-none"):
        ask(database, settings, "exact", product="p-none")
