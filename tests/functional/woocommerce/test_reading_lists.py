"""A WooCommerce shop is read whole, in few calls, without anybody's name, and also where its WooCommerce is older."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec
import pytest

from connectors.base import Access
from connectors.records import (
    Change,
    Current,
    Customer,
    Order,
    Product,
    RecordKind,
    Refetch,
    Refund,
    Removed,
    VariantOf,
)
from connectors.woocommerce import client, lists
from connectors.woocommerce.client import ATTEMPTS, Reply, Shop
from connectors.woocommerce.failures import Failure, ShopError
from connectors.woocommerce.reader import KINDS, Position, ShopReader
from integration.clock import system_clock
from integration.services import readings
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.reading_writes import READING
from tests.functional.woocommerce.conftest import Woo
from tests.signing import shopify_shop

Kind = type[Product] | type[VariantOf] | type[Order] | type[Refund] | type[Customer]
# The merchant's own account, who is no customer.
OWNER = 1
on_one_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def reader_of(woo: Woo) -> ShopReader:
    token = f"{woo.key}:{woo.secret}"
    return ShopReader(Access(woo.address, woo.address, lambda: token, lambda _seconds: None, allow_loopback=True))


def told(reader: ShopReader, kind: str, position: str = "") -> list[Change]:
    return [change for page in reader.read(kind, position=position, since=None) for change in page.changes]


def ids(changes: Iterable[Change], kind: Kind) -> list[str]:
    records = [each.record for each in changes if isinstance(each, Current)]
    return sorted(each.external_id for each in records if isinstance(each, kind))


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> None:
    """WooCommerce 8: without the lists of all variations and of all refunds."""
    asked = Shop.get

    def get(self: Shop, path: str, parameters: Mapping[str, str] = {}, *, attempts: int = ATTEMPTS) -> Reply:
        if path in {*lists.ALL_VARIATIONS, lists.REFUNDS}:
            raise ShopError(Failure.NO_ROUTE, "no such part", status=404, code="rest_no_route")
        return asked(self, path, parameters, attempts=attempts)

    monkeypatch.setattr(client.Shop, "get", get)


def test_everything_is_told_once_and_in_few_calls(woo: Woo) -> None:
    reader, shop = reader_of(woo), woo.state
    changes = {kind: told(reader, kind) for kind in KINDS}
    things = shop.products.values()
    assert ids(changes["products"], Product) == sorted(str(each.id) for each in things if not each.parent_id)
    assert ids(changes["variations"], VariantOf) == sorted(str(each.id) for each in things if each.parent_id)
    assert ids(changes["orders"], Order) == sorted(str(each.id) for each in shop.orders.values())
    refunds = [str(refund.id) for each in shop.orders.values() for refund in each.refunds]
    assert refunds
    assert ids(changes["orders"], Refund) == sorted(refunds)
    assert ids(changes["customers"], Customer) == sorted(str(each) for each in shop.customers if each != OWNER)
    assert reader.requests <= 8


@pytest.mark.usefixtures("older")
def test_an_older_woocommerce_tells_the_same_in_more_calls(woo: Woo) -> None:
    reader = reader_of(woo)
    changes = {kind: told(reader, kind) for kind in KINDS}
    things = woo.state.products.values()
    assert ids(changes["variations"], VariantOf) == sorted(str(each.id) for each in things if each.parent_id)
    refunds = [str(refund.id) for each in woo.state.orders.values() for refund in each.refunds]
    assert ids(changes["orders"], Refund) == sorted(refunds)
    parent = next(each for each in things if each.type == "variable")
    fetched = list(reader.fetch([Refetch(RecordKind.PRODUCT, str(parent.id))]))
    product = next(each.record for each in fetched if isinstance(each, Current) and isinstance(each.record, Product))
    assert sorted(each.external_id for each in product.variants) == sorted(
        str(each.id) for each in things if each.parent_id == parent.id
    )


@pytest.mark.parametrize("kind", ["orders", "variations"])
@pytest.mark.parametrize("way", ["newer", "older"])
def test_a_reading_that_was_cut_off_anywhere_tells_the_rest(
    woo: Woo, request: pytest.FixtureRequest, kind: str, way: str
) -> None:
    if way == "older":
        request.getfixturevalue("older")
    whole = told(reader_of(woo), kind)
    pages = list(reader_of(woo).read(kind, position="", since=None))
    for cut in range(len(pages)):
        before = [change for page in pages[: cut + 1] for change in page.changes]
        behind = told(reader_of(woo), kind, pages[cut].position)
        for record in (Order, Refund, VariantOf):
            assert set(ids([*before, *behind], record)) == set(ids(whole, record))


def test_refunds_that_are_still_to_be_asked_outlive_a_crash(woo: Woo) -> None:
    pages = list(reader_of(woo).read("orders", position="", since=None))
    owing = next(page for page in pages if Position.parse(page.position).owed)
    assert ids(told(reader_of(woo), "orders", owing.position), Refund)


def test_nobodys_name_is_asked_for(woo: Woo) -> None:
    token = f"{woo.key}:{woo.secret}"
    access = Access(woo.address, woo.address, lambda: token, lambda _seconds: None, allow_loopback=True)
    shop = Shop(access)
    for path, parameters in ((lists.ORDERS, lists.ORDER), (lists.CUSTOMERS, lists.CUSTOMER)):
        body = shop.get(path, parameters).body
        assert b"country" in body
        for private in (b"email", b"first_name", b"last_name", b"address_1", b"phone", b"ip_address", b"user_agent"):
            assert private not in body


def test_single_things_are_asked_for_together_and_what_is_gone_is_told(woo: Woo) -> None:
    shop, reader = woo.state, reader_of(woo)
    gone, kept, form = woo.product(), woo.product(1), woo.product(kind="variation")
    order = next(iter(shop.orders.values()))
    shop.delete(gone.id)
    wanted = [
        Refetch(RecordKind.PRODUCT, str(gone.id)),
        Refetch(RecordKind.PRODUCT, str(kept.id)),
        Refetch(RecordKind.VARIANT, str(form.id)),
        Refetch(RecordKind.VARIANT, "987654"),
        Refetch(RecordKind.ORDER, str(order.id)),
        Refetch(RecordKind.ORDER, "987655"),
    ]
    changes = list(reader.fetch(wanted))
    assert ids(changes, Product) == [str(kept.id)]
    assert str(form.id) in ids(changes, VariantOf)
    assert ids(changes, Order) == [str(order.id)]
    assert {(each.kind, each.external_id) for each in changes if isinstance(each, Removed)} == {
        (RecordKind.PRODUCT, str(gone.id)),
        (RecordKind.VARIANT, "987654"),
        (RecordKind.ORDER, "987655"),
    }
    assert reader.requests <= 6


def test_things_that_the_keys_may_not_see_are_not_taken_for_gone(woo: Woo, monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(self: Shop, path: str, parameters: Mapping[str, str] = {}, *, attempts: int = ATTEMPTS) -> Reply:
        assert attempts
        assert path.startswith("wc/")
        assert parameters
        self.requests += 1
        return Reply(b"[]", system_clock(), 0.0, 1)

    monkeypatch.setattr(client.Shop, "get", hidden)
    with pytest.raises(ShopError, match="does not show them"):
        reader_of(woo).fetch([Refetch(RecordKind.PRODUCT, str(woo.product().id))])


@pytest.mark.parametrize("position", ["", "{}", "nonsense", "[1]", '{"place": {"at": "x"}}', '{"owed": [[1]]}'])
def test_a_position_of_another_time_begins_anew(woo: Woo, position: str) -> None:
    pages = list(reader_of(woo).read("products", position=position, since=None))
    assert pages[-1].read == pages[-1].expected


def test_an_answer_of_another_kind_is_a_failure_and_no_empty_shop(woo: Woo, monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(self: Shop, path: str, parameters: Mapping[str, str] = {}, *, attempts: int = ATTEMPTS) -> Reply:
        assert (path, attempts) != ("", 0)
        assert parameters
        self.requests += 1
        return Reply(msgspec.json.encode({"code": "rest_odd"}), system_clock(), 0.0, None)

    monkeypatch.setattr(client.Shop, "get", odd)
    with pytest.raises(ShopError) as caught:
        told(reader_of(woo), "products")
    assert caught.value.failure is Failure.UNREADABLE


@on_one_store
def test_the_shelf_is_read_whole_every_day_and_the_rest_every_week(database: Database, settings: Settings) -> None:
    shop_id, start = shopify_shop(database, settings), system_clock()

    def begun(hours: float) -> dict[str, bool]:
        """The kinds of which a reading begins then; whether it is of everything."""
        now = start + timedelta(hours=hours)
        with database.write() as connection:
            connection.execute(READING.update().values(finished_at=now))
        readings.plan(database, shop_id, "woocommerce", KINDS, now=now)
        with database.read() as connection:
            rows = connection.execute(READING.select().where(READING.c.started_at == now))
            return {row.kind: row.since is None for row in rows}

    assert begun(0) == dict.fromkeys(KINDS, True)
    assert begun(0.5) == {}
    assert begun(2) == dict.fromkeys(KINDS, False)
    assert begun(25) == {**dict.fromkeys(KINDS, False), "products": True, "variations": True}
    assert begun(169) == dict.fromkeys(KINDS, True)
