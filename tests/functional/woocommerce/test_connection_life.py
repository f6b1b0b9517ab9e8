"""What becomes of a connected shop: what its plugin is told, how it leaves, comes back, moves, and is forgotten."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from connectors.errors import AccessLost
from demo.woocommerce.fill import Size, fill
from demo.woocommerce.plugin import signed
from demo.woocommerce.server import running
from demo.woocommerce.state import PlayedShop
from integration.cli import main
from integration.services import duties, set_up
from integration.services.woocommerce.leaving import KEPT
from integration.storage.access_writes import CONNECTION, SHOP, TOKEN
from tests.functional.conftest import environ_of
from tests.merchants import Merchant

if TYPE_CHECKING:
    from tests.functional.woocommerce.conftest import Woo

KEY = "127-0-0-1"
# Of pages and calls: what the store does for them is tried on both kinds elsewhere.
ONE_STORE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def connected(merchant: Merchant, woo: Woo) -> Merchant:
    """A merchant whose shop is connected."""
    merchant.pastes(woo.address, woo.key, woo.secret)
    merchant.works()
    return merchant


@pytest.fixture
def command(merchant: Merchant) -> Callable[..., Result]:
    """Runs a command on the test's own settings, with shops on this machine allowed."""
    environ = {**environ_of(merchant.settings), "SHELFWISE_ALLOW_LOOPBACK": "1"}
    environ["SHELFWISE_PUBLIC_URL"] = merchant.settings.public_url
    return lambda *arguments, **more: CliRunner().invoke(main, arguments, env=environ, **more)


def says(merchant: Merchant, woo: Woo, what: str, body: object = None, *, at: int | None = None, **more: str) -> Any:
    """The plugin asks, or says something."""
    assert woo.state.link
    path = f"/woocommerce/shops/{more.get('key', KEY)}/{what}"
    text = "" if body is None else json.dumps(body)
    headers = signed(more.get("secret", woo.state.link["secret"]), more.get("path", path), text, at)
    method = "GET" if what == "state" else "POST"
    return merchant.app.test_client().open(path, method=method, data=more.get("text", text), headers=headers)


def secret_of(merchant: Merchant) -> str:
    (row,) = merchant.rows(sa.select(CONNECTION.c.webhook_secret))
    return merchant.vault.open(row.webhook_secret)


@ONE_STORE
def test_the_plugin_is_linked_with_the_secret_that_webhooks_are_signed_with(connected: Merchant, woo: Woo) -> None:
    assert woo.state.link
    assert (woo.state.link["shop"], woo.state.link["secret"]) == (KEY, secret_of(connected))
    assert woo.state.link["api"] == connected.settings.public_url


def test_the_plugin_is_told_how_the_shop_stands(connected: Merchant, woo: Woo) -> None:
    answer = says(connected, woo, "state")
    told = answer.json
    assert answer.status_code == 200
    assert told["connected"] is True
    assert told["trouble"] == []
    assert (told["webhooks"]["active"], told["webhooks"]["of"]) == (11, 11)
    assert [set(step) >= {"name", "done", "read", "expected", "sentence"} for step in told["steps"]] == [True] * 3
    assert told["trained_at"] is None


@ONE_STORE
def test_what_is_not_signed_by_this_shop_just_now_is_refused(connected: Merchant, woo: Woo) -> None:
    now = int(time.time())
    wrong: list[dict[str, Any]] = [
        {"secret": "another"},
        {"path": "/woocommerce/shops/another/state"},
        {"key": "another"},
        {"text": "x"},
        {"at": now - 302},
        {"at": now + 302},
    ]
    assert [says(connected, woo, "state", **each).status_code for each in wrong] == [401] * len(wrong)


@ONE_STORE
def test_a_time_that_is_none_is_refused(connected: Merchant) -> None:
    for told in ("", "abc", "-5", "9" * 12, "9" * 400, "\u0967".encode().decode("latin-1")):
        headers = {"X-Shelfwise-Time": told, "X-Shelfwise-Signature": "x"}
        assert connected.client.get(f"/woocommerce/shops/{KEY}/state", headers=headers).status_code == 401


@ONE_STORE
def test_disconnecting_takes_webhooks_link_and_keys_away(connected: Merchant, woo: Woo) -> None:
    others = woo.state.add_webhook("order.created", "https://others.example/hook", "s")
    leave(connected, woo)
    assert list(woo.state.webhooks.values()) == [others]
    assert woo.state.link is None
    assert connected.rows(sa.select(TOKEN)) == []
    assert connected.rows(sa.select(SHOP.c.uninstalled_at))[0].uninstalled_at is not None


@ONE_STORE
def test_a_repeated_word_of_leaving_does_not_end_the_connection_made_since(connected: Merchant, woo: Woo) -> None:
    link = dict(woo.state.link or {})
    said_at = leave(connected, woo)
    connected.pastes(woo.address, woo.key, woo.secret)
    connected.works()
    again = says(connected, woo, "disconnect", {}, at=said_at, secret=link["secret"])
    assert again.json == {"connected": True}
    assert says(connected, woo, "state").json["connected"] is True


@ONE_STORE
def test_a_shop_whose_clock_is_behind_can_leave_as_soon_as_it_is_connected(connected: Merchant, woo: Woo) -> None:
    behind = int(connected.now.timestamp()) - 200
    assert says(connected, woo, "disconnect", {}, at=behind).json == {"connected": False}
    connected.works()
    set_up.set_up(connected.database, connected.vault, connected.settings, 1)
    assert connected.rows(sa.select(TOKEN)) == []


