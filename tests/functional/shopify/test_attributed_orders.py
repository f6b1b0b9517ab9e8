"""The whole round of a purchase from a list: from the cart's hidden property through webhooks to what is counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from connectors.records import Current, Product, Variant
from demo.shopify.trade import Wanted, cancel_order, place_order, refund_order
from integration.services.attribution import PROPERTY, Attributed, attributed
from integration.services.drain import drain
from integration.services.shopify.list_making import list_id
from integration.settings import Settings
from integration.storage.database import Database
from integration.web.services import KEY, Services
from tests.making import START, write
from tests.signing import shopify_shop

if TYPE_CHECKING:
    from tests.functional.shopify.conftest import Play

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_an_order_from_a_list_is_credited_as_its_webhooks_tell_of_it(
    play: Play, database: Database, settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    app = make_app(play.settings(settings))
    play.install()
    play.connect(app)
    shop_id = shopify_shop(database, settings, play.shop)
    first = play.variant()
    second = next(each for place in range(1, 20) if (each := play.variant(place)).product_id != first.product_id)
    for each in (first, second):
        thing = Product(str(each.product_id), "Thing", variants=(Variant(str(each.id)),))
        write(database, shop_id, [Current(thing, START)])
    asked = {"shop": play.shop.partition(".")[0], "placement": "product", "product": str(second.product_id)}
    slate = app.test_client().get("/v1/slates", query_string=asked).get_json()
    assert [item["product"] for item in slate["items"]] == [str(first.product_id)]
    services: Services = app.extensions[KEY]
    services.slate_log.flush()

    def counted() -> Attributed:
        play.wait_for_webhooks()
        now = datetime.now(UTC)
        while drain(database, shop_id, now=now):
            pass
        return attributed(database, shop_id, now - timedelta(days=1), now + timedelta(days=1))

    order = place_order(play.state, [Wanted(first.id, 2, {PROPERTY: f"{slate['slate']}:1"}), Wanted(second.id)])
    found = counted()
    assert (found.orders, found.lines, found.pieces) == (1, 1, 2)
    assert list(found.revenue) == [play.state.currency]
    refund_order(play.state, order.id, {order.lines[0].id: 1})
    found = counted()
    assert (found.orders, found.pieces) == (1, 1)
    cancel_order(play.state, order.id)
    assert counted() == Attributed()
    mark = list_id("product", "related", str(second.product_id))
    place_order(play.state, [Wanted(first.id, 1, {PROPERTY: f"{mark}:1"}), Wanted(second.id, 1, {PROPERTY: "mine"})])
    assert counted().lines == 1
