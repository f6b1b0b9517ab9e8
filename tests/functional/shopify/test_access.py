"""A shop's token is renewed in time, once, by whoever comes first; what breaks off costs nothing; a loss is said."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Tokens
from connectors.errors import AccessLost, PlatformError
from connectors.shopify import tokens
from connectors.shopify.api import App
from connectors.shopify.id_tokens import IdToken, check
from integration.services import access
from integration.services.secrets import Vault
from integration.services.shopify.install import Opened, open_app
from integration.settings import Settings
from integration.storage.access_writes import CONNECTION, SHOP, TOKEN
from integration.storage.database import Database
from tests.functional.shopify.conftest import Play

WORKERS = 8


@pytest.fixture
def ours(play: Play, settings: Settings) -> Settings:
    return play.settings(settings)


@pytest.fixture
def vault(ours: Settings) -> Vault:
    return Vault(ours.secret_keys)


@pytest.fixture
def app(play: Play) -> App:
    return App(play.client_id, play.client_secret, play_url=play.url)


@pytest.fixture
def shop(play: Play, database: Database, vault: Vault, app: App) -> Opened:
    """The app, installed and opened once."""
    play.install()
    return opened(play, database, vault, app)


def opened(play: Play, database: Database, vault: Vault, app: App) -> Opened:
    return open_app(database, vault, app, check(play.id_token(), app), now=datetime.now(UTC))


@pytest.fixture
def renewals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The refresh tokens that were sent to the platform."""
    sent: list[str] = []
    really = tokens.renew

    def renew(app: App, shop: str, refresh_token: str) -> Tokens:
        sent.append(refresh_token)
        return really(app, shop, refresh_token)

    monkeypatch.setattr(tokens, "renew", renew)
    return sent


def row_of(database: Database) -> Any:
    with database.read() as connection:
        return connection.execute(sa.select(TOKEN)).first()


def change(database: Database, **values: Any) -> None:
    with database.write() as connection:
        connection.execute(sa.update(TOKEN).values(values))


def ages(database: Database, seconds: float) -> None:
    """Leave the token only so many seconds."""
    change(database, expires_at=datetime.now(UTC) + timedelta(seconds=seconds))


def token_of(database: Database, vault: Vault, ours: Settings, shop: Opened, **more: Any) -> str:
    return access.access_to(database, vault, ours, shop.shop_id, **more).token()


def test_a_shop_is_called_at_its_address_with_a_token_that_works(
    database: Database, vault: Vault, ours: Settings, shop: Opened, play: Play
) -> None:
    there = access.access_to(database, vault, ours, shop.shop_id)
    assert (there.external_id, there.address) == (play.shop, f"{play.url}/{play.shop}")
    assert play.platform.tokens.scopes(play.state, there.token()) is not None


def test_nothing_in_the_store_can_be_read_without_the_key(database: Database, vault: Vault, shop: Opened) -> None:
    row = row_of(database)
    assert b"shpat_" not in bytes(row.token)
    assert b"shprt_" not in bytes(row.refresh_token)
    assert vault.open(row.token).startswith("shpat_")


def test_a_token_is_kept_as_long_as_it_has_five_minutes(
    database: Database, vault: Vault, ours: Settings, shop: Opened, renewals: list[str]
) -> None:
    ages(database, 310)
    before = token_of(database, vault, ours, shop)
    assert renewals == []
    ages(database, 290)
    after = token_of(database, vault, ours, shop)
    assert before != after
    assert len(renewals) == 1
    assert token_of(database, vault, ours, shop) == after


@pytest.mark.parametrize("left", [290, -10])
def test_however_many_need_it_at_once_it_is_renewed_once(
    database: Database, vault: Vault, ours: Settings, shop: Opened, renewals: list[str], left: int
) -> None:
    ages(database, left)
    old = vault.open(row_of(database).token)
    stores = [Database(ours.database_url).of(shop.shop_id) for _ in range(WORKERS)]
    start, got = threading.Barrier(WORKERS), list[str]()

    def ask(own: Database) -> None:
        start.wait()
        got.append(token_of(own, vault, ours, shop))

    threads = [threading.Thread(target=ask, args=(each,)) for each in stores]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for store in stores:
        store.close()
    new = vault.open(row_of(database).token)
    assert len(renewals) == 1
    assert len(got) == WORKERS
    assert set(got) <= ({new, old} if left > 0 else {new})


