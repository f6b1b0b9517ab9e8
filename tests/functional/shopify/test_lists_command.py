"""`shelfwise shopify lists`, as it is typed; and what the first round waits for: the catalogue, and the model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from click.testing import Result

from connectors.errors import PlatformError
from connectors.shopify.id_tokens import check
from integration.services import readings
from integration.services.access import access_to
from integration.services.secrets import Vault
from integration.services.shopify import app_of, install, published_lists
from integration.services.shopify.published_lists import due
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.published_list_writes import LIST, PUBLICATION, READING, SHOP
from tests.making import stock
from tests.signing import shopify_shop

if TYPE_CHECKING:
    from tests.functional.shopify.conftest import Play

Command = Callable[..., Result]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    made = shopify_shop(database, settings, "fern-and-ladle.myshopify.com")
    stock(database, made, [1, 2, 3])
    return made


@pytest.mark.usefixtures("shop_id")
def test_it_says_how_far_the_lists_are(shelfwise: Command) -> None:
    said = shelfwise("shopify", "lists", "--shop", "fern-and-ladle")
    assert (said.exit_code, said.output) == (0, "fern-and-ladle: 0 of 6 lists are in the shop\n")


@pytest.mark.usefixtures("shop_id")
def test_they_are_switched_off_and_on(shelfwise: Command, database: Database) -> None:
    for option, wanted in (("--off", False), ("--on", True)):
        assert shelfwise("shopify", "lists", "--shop", "fern-and-ladle", option).exit_code == 0
        with database.read() as connection:
            assert connection.scalars(sa.select(PUBLICATION.c.wanted)).all() == [wanted]


def test_a_shop_that_is_not_there_is_said_in_words(shelfwise: Command, database: Database) -> None:
    said = shelfwise("shopify", "lists", "--shop", "nobody")
    assert said.exit_code == 1
    assert "there is no shop 'nobody'" in said.output
    with database.read() as connection:
        assert connection.execute(sa.select(PUBLICATION)).all() == []


def test_without_the_model_that_serves_no_list_is_made(play: Play, database: Database, settings: Settings) -> None:
    mine, now = play.settings(settings), datetime.now(UTC)
    play.install()
    app = app_of(mine)
    assert app is not None
    shop_id = install.open_app(database, Vault(mine.secret_keys), app, check(play.id_token(), app), now=now).shop_id
    stock(database, shop_id, [1, 2, 3])
    with database.write() as connection:
        connection.execute(sa.update(SHOP).values(serving_version="gone"))
    access = access_to(database, Vault(mine.secret_keys), mine, shop_id)
    with pytest.raises(PlatformError, match="model gone can't be read here"):
        published_lists.publish(database, mine, access, shop_id, clock=lambda: now)
    with database.read() as connection:
        assert connection.execute(sa.select(LIST)).all() == []
        assert connection.scalars(sa.select(PUBLICATION.c.error)).one().endswith("model gone can't be read here")
    assert due(database, mine, now) == []


def test_the_first_round_waits_until_the_catalogue_is_read(play: Play, database: Database, settings: Settings) -> None:
    mine, now = play.settings(settings), datetime.now(UTC)
    play.install()
    app = app_of(mine)
    assert app is not None
    shop_id = install.open_app(database, Vault(mine.secret_keys), app, check(play.id_token(), app), now=now).shop_id
    stock(database, shop_id, [1, 2, 3])
    assert due(database, mine, now) == [shop_id]
    with database.write() as connection:
        readings.start(connection, shop_id, "shopify", ["products"], now=now)
    assert due(database, mine, now) == []
    with database.write() as connection:
        connection.execute(sa.update(READING).values(finished_at=now))
    assert due(database, mine, now) == [shop_id]
