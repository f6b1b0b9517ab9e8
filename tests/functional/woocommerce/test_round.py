"""The whole round on a played WooCommerce: connected by keys, read, learnt from, sold out, repaired, disconnected."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner
from flask import Flask

from benchmarks.web_server import environment
from integration.app import create_app
from integration.cli import main
from integration.clock import system_clock
from integration.services import drain, readings, refetches
from integration.services.secrets import Vault
from integration.services.set_up import set_up
from integration.services.shops import get_shop
from integration.services.status import ShopState, shop_states
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from tests.functional.woocommerce.conftest import Woo

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PORT = 8000
ALL = 48


@dataclass
class Connected:
    """A played shop that is connected with an app of this process, and has been read."""

    woo: Woo
    app: Flask
    database: Database
    settings: Settings
    key: str
    shop_id: int

    @property
    def state(self) -> ShopState:
        return shop_states(self.database, system_clock(), key=self.key)[0]

    def command(self, *words: str, given: str = "") -> str:
        """What `shelfwise ...` says."""
        answer = CliRunner().invoke(main, list(words), env=environment(self.settings, PORT), input=given)
        assert answer.exit_code == 0, answer.output
        return answer.output

    def read(self, *, hours_later: float = 0.0, whole: bool = False) -> None:
        """Read what is due at a time, or all of the shop, and ask for what was left open."""
        vault = Vault(self.settings.secret_keys)
        platform, reader = readings.open_reader(self.database, vault, self.settings, self.shop_id)
        later = system_clock() + timedelta(hours=hours_later)
        if whole:
            with self.database.write() as connection:
                readings.start(connection, self.shop_id, platform, reader.kinds, now=later)
        else:
            readings.plan(self.database, self.shop_id, platform, reader.kinds, now=later)
        while readings.run(self.database, self.shop_id, reader, clock=lambda: later).more:
            pass
        while refetches.fetch(self.database, self.shop_id, reader, clock=lambda: later):
            pass

    def deliver(self) -> Sequence[int]:
        """WP-Cron runs; what came is applied. How each was answered."""
        answered = [each.status for each in self.woo.deliver()]
        while drain.drain(self.database, self.shop_id, now=system_clock()):
            pass
        return answered

    def shown(self, placement: str = "home", **query: str) -> list[str]:
        """Products of a slate that is made now."""
        asked = {"shop": self.key, "placement": placement, "count": str(ALL), **query}
        answer = self.app.test_client().get("/v1/slates", query_string=asked)
        assert answer.status_code == 200, answer.text
        return [str(each["product"]) for each in answer.get_json()["items"]]


@pytest.fixture
def connected(woo: Woo, database: Database, settings: Settings) -> Connected:
    settings = replace(settings, allow_loopback=True, public_url=f"http://127.0.0.1:{PORT}")
    app = create_app(settings)
    woo.connect(app)
    shop = Connected(woo, app, database, settings, "", 0)
    said = shop.command("woocommerce", "connect", woo.address, "--key", woo.key, "--secret-stdin", given=woo.secret)
    shop.key = said.partition(":")[0]
    shop.shop_id = int(get_shop(database, shop.key).id)
    shop.read(whole=True)
    return shop


def test_from_keys_to_a_slate_that_follows_stock_and_out_again(connected: Connected) -> None:
    woo, lamp = connected.woo, connected.woo.product()
    published = {
        str(each.id) for each in woo.state.products.values() if each.status == "publish" and not each.parent_id
    }
    assert connected.state.products >= len(published)
    assert connected.state.orders >= len([each for each in woo.state.orders.values() if each.status == "completed"])
    assert train(connected.database, connected.settings, connected.shop_id, trigger="test") is not None
    assert str(lamp.id) in connected.shown()
    before = connected.state.orders
    woo.sell(lamp, lamp.stock or 0)
    assert str(lamp.id) in connected.shown(), "nobody has told us yet"
    assert set(connected.deliver()) == {200}
    assert connected.state.orders == before + 1
    assert str(lamp.id) not in connected.shown()
    woo.state.set_stock(lamp.id, 3)
    connected.deliver()
    assert str(lamp.id) in connected.shown()
    assert woo.state.webhooks
    connected.command("woocommerce", "disconnect", "--shop", connected.key)
    assert woo.state.webhooks == {}
    assert woo.state.link is None


def test_the_plugins_push_is_enough_to_hide_what_sold_out(connected: Connected) -> None:
    woo, lamp = connected.woo, connected.woo.product()
    for each in woo.state.webhooks.values():
        each.status = "paused"
    woo.sell(lamp, lamp.stock or 0)
    assert [each.topic for each in woo.deliver()] == ["shelfwise.stock"]
    assert str(lamp.id) not in connected.shown()


def test_a_shop_whose_webhooks_are_never_delivered_is_repaired_by_reading(connected: Connected) -> None:
    woo, lamp, other = connected.woo, connected.woo.product(), connected.woo.product(1)
    woo.site.plugin.pushes = False
    woo.site.sender.lost = 1000
    before = connected.state.orders
    woo.sell(lamp, lamp.stock or 0)
    woo.state.trash(other.id)
    assert set(connected.deliver()) == {0}
    assert {str(lamp.id), str(other.id)} <= set(connected.shown())
    connected.read(hours_later=2)
    assert not {str(lamp.id), str(other.id)} & set(connected.shown())
    assert connected.state.orders == before + 1


def test_what_was_deleted_for_good_is_gone_once_everything_is_read(connected: Connected) -> None:
    woo, lamp = connected.woo, connected.woo.product()
    sent = len(woo.sent)
    woo.state.delete(lamp.id)
    connected.deliver()
    assert len(woo.sent) == sent, "WooCommerce tells nobody of it"
    assert str(lamp.id) in connected.shown()
    an_hour_later = system_clock() + timedelta(hours=1)
    woo.state.clock = lambda: an_hour_later
    connected.read(whole=True)
    assert str(lamp.id) not in connected.shown()


def test_what_changed_without_a_time_is_found_put_right_and_told(connected: Connected) -> None:
    woo, lamp, other = connected.woo, connected.woo.product(), connected.woo.product(1)
    # As a plugin does that writes into WordPress' tables by itself: no time changes, no webhook leaves.
    lamp.stock, other.regular_price = 0, Decimal("1234.56")
    woo.state.delete(connected.woo.product(2).id)
    connected.read(hours_later=25)
    assert str(lamp.id) not in connected.shown()
    told = {each["kind"]: each for each in json.loads(connected.command("drift", connected.key, "--json"))[:4]}
    assert told["products"]["whole"]
    assert told["products"]["drift"] == {"product gone": 1, "product stale": 1, "stock stale": 1}
    assert "1 product gone" in connected.command("drift", connected.key)
    connected.read(hours_later=50)
    assert json.loads(connected.command("drift", connected.key, "--last", "4", "--json"))[3]["drift"] == {}


def test_webhooks_that_the_shop_switched_off_are_revived_by_the_daily_look(connected: Connected) -> None:
    woo = connected.woo
    there = sorted(each.topic for each in woo.state.webhooks.values())
    for each in woo.state.webhooks.values():
        each.status = "disabled"
    woo.state.webhooks.pop(min(woo.state.webhooks))
    trouble = set_up(connected.database, Vault(connected.settings.secret_keys), connected.settings, connected.shop_id)
    assert trouble == {}
    assert sorted(each.topic for each in woo.state.webhooks.values()) == there
    assert {each.status for each in woo.state.webhooks.values()} == {"active"}
    begun = {each.kind: each.whole for each in readings.progress(connected.database, connected.shop_id)}
    under_way = [each for each in readings.progress(connected.database, connected.shop_id) if not each.finished]
    assert len(under_way) == len(begun), "what they did not tell is read"
    assert begun == {"products": True, "variations": True, "orders": False, "customers": False}
    lamp = woo.product()
    woo.state.set_stock(lamp.id, 0)
    assert set(connected.deliver()) == {200}
    assert str(lamp.id) not in connected.shown()