def test_a_renewer_that_is_killed_before_it_could_keep_the_pair_costs_nothing(
    database: Database, vault: Vault, ours: Settings, shop: Opened, play: Play, app: App
) -> None:
    """It has asked, the platform has answered, and the process is gone: the old refresh token still works."""
    ages(database, -10)
    row = row_of(database)
    tokens.renew(app, play.shop, vault.open(row.refresh_token))
    change(database, refreshing_until=datetime.now(UTC) + timedelta(seconds=0.4))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        threading.Event().wait(seconds)

    got = token_of(database, vault, ours, shop, wait=wait)
    assert waits
    assert play.platform.tokens.scopes(play.state, got) is not None
    assert row_of(database).refreshing_until is None


def test_while_somebody_renews_a_token_that_still_lasts_nobody_waits(
    database: Database, vault: Vault, ours: Settings, shop: Opened, renewals: list[str]
) -> None:
    ages(database, 100)
    change(database, refreshing_until=datetime.now(UTC) + timedelta(seconds=30))

    def wait(_seconds: float) -> None:
        pytest.fail("there was no reason to wait")

    assert token_of(database, vault, ours, shop, wait=wait) == vault.open(row_of(database).token)
    assert renewals == []


def test_whoever_waits_for_a_renewal_does_not_wait_for_ever(
    database: Database, vault: Vault, ours: Settings, shop: Opened
) -> None:
    ages(database, -10)
    change(database, refreshing_until=datetime.now(UTC) + timedelta(hours=1))
    waits: list[float] = []
    with pytest.raises(PlatformError) as refusal:
        token_of(database, vault, ours, shop, wait=waits.append)
    assert refusal.value.retryable
    assert 60 <= sum(waits) <= 61


def test_a_platform_that_is_away_is_waited_out_with_the_old_token(
    database: Database, vault: Vault, ours: Settings, shop: Opened, renewals: list[str]
) -> None:
    away = replace(ours, shopify_play_url="http://127.0.0.1:9")
    ages(database, 200)
    old = vault.open(row_of(database).token)
    assert token_of(database, vault, away, shop) == old
    assert token_of(database, vault, away, shop) == old
    assert len(renewals) == 1
    ages(database, -10)
    change(database, refreshing_until=None)
    with pytest.raises(PlatformError) as refusal:
        token_of(database, vault, away, shop)
    assert refusal.value.retryable
    assert row_of(database).lost_at is None
    assert token_of(database, vault, ours, shop) != old


def test_a_refused_renewal_is_access_lost_and_is_not_tried_again(
    database: Database, vault: Vault, ours: Settings, shop: Opened, play: Play, renewals: list[str]
) -> None:
    play.expire_tokens(refresh=True)
    ages(database, -10)
    for _ in range(3):
        with pytest.raises(AccessLost):
            token_of(database, vault, ours, shop)
    assert len(renewals) == 1
    assert access.due(database, ours, datetime.now(UTC) + timedelta(days=30)) == []


