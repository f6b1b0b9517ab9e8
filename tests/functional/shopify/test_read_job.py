"""From the merchant's first opening of the app to a shop that is read and about to be trained: by the jobs, by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from redis import Redis

from connectors.records import RecordKind, Refetch
from connectors.shopify.api import App
from connectors.shopify.bulk import operations
from connectors.shopify.id_tokens import check
from connectors.shopify.reader import KINDS
from integration.cli import main, read
from integration.clock import system_clock
from integration.jobs.queues import is_announced
from integration.jobs.readings import read_shop, refetch
from integration.jobs.sweep import sweep
from integration.services import readings, refetches
from integration.services.secrets import Vault
from integration.services.shopify.install import open_app
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.reading_writes import PRODUCT, READING, REFETCH, SHOP
from integration.storage.refetch_writes import ask_again
from tests.functional.conftest import environ_of
from tests.functional.shopify.conftest import Play

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second for a played bulk operation."""
    monkeypatch.setattr(operations, "FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(read, "LOOK_EVERY_SECONDS", 0.02)


@pytest.fixture
def settings(settings: Settings, play: Play) -> Settings:
    return play.settings(settings)


@pytest.fixture
def environ(settings: Settings) -> dict[str, str]:
    """What a process of ours is started with."""
    return environ_of(settings) | {
        "SHELFWISE_SHOPIFY_CLIENT_ID": settings.shopify_client_id,
        "SHELFWISE_SHOPIFY_CLIENT_SECRET": settings.shopify_client_secret,
        "SHELFWISE_SHOPIFY_PLAY_URL": settings.shopify_play_url,
    }


@pytest.fixture
def shop_id(play: Play, database: Database, settings: Settings) -> int:
    """A shop whose merchant has just opened the app."""
    play.install()
    app = App(play.client_id, play.client_secret, play_url=play.url)
    vault = Vault(settings.secret_keys)
    return open_app(database, vault, app, check(play.id_token(), app), now=datetime.now(UTC)).shop_id


@pytest.fixture
def worker(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is a worker."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


def products(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(sa.select(PRODUCT.c.external_id).where(PRODUCT.c.known)))


@pytest.mark.usefixtures("worker")
def test_a_new_shop_is_read_by_itself_and_then_trained_at_once(
    play: Play, database: Database, settings: Settings, shop_id: int
) -> None:
    redis = Redis.from_url(settings.redis_url)
    sweep(database, settings, redis, system_clock())
    assert is_announced(redis, "read", shop_id)
    ended = read_shop(shop_id)
    assert ended == f"read to the end: {', '.join(KINDS)}"
    assert products(database) == {str(each) for each in play.state.products}
    assert is_announced(redis, "train", shop_id), "it is not left alone for a quarter of an hour"
    assert readings.due(database, settings, system_clock()) == []
    redis.close()


@pytest.mark.usefixtures("worker")
def test_what_webhooks_left_open_is_asked_for_by_a_job(
    play: Play, database: Database, settings: Settings, shop_id: int
) -> None:
    with database.write() as connection:
        wanted = [Refetch(RecordKind.PRODUCT, str(each)) for each in play.state.products]
        ask_again(connection, shop_id, wanted, system_clock())
    assert refetches.due(database, settings, system_clock()) == [shop_id]
    assert refetch(shop_id) == f"asked for {len(wanted)}"
    assert products(database) == {str(each) for each in play.state.products}


@pytest.mark.usefixtures("worker")
def test_a_shop_that_took_the_app_out_is_left_alone_and_says_so(
    play: Play, database: Database, settings: Settings, shop_id: int
) -> None:
    play.uninstall()
    assert "opens the app" in read_shop(shop_id) or "put off" in read_shop(shop_id)
    with database.read() as connection:
        error = connection.scalars(sa.select(READING.c.error)).first()
    assert error
    assert readings.due(database, settings, system_clock()) == []


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ)


def key_of(database: Database) -> str:
    with database.read() as connection:
        return str(connection.execute(sa.select(SHOP.c.key)).scalar_one())


def test_a_shop_is_read_by_hand_with_a_bar(
    play: Play, database: Database, shop_id: int, environ: dict[str, str]
) -> None:
    ended = run(environ, "read", key_of(database), "--here")
    assert ended.exit_code == 0, ended.output
    assert "products" in ended.output
    assert str(len(play.state.products)) in ended.output
    assert products(database) == {str(each) for each in play.state.products}


def test_asking_for_a_reading_leaves_it_to_a_worker(
    database: Database, settings: Settings, shop_id: int, environ: dict[str, str]
) -> None:
    ended = run(environ, "read", key_of(database))
    assert ended.exit_code == 0, ended.output
    assert "worker" in ended.output
    redis = Redis.from_url(settings.redis_url)
    assert is_announced(redis, "read", shop_id)
    redis.close()


@pytest.mark.parametrize("key", ["nobody", ""])
def test_a_shop_that_is_not_there_gets_a_sentence(environ: dict[str, str], database: Database, key: str) -> None:
    ended = run(environ, "read", key)
    assert ended.exit_code == 2
    assert "shelfwise read:" in ended.output


def test_a_shop_without_a_connection_gets_a_sentence(environ: dict[str, str], database: Database) -> None:
    values: dict[str, Any] = {"key": "alone", "name": "Alone", "created_at": system_clock()}
    with database.write() as connection:
        connection.execute(SHOP.insert().values(values))
    ended = run(environ, "read", "alone")
    assert ended.exit_code == 2
    assert "open the app" in ended.output


def test_nothing_is_to_be_asked_of_a_shop_without_wishes(database: Database, settings: Settings, shop_id: int) -> None:
    assert refetches.due(database, settings, system_clock()) == []
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(REFETCH)).scalar_one() == 0