def test_a_shop_that_comes_back_has_its_key_again_and_a_new_secret(connected: Merchant, woo: Woo) -> None:
    old = secret_of(connected)
    leave(connected, woo)
    assert connected.rows(sa.select(TOKEN)) == []
    connected.pastes(woo.address, woo.key, woo.secret)
    connected.works()
    assert [row.key for row in connected.rows(sa.select(SHOP.c.key))] == [KEY]
    assert secret_of(connected) != old
    assert woo.state.link
    assert woo.state.link["secret"] == secret_of(connected)
    assert {each.secret for each in woo.state.webhooks.values()} == {secret_of(connected)}
    assert says(connected, woo, "state").json["connected"] is True


@ONE_STORE
def test_a_shop_that_can_not_be_reached_leaves_all_the_same(connected: Merchant, woo: Woo) -> None:
    woo.state.troubles.firewall = True
    leave(connected, woo)
    assert len(connected.rows(sa.select(TOKEN))) == 1
    for _ in range(2):
        set_up.set_up(connected.database, connected.vault, connected.settings, 1)
    assert connected.rows(sa.select(TOKEN)) == []


def test_the_data_of_a_shop_that_left_are_erased_after_a_month(connected: Merchant, woo: Woo) -> None:
    leave(connected, woo)
    now = datetime.now(UTC)
    early, late = now + KEPT - timedelta(hours=1), now + KEPT + timedelta(hours=1)
    assert set_up.due(connected.database, connected.settings, early) == []
    assert set_up.due(connected.database, connected.settings, late) == [1]
    set_up.set_up(connected.database, connected.vault, connected.settings, 1, clock=lambda: late)
    assert duties.due(connected.database, connected.settings, late) == [1]
    assert duties.serve(connected.database, connected.vault, connected.settings, 1, late) == 1
    assert connected.rows(sa.select(SHOP)) == []


def test_a_shop_that_moves_is_called_at_its_new_address(connected: Merchant, woo: Woo) -> None:
    moved_shop = fill(PlayedShop(), Size(seed=4, products=5, customers=5))
    with running(moved_shop) as other:
        moved_shop.keyring.keys[woo.key] = woo.own
        assert says(connected, woo, "moved", {"home": other.shop.address}).status_code == 200
        connected.works()
        (row,) = connected.rows(sa.select(CONNECTION.c.external_id))
        assert row.external_id == other.shop.address
        assert len(moved_shop.webhooks) == 11
        assert moved_shop.link


@ONE_STORE
def test_a_shop_whose_keys_do_not_do_elsewhere_stays_where_it_is(connected: Merchant, woo: Woo) -> None:
    with running(fill(PlayedShop(), Size(seed=4, products=5, customers=5))) as other:
        says(connected, woo, "moved", {"home": other.shop.address})
        with pytest.raises(AccessLost, match="keys"):
            connected.works()
        (row,) = connected.rows(sa.select(CONNECTION.c.external_id))
        assert row.external_id == woo.address


@ONE_STORE
def test_a_new_home_that_is_no_address_is_refused(connected: Merchant, woo: Woo) -> None:
    bodies: list[object] = [{"home": "ftp://x"}, {"home": 5}, [], {}]
    for body in bodies:
        assert says(connected, woo, "moved", body).status_code == 400


@ONE_STORE
def test_without_the_plugin_a_shop_is_connected_too_and_the_page_says_what_is_left(
    merchant: Merchant, woo: Woo
) -> None:
    woo.state.plugin = False
    page = merchant.pastes(woo.address, woo.key, woo.secret)
    merchant.works()
    assert "One thing is left: the plugin" in merchant.client.get(page.request.path).text
    woo.state.plugin = True
    set_up.set_up(merchant.database, merchant.vault, merchant.settings, 1)
    assert woo.state.link


@ONE_STORE
def test_keys_that_were_revoked_are_told_of_everywhere(connected: Merchant, woo: Woo) -> None:
    woo.state.keyring.keys.clear()
    with pytest.raises(AccessLost, match="keys"):
        set_up.set_up(connected.database, connected.vault, connected.settings, 1)
    told = says(connected, woo, "state").json
    assert told["connected"] is False
    assert "connect it again" in told["trouble"][0]


@ONE_STORE
def test_the_command_connects_checks_and_disconnects(command: Callable[..., Result], woo: Woo) -> None:
    asked = ("woocommerce", "connect", woo.address, "--key", woo.key, "--secret-stdin")
    made = command(*asked, input=f"{woo.secret}\n")
    assert made.exit_code == 0, made.output
    assert f"{KEY}: connected, at {woo.address}" in made.output
    checked = command("woocommerce", "check", "--shop", KEY)
    assert checked.exit_code == 0, checked.output
    assert "11 of 11 active" in checked.output
    assert woo.secret not in made.output + checked.output
    left = command("woocommerce", "disconnect", "--shop", woo.address)
    assert left.output == f"{KEY}: disconnected\n"
    assert woo.state.webhooks == {}


@ONE_STORE
def test_the_command_says_what_is_wrong(command: Callable[..., Result], woo: Woo) -> None:
    wrong = command(
        "woocommerce", "connect", woo.address, "--key", "ck_wrongwrong", "--secret-stdin", input="cs_wrongwrong"
    )
    assert wrong.exit_code == 1
    assert "does not take the keys" in wrong.output
    assert command("woocommerce", "check", "--shop", "nobody").exit_code == 1
    assert command("woocommerce", "connect", woo.address, "--key", woo.key).exit_code == 2


def leave(merchant: Merchant, woo: Woo) -> int:
    """The merchant disconnects in the shop's admin. Returns when they said so."""
    merchant.now = datetime.now(UTC) + timedelta(seconds=2)
    said_at = int(merchant.now.timestamp())
    assert says(merchant, woo, "disconnect", {}, at=said_at).json == {"connected": False}
    set_up.set_up(merchant.database, merchant.vault, merchant.settings, 1)
    return said_at