def test_a_refresh_token_that_is_too_old_is_not_even_sent(
    database: Database, vault: Vault, ours: Settings, shop: Opened, renewals: list[str]
) -> None:
    ages(database, -10)
    change(database, refresh_expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(AccessLost):
        token_of(database, vault, ours, shop)
    assert renewals == []


def test_a_token_that_the_platform_refuses_is_lost_unless_it_was_replaced_meanwhile(
    database: Database, vault: Vault, ours: Settings, shop: Opened
) -> None:
    there = access.access_to(database, vault, ours, shop.shop_id)
    there.refused("one of yesterday")
    token = there.token()
    there.refused(token)
    with pytest.raises(AccessLost):
        there.token()


def test_opening_the_app_gives_lost_access_back(
    database: Database, vault: Vault, ours: Settings, shop: Opened, play: Play, app: App
) -> None:
    there = access.access_to(database, vault, ours, shop.shop_id)
    there.refused(there.token())
    again = opened(play, database, vault, app)
    assert again.granted
    assert again.shop_id == shop.shop_id
    assert play.platform.tokens.scopes(play.state, there.token()) is not None


def test_an_opening_in_the_midst_of_a_renewal_wins(
    database: Database, vault: Vault, ours: Settings, shop: Opened, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renew(_app: App, _shop: str, _refresh_token: str) -> Tokens:
        with database.write() as connection:
            fresh = Tokens("shpat_granted", datetime.now(UTC) + timedelta(hours=1), "shprt_granted")
            access.keep(connection, vault, shop.shop_id, "shopify", fresh, datetime.now(UTC))
        raise AccessLost("shopify", "the old refresh token is dead")

    monkeypatch.setattr(tokens, "renew", renew)
    ages(database, -10)
    assert token_of(database, vault, ours, shop) == "shpat_granted"
    assert row_of(database).lost_at is None


def test_a_shop_that_nobody_calls_is_renewed_every_week_for_as_long_as_you_like(
    database: Database, vault: Vault, ours: Settings, shop: Opened, play: Play, passing_time: Callable[..., None]
) -> None:
    start = datetime.now(UTC)
    for week in range(1, 30):
        now = start + timedelta(days=7 * week)
        assert access.due(database, ours, now - timedelta(hours=1)) == []
        assert access.due(database, ours, now + timedelta(minutes=1)) == [shop.shop_id]
        passing_time(days=7)
        # Shopify tells how long a token lasts, from now: the library counts that from this machine's clock.
        change(database, refresh_expires_at=now + timedelta(days=83))
        assert access.renew(database, vault, ours, shop.shop_id, clock=lambda now=now: now)  # type: ignore[misc]


def test_a_weekly_renewal_that_fails_is_tried_again_within_the_hour_and_not_at_every_sweep(
    database: Database, vault: Vault, ours: Settings, shop: Opened
) -> None:
    away = replace(ours, shopify_play_url="http://127.0.0.1:9")
    now = datetime.now(UTC) + timedelta(days=8)
    with pytest.raises(PlatformError):
        access.renew(database, vault, away, shop.shop_id, clock=lambda: now)
    assert access.due(database, ours, now + timedelta(minutes=59)) == []
    assert access.due(database, ours, now + timedelta(minutes=61)) == [shop.shop_id]


def test_without_the_apps_secret_no_shop_is_called_and_none_is_lost(
    database: Database, vault: Vault, ours: Settings, shop: Opened
) -> None:
    off = replace(ours, shopify_client_id="", shopify_client_secret="")
    assert access.due(database, off, datetime.now(UTC) + timedelta(days=9)) == []
    with pytest.raises(PlatformError) as refusal:
        access.access_to(database, vault, off, shop.shop_id)
    assert not isinstance(refusal.value, AccessLost)


def test_a_shop_that_left_is_forgotten_and_a_late_word_of_it_does_not_undo_its_return(
    database: Database, vault: Vault, ours: Settings, shop: Opened, play: Play, app: App
) -> None:
    left_at = datetime.now(UTC)
    with database.write() as connection:
        assert access.forget(connection, shop.shop_id, left_at)
    assert row_of(database) is None
    with pytest.raises(AccessLost):
        access.access_to(database, vault, ours, shop.shop_id)
    again = opened(play, database, vault, app)
    assert (again.shop_id, again.granted) == (shop.shop_id, True)
    with database.write() as connection:
        assert not access.forget(connection, shop.shop_id, left_at)
        assert connection.execute(sa.select(SHOP.c.uninstalled_at)).scalar() is None
    assert token_of(database, vault, ours, shop)


def test_of_two_words_about_scopes_the_later_one_counts_whichever_comes_first(database: Database, shop: Opened) -> None:
    now = datetime.now(UTC) + timedelta(minutes=5)
    change_of = {now: ["read_products"], now - timedelta(minutes=1): ["read_orders"]}
    with database.write() as connection:
        connection.execute(sa.update(CONNECTION).values(set_up_at=now + timedelta(days=7)))
        for version, scopes in change_of.items():
            access.scopes_changed(connection, shop.shop_id, scopes, version)
        assert connection.execute(sa.select(CONNECTION.c.set_up_at)).scalar() == now
    assert row_of(database).scopes == "read_products"


def test_two_windows_that_open_the_app_first_make_one_shop(
    database: Database, vault: Vault, ours: Settings, play: Play, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    play.install()
    both_asked, really, got = threading.Barrier(2), tokens.exchange, list[Opened]()

    def exchange(app: App, id_token: IdToken) -> Tokens:
        granted = really(app, id_token)
        both_asked.wait(timeout=10)
        return granted

    def open_it() -> None:
        own = Database(ours.database_url)
        got.append(opened(play, own, vault, app))
        own.close()

    monkeypatch.setattr(tokens, "exchange", exchange)
    windows = [threading.Thread(target=open_it) for _ in range(2)]
    for each in windows:
        each.start()
    for each in windows:
        each.join()
    assert len(got) == 2
    assert len({each.shop_id for each in got}) == 1
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(SHOP)).scalar() == 1
        assert connection.execute(sa.select(sa.func.count()).select_from(TOKEN)).scalar() == 1
