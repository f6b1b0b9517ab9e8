"""`shelfwise shops`: make one, change its policy, see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from integration.cli import main
from integration.settings import PREFIX, Settings
from integration.storage.database import Database
from tests.making import START, delivery, inventory, level, make_shop, stock, write


@pytest.fixture
def environ(settings: Settings) -> Mapping[str, str]:
    return {PREFIX + each.name.upper(): str(getattr(settings, each.name)) for each in fields(settings)}


def shops(environ: Mapping[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, ["shops", *arguments], env=dict(environ))


def test_a_new_installation_says_how_to_begin(environ: Mapping[str, str]) -> None:
    assert "shelfwise shops add" in shops(environ).output


def test_a_shop_that_was_added_takes_deliveries_signed_with_the_printed_secret(
    environ: Mapping[str, str], client: FlaskClient
) -> None:
    added = shops(environ, "add", "corner-shop", "--currency", "EUR")
    assert added.exit_code == 0, added.output
    secret = added.output.split()[-1]
    sent = delivery("inventory.updated", inventory(1, 0, START), secret=secret)
    assert client.post("/webhooks/direct/corner-shop", **sent).status_code == 200
    assert "corner-shop" in shops(environ).output
    assert secret not in shops(environ).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "no spaces"), "letters, digits and hyphens"),
        (("add", "x", "--currency", "pounds"), "ISO 4217"),
        (("add", "demo"), "there already"),
        (("set", "demo"), "say what to set"),
        (("set", "nobody", "--low-stock", "3"), "no shop 'nobody'"),
        (("set", "demo", "--sold-out", "burn"), "burn"),
    ],
)
def test_a_mistake_is_one_sentence(
    environ: Mapping[str, str], database: Database, settings: Settings, arguments: tuple[str, ...], said: str
) -> None:
    make_shop(database, settings)
    done = shops(environ, *arguments)
    assert done.exit_code != 0
    assert said in done.output


def test_a_changed_policy_holds_from_the_next_slate(
    environ: Mapping[str, str], client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, [1, 2], pieces=5)
    write(database, shop_id, [level(2, 0, START + timedelta(days=1))])

    def shown() -> list[tuple[str, str]]:
        items = client.get("/v1/slates?shop=demo&placement=home").get_json()["items"]
        return [(item["product"], item["stock"]) for item in items]

    assert shown() == [("p1", "in_stock")]
    assert shops(environ, "set", "demo", "--sold-out", "last", "--low-stock", "5").exit_code == 0
    assert shown() == [("p1", "low"), ("p2", "back_soon")]
    assert shops(environ, "set", "demo", "--sold-out", "hide").exit_code == 0
    assert shown() == [("p1", "low")]
