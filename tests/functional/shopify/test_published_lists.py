"""Lists in the shop's own metafields: what slates would show, written once, safely, and taken away again."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from redis import Redis

from connectors.errors import AccessLost, PlatformError
from connectors.records import Current, InventoryLevel, InventoryPolicy, Money, Product, ProductStatus, Variant
from connectors.shopify.graphql.client import Admin
from connectors.shopify.id_tokens import check
from connectors.shopify.metafields import A_CALL
from demo.shopify.state import gid
from integration.jobs.published_lists import publish as job
from integration.services.access import access_to
from integration.services.secrets import Vault
from integration.services.shopify import app_of, install, pixel, published_lists
from integration.services.shopify.list_making import COUNT
from integration.services.shopify.published_lists import Published
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.published_list_writes import LIST, PUBLICATION
from integration.storage.readings import Refetch
from integration.storage.shops import Shop
from integration.storage.upsert import table_of
from tests.making import write

if TYPE_CHECKING:
    from flask import Flask

    from tests.functional.shopify.conftest import Play

# What does not depend on the kind of store.
on_one_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REFETCH = table_of(Refetch)
SHOP = table_of(Shop)


@dataclass
class Here:
    """An installed shop with its catalogue. calls: the operations that were run, with what they were given."""

    play: Play
    database: Database
    settings: Settings
    shop_id: int
    calls: list[tuple[str, Mapping[str, Any]]]

    def publish(self, now: datetime | None = None) -> Published:
        self.calls.clear()
        at = now or datetime.now(UTC)
        access = access_to(self.database, Vault(self.settings.secret_keys), self.settings, self.shop_id)
        return published_lists.publish(self.database, self.settings, access, self.shop_id, clock=lambda: at)

    def due(self, **later: float) -> bool:
        now = datetime.now(UTC) + timedelta(**later)
        return self.shop_id in published_lists.due(self.database, self.settings, now)

    def lists(self, key: str = "related") -> dict[str, list[str]]:
        """What the shop's pages show, by product."""
        found = {}
        for number in self.play.state.products:
            metafield = self.play.state.metafield(gid("Product", number), "$app:shelfwise", key)
            if metafield is not None:
                found[str(number)] = [each.rpartition("/")[2] for each in json.loads(metafield.value)]
        return found

    def mark(self, key: str) -> str | None:
        found = [
            each for each in self.play.state.metafields.values() if (each.namespace, each.key) == ("shelfwise", key)
        ]
        return found[0].value if found else None

    def counts(self) -> Counter[str]:
        return Counter(name for name, _ in self.calls)


