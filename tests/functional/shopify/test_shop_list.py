"""What sells now in a shop: as the home page's slate has it, put on the app's installation once and first."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

from connectors.records import Current, Money, Order, OrderLine, Product, ProductStatus
from demo.shopify.state import gid
from integration.services.shopify import published_lists, shop_list
from integration.settings import Settings
from integration.storage.published_list_writes import LIST, PUBLICATION
from tests.functional.shopify.test_published_lists import REFETCH, Here, catalogue, here, offered
from tests.making import write

__all__ = ["here"]
on_one_store = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def trending(here: Here) -> list[str]:
    return [each.rpartition("/")[2] for each in json.loads(here.mark("trending") or "[]")]


def ordered(number: int, product: str) -> Current:
    """Somebody bought a product days ago."""
    at = datetime.now(UTC) - timedelta(days=number)
    line = OrderLine(f"{number}0", product, "", 1, Money(Decimal(5), "GBP"))
    return Current(Order(str(number), at, (line,), "GBP"), at)


@on_one_store
def test_what_sells_in_the_shop_is_what_the_home_page_would_show_to_anybody(
    here: Here, make_app: Callable[[Settings], Flask]
) -> None:
    here.publish()
    query = {"shop": here.play.shop.partition(".")[0], "placement": "home", "count": shop_list.COUNT}
    slate = make_app(here.settings).test_client().get("/v1/slates", query_string=query).get_json()
    assert trending(here) == [item["product"] for item in slate["items"]]
    assert len(trending(here)) > 12
    assert here.mark("selling") == "false", "nobody bought anything yet"


@on_one_store
def test_until_a_model_is_there_what_was_ordered_lately_comes_first(here: Here) -> None:
    state = here.play.state
    products = [
        each for each in sorted(offered(here.play), reverse=True) if state.product_available(state.products[int(each)])
    ]
    sells = [products[place % 6] for place in range(11)]
    write(here.database, here.shop_id, [ordered(number, each) for number, each in enumerate(sells)])
    here.publish()
    assert trending(here)[:6] == [*sorted(products[:5]), products[5]]
    assert here.mark("selling") == "true"
    assert set(trending(here)) > set(products[:6])


@on_one_store
def test_what_sells_is_written_first_and_once(here: Here) -> None:
    here.publish()
    first = next(given["metafields"] for name, given in here.calls if name == "metafields_set")
    assert [(each["key"], each["type"]) for each in first] == [
        ("trending", "list.product_reference"),
        ("selling", "boolean"),
    ]
    gone = trending(here)[0]
    products = [each.record for each in catalogue(here.play) if isinstance(each.record, Product)]
    [draft] = [replace(each, status=ProductStatus.DRAFT) for each in products if each.external_id == gone]
    write(here.database, here.shop_id, [Current(draft, datetime.now(UTC))])
    here.publish()
    assert gone not in trending(here)
    here.publish()
    assert here.counts() == {"installation": 1}


@on_one_store
def test_what_sells_is_set_over_whatever_stands_there_and_leaves_with_the_lists(here: Here) -> None:
    here.publish()
    wanted, installed = trending(here), here.play.state.installation
    assert installed
    owner = gid("AppInstallation", installed.id)
    here.play.state.put_metafield(owner, "shelfwise", "trending", "list.product_reference", "[]")
    with here.database.write() as connection:
        connection.execute(sa.update(PUBLICATION).values(trending={"products": [], "digest": "of another state"}))
    here.publish()
    assert here.counts()["trending_list"] == 1
    assert trending(here) == wanted
    published_lists.switch(here.database, here.shop_id, on=False)
    here.publish()
    assert (here.mark("trending"), here.mark("selling"), here.mark("ready")) == (None, None, "false")


@on_one_store
def test_a_shop_that_refuses_what_sells_has_the_other_lists(here: Here) -> None:
    here.publish()
    gone = trending(here)[0]
    here.play.state.products.pop(int(gone))
    with here.database.write() as connection:
        connection.execute(sa.update(PUBLICATION).values(trending=None))
        connection.execute(sa.delete(LIST))
    done = here.publish()
    assert done.refused > 0
    assert here.lists()
    with here.database.read() as connection:
        assert gone in set(connection.scalars(sa.select(REFETCH.c.external_id)))
