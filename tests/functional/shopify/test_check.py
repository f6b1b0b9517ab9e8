"""`shelfwise shopify check`: what an operator sees of a shop that is well, half well, or gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from connectors.shopify.api import API_VERSION, App
from connectors.shopify.id_tokens import check as check_id_token
from connectors.shopify.scopes import REQUIRED
from integration.cli import main
from integration.services.secrets import Vault
from integration.services.shopify.install import open_app
from integration.services.shops import create_direct_shop
from integration.settings import PREFIX, Settings
from integration.storage.database import Database
from tests.functional.shopify.conftest import Play

Command = Callable[..., Result]


@pytest.fixture
def ours(play: Play, settings: Settings) -> Settings:
    return play.settings(settings)


@pytest.fixture
def shelfwise(ours: Settings) -> Command:
    environ = {PREFIX + each.name.upper(): str(getattr(ours, each.name)) for each in fields(Settings)}
    return lambda *arguments: CliRunner().invoke(main, ["shopify", "check", "--shop", *arguments], env=environ)


def open_it(play: Play, database: Database, settings: Settings) -> None:
    """A person of the shop opens the app."""
    app = App(play.client_id, play.client_secret, play_url=play.url)
    who = check_id_token(play.id_token(), app)
    open_app(database, Vault(settings.secret_keys), app, who, now=datetime.now(UTC))


def test_a_shop_that_is_well_is_shown_whole(play: Play, database: Database, ours: Settings, shelfwise: Command) -> None:
    play.install(*REQUIRED)
    open_it(play, database, ours)
    said = shelfwise(play.shop.upper())
    assert said.exit_code == 0, said.output
    assert f"version    {API_VERSION}\n" in said.output
    assert "missing    nothing" in said.output
    assert "could have read_all_orders" in said.output
    assert "sell online" in said.output
    assert "a second" in said.output


def test_what_the_merchant_withholds_is_named_and_holds_up_nothing_else(
    play: Play, database: Database, ours: Settings, shelfwise: Command
) -> None:
    play.install("read_products", "write_products", "read_orders")
    open_it(play, database, ours)
    said = shelfwise(play.shop.partition(".")[0], "--json")
    assert said.exit_code == 1
    found = json.loads(said.output)
    assert {"read_inventory", "read_locations", "write_pixels"} <= set(found["missing"])
    assert "locations needs access" in found["trouble"]["locations"]
    assert found["points"]["restore_rate"] > 0
    assert found["webhooks"] is not None


def test_a_shop_that_took_the_app_out_is_one_sentence(
    play: Play, database: Database, ours: Settings, shelfwise: Command
) -> None:
    play.install(*REQUIRED)
    open_it(play, database, ours)
    play.uninstall()
    said = shelfwise(play.shop)
    assert said.exit_code == 1
    assert said.output.startswith("Error: ")
    assert "Traceback" not in said.output


def test_a_shop_that_is_none_of_shopifys_is_one_sentence(
    database: Database, ours: Settings, shelfwise: Command
) -> None:
    create_direct_shop(database, Vault(ours.secret_keys), key="own", name="Own", currency="EUR")
    for name in ("own", "nobody", "nobody.myshopify.com", "' OR 1=1 --"):
        said = shelfwise(name)
        assert said.exit_code == 1
        assert "that is connected to Shopify" in said.output