@pytest.fixture
def here(play: Play, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Here:
    mine = play.settings(settings)
    play.install()
    app = app_of(mine)
    assert app is not None
    opened = install.open_app(
        database, Vault(mine.secret_keys), app, check(play.id_token(), app), now=datetime.now(UTC)
    )
    write(database, opened.shop_id, catalogue(play))
    calls: list[tuple[str, Mapping[str, Any]]] = []
    run = Admin.run

    def spied(self: Admin, operation: str, variables: Mapping[str, Any], answer: Any) -> Any:
        calls.append((operation, variables))
        return run(self, operation, variables, answer)

    monkeypatch.setattr(Admin, "run", spied)
    return Here(play, database, mine, opened.shop_id, calls)


def catalogue(play: Play) -> Sequence[Current]:
    """The played shop's catalogue as it is read."""
    state = play.state
    changes: list[Current] = []
    for product in state.products.values():
        variants = tuple(
            Variant(
                str(each.id),
                price=Money(each.price, state.currency),
                tracked=each.tracked,
                policy=InventoryPolicy(each.policy.lower()),
                inventory_item=str(each.item_id),
            )
            for each in product.variants
        )
        status = ProductStatus.UNLISTED if product.gift_card else ProductStatus(product.status.lower())
        published = state.online_store in product.published
        made = Product(str(product.id), product.title, product.handle, product_type=product.product_type, status=status)
        made = replace(made, published=published, published_at=product.created_at, variants=variants)
        changes.append(Current(made, product.updated_at))
        for variant in product.variants:
            for place, level in variant.levels.items():
                sells = state.locations[place].fulfills_online
                changes.append(
                    Current(InventoryLevel(str(variant.item_id), str(place), level.available, sells), level.updated_at)
                )
    return changes


def offered(play: Play) -> set[str]:
    return {
        str(each.id)
        for each in play.state.products.values()
        if each.status == "ACTIVE" and not each.gift_card and play.state.online_store in each.published
    }


@on_one_store
def test_lists_hold_what_slates_would_show(here: Here, make_app: Callable[[Settings], Flask]) -> None:
    here.publish()
    client = make_app(here.settings).test_client()
    key = here.play.shop.partition(".")[0]
    asked = {"related": ("product", "product"), "complementary": ("cart", "cart")}
    for name, (placement, parameter) in asked.items():
        lists = here.lists(name)
        assert set(lists) == offered(here.play)
        for product, listed in lists.items():
            query = {"shop": key, "placement": placement, parameter: product, "count": COUNT}
            slate = client.get("/v1/slates", query_string=query).get_json()
            assert listed == [item["product"] for item in slate["items"]]
            assert listed
            assert product not in listed


@on_one_store
def test_shoppers_may_read_the_lists_and_blocks_are_told_that_they_are_there(here: Here) -> None:
    assert here.mark("ready") is None
    here.publish()
    assert {each.storefront for each in here.play.state.definitions.values()} == {"PUBLIC_READ"}
    assert (here.mark("ready"), here.mark("proxy")) == ("true", "apps/shelfwise")


def test_the_proxys_path_is_that_of_the_apps_file(project: Any) -> None:
    written = tomllib.loads((project / "templates" / "shopify" / "shopify.app.toml").read_text())["app_proxy"]
    assert f"{written['prefix']}/{written['subpath']}" == published_lists.PROXY
    assert written["url"].endswith("/shopify/proxy")


def test_each_call_is_full_and_a_second_round_writes_nothing(here: Here) -> None:
    done = here.publish()
    sizes = [len(given["metafields"]) for name, given in here.calls if name == "metafields_set"]
    assert done == Published(written=2 * len(offered(here.play)))
    assert sizes == [2, 2, A_CALL, done.written - A_CALL]
    assert here.publish() == Published()
    assert here.counts() == {"installation": 1}


@on_one_store
def test_only_what_differs_is_written(here: Here) -> None:
    here.publish()
    sold_out = next(
        each
        for each in here.play.state.products.values()
        if all(variant.tracked and variant.policy == "DENY" for variant in each.variants)
        and any(str(each.id) in listed for listed in here.lists().values())
    )
    for variant in sold_out.variants:
        for place in variant.levels:
            here.play.move_stock(variant, 0, place)
    write(
        here.database, here.shop_id, [each for each in catalogue(here.play) if isinstance(each.record, InventoryLevel)]
    )
    before, done, after = all_lists(here), here.publish(), all_lists(here)
    assert done.written == sum(before[name] != after[name] for name in after) > 0
    assert not any(str(sold_out.id) in listed for listed in after.values())


def all_lists(here: Here) -> dict[tuple[str, str], list[str]]:
    return {(key, name): listed for key in ("related", "complementary") for name, listed in here.lists(key).items()}


def test_a_list_that_somebody_changed_meanwhile_is_mended(here: Here) -> None:
    here.publish()
    product, other, wrong = sorted(offered(here.play))[:3]
    wanted = here.lists()
    state = here.play.state
    state.put_metafield(
        gid("Product", product), "$app:shelfwise", "related", "list.product_reference", f'["{gid("Product", wrong)}"]'
    )
    state.drop_metafield(gid("Product", other), "$app:shelfwise", "related")
    with here.database.write() as connection:
        connection.execute(sa.update(LIST).values(products=[]))
    assert here.publish().written == 2 * len(wanted)
    assert here.counts()["published_lists"] > 0
    assert here.lists() == wanted
    assert here.publish() == Published()


@on_one_store
def test_a_crash_between_the_call_and_our_note_of_it_costs_a_look(here: Here) -> None:
    here.publish()
    wanted = here.lists()
    with here.database.write() as connection:
        connection.execute(sa.delete(LIST))
    state = {key: each.updated_at for key, each in here.play.state.metafields.items()}
    assert here.publish().written == 2 * len(wanted)
    assert {key: each.updated_at for key, each in here.play.state.metafields.items()} == state
    assert here.publish() == Published()


@on_one_store
def test_a_round_that_breaks_off_goes_on_where_it_stopped(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    spied = Admin.run
    done: list[int] = []

    def breaking(self: Admin, operation: str, variables: Mapping[str, Any], answer: Any) -> Any:
        if operation == "metafields_set" and len(done) == 3:
            raise PlatformError("shopify", "away", retryable=True)
        found = spied(self, operation, variables, answer)
        done.extend([1] if operation == "metafields_set" else [])
        return found

    monkeypatch.setattr(Admin, "run", breaking)
    with pytest.raises(PlatformError):
        here.publish()
    monkeypatch.setattr(Admin, "run", spied)
    with here.database.read() as connection:
        assert published_lists.progress(connection, here.shop_id) == (A_CALL, 2 * len(offered(here.play)))
    assert not here.due()
    assert here.due(minutes=2)
    assert here.publish().written == 2 * len(offered(here.play)) - A_CALL
    assert here.mark("ready") == "true"


@on_one_store
def test_a_product_that_is_gone_there_holds_up_no_other(here: Here) -> None:
    gone = min(offered(here.play))
    here.play.state.products.pop(int(gone))
    done = here.publish()
    assert done.refused > 0
    assert gone not in here.lists()
    with here.database.read() as connection:
        asked = set(connection.scalars(sa.select(REFETCH.c.external_id)))
        known = connection.execute(sa.select(sa.func.count()).select_from(LIST)).scalar_one()
    assert gone in asked
    assert known == done.written


@on_one_store
def test_the_shops_rate_is_kept(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    here.play.set_costs(size=25, rate=10)
    waited: list[float] = []
    vault = Vault(here.settings.secret_keys)
    access = access_to(here.database, vault, here.settings, here.shop_id)

    def wait(seconds: float) -> None:
        waited.append(seconds)
        here.play.set_costs(size=25, rate=10)

    throttled = []
    monkeypatch.setattr("connectors.shopify.graphql.client.Admin._throttled", lambda *_: throttled.append(1))
    done = published_lists.publish(
        here.database, here.settings, replace(access, wait=wait), here.shop_id, clock=lambda: datetime.now(UTC)
    )
    assert done.written == 2 * len(offered(here.play))
    assert (bool(waited), throttled) == (True, [])


def test_what_the_merchant_switches_off_is_taken_away_and_comes_back(here: Here) -> None:
    here.publish()
    wanted = here.lists()
    published_lists.switch(here.database, here.shop_id, on=False)
    assert here.due()
    assert here.publish().removed == 2 * len(wanted)
    assert (here.lists(), here.lists("complementary"), here.mark("ready")) == ({}, {}, "false")
    assert not here.due(days=2)
    published_lists.switch(here.database, here.shop_id, on=True)
    assert here.due()
    here.publish()
    assert (here.lists(), here.mark("ready")) == (wanted, "true")


@on_one_store
def test_after_another_installation_everything_is_put_there_again(here: Here) -> None:
    here.publish()
    wanted = here.lists()
    here.play.uninstall()
    here.play.install()
    app = app_of(here.settings)
    assert app is not None
    with here.database.write() as connection:
        connection.execute(sa.update(SHOP).values(uninstalled_at=datetime.now(UTC)))
    install.open_app(
        here.database, Vault(here.settings.secret_keys), app, check(here.play.id_token(), app), now=datetime.now(UTC)
    )
    assert here.lists() == {}
    assert here.due()
    here.publish()
    assert here.lists() == wanted
    assert not here.due()


def test_a_shop_is_due_when_there_is_something_new(here: Here) -> None:
    assert here.due()
    here.publish()
    assert not here.due()
    with here.database.write() as connection:
        connection.execute(sa.update(SHOP).values(shelf_version=SHOP.c.shelf_version + 1))
    assert (here.due(minutes=59), here.due(minutes=61)) == (False, True)
    with here.database.write() as connection:
        connection.execute(sa.update(SHOP).values(serving_version="newer"))
    assert here.due()


@on_one_store
def test_a_shop_without_a_catalogue_or_without_access_is_not_due(here: Here) -> None:
    with here.database.write() as connection:
        connection.execute(sa.update(SHOP).values(shelf_version=0))
    assert not here.due()
    here.play.uninstall()
    with pytest.raises(AccessLost):
        here.publish()
    with here.database.write() as connection:
        connection.execute(sa.update(SHOP).values(shelf_version=5))
    assert not here.due(days=1)


@on_one_store
def test_the_last_of_a_list_takes_the_list_away(here: Here) -> None:
    here.publish()
    keep = min(offered(here.play))
    products = [each.record for each in catalogue(here.play) if isinstance(each.record, Product)]
    gone = [replace(each, status=ProductStatus.DRAFT) for each in products if each.external_id != keep]
    write(here.database, here.shop_id, [Current(each, datetime.now(UTC)) for each in gone])
    assert here.publish().removed == 2
    assert keep not in here.lists()
    with here.database.read() as connection:
        assert published_lists.progress(connection, here.shop_id) == (2, 2)


@on_one_store
def test_the_pixel_is_told_once_and_again_when_something_changes(here: Here) -> None:
    admin = Admin(access_to(here.database, Vault(here.settings.secret_keys), here.settings, here.shop_id))
    pixel.place(here.database, here.settings, here.shop_id, admin)
    pixel.place(here.database, here.settings, here.shop_id, admin)
    assert here.counts() == {"web_pixel_create": 2, "web_pixel": 1}
    here.publish()
    assert not here.due()
    here.settings = replace(here.settings, public_url="https://elsewhere.example/")
    assert here.due()
    here.publish()
    assert here.counts()["web_pixel_update"] == 1
    assert not here.due()
    with here.database.read() as connection:
        told = connection.scalars(sa.select(PUBLICATION.c.pixel)).one()
    assert told == {"accountID": here.play.shop.partition(".")[0], "api": "https://elsewhere.example"}


@on_one_store
def test_the_job_does_what_is_due_and_no_more(here: Here, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    for name in ("database_url", "redis_url", "secret_keys", "data_dir"):
        monkeypatch.setenv(f"SHELFWISE_{name.upper()}", str(getattr(here.settings, name)))
    for name in ("client_id", "client_secret", "play_url"):
        monkeypatch.setenv(f"SHELFWISE_SHOPIFY_{name.upper()}", getattr(here.settings, f"shopify_{name}"))
    assert job(here.shop_id) == f"{2 * len(offered(here.play))} written, 0 removed, 0 refused"
    assert job(here.shop_id) == "nothing to do"
    published_lists.switch(here.database, here.shop_id, on=False)
    with Redis.from_url(redis_url) as redis, redis.lock(f"shelfwise:publish:{here.shop_id}:lock", timeout=5):
        assert job(here.shop_id) == "left to another process"
    here.play.platform.tokens.revoke(here.play.state)
    assert job(here.shop_id).startswith("lost: ")
    assert job(here.shop_id) == "nothing to do"
