"""What sells now in a shop, put where blocks find it that know neither a product nor a shopper."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row

from connectors.shopify import shop_list
from connectors.shopify.graphql.client import Admin
from integration.services.market_shelf import View
from integration.services.shopify.list_making import is_number
from integration.storage import published_list_writes as store
from integration.storage.best_sellers import best_sellers
from integration.storage.database import Database
from recommender.serving.availability import Availability
from recommender.serving.slates import Context, build_slate

# Twice what a block shows at most: what sells out is gone at once, and the list is made anew an hour later.
COUNT = 24
# What a block shows as it comes; most of it has to sell, or the list is called new.
SHOWN = 8
# While no model is there to weigh orders by their age.
LATELY = timedelta(days=28)


class ShopList(NamedTuple):
    """products: the platform's numbers, best first. selling: whether what is shown of it sells, or is just new."""

    products: tuple[str, ...]
    selling: bool


def shop_list_of(view: View, bought: tuple[int, ...] = ()) -> ShopList:
    """The home page's slate for somebody of whom nothing is known.

    bought: product ids, what is bought most often first; they come first where no model says what sells.
    """
    availability = view.shelf.availability
    first = [row for row in view.aligned.rows_of(bought) if availability[row] >= Availability.LOW]
    sells = dict.fromkeys(first, True)
    for item in build_slate(view.aligned, Context("home", (), (), (), COUNT)).items:
        sells.setdefault(item.row, item.reason.kind == "trending")
    rows = [row for row in sells if is_number(view.external_ids[row])][:COUNT]
    shown = [sells[row] for row in rows[:SHOWN]]
    return ShopList(tuple(view.external_ids[row] for row in rows), sum(shown) * 2 > len(shown))


def make(database: Database, shop_id: int, view: View, now: datetime) -> ShopList:
    """The list as it should be: by the model, or by the orders of the last weeks until there is one."""
    if view.model_version is not None:
        return shop_list_of(view)
    with database.read() as connection:
        return shop_list_of(view, tuple(best_sellers(connection, shop_id, now - LATELY, len(view.product_ids))))


def put(database: Database, admin: Admin, known: Row[Any], wanted: ShopList) -> bool:
    """Bring the shop's list up to date; only what differs is written. False where the platform refused it.

    known: what stands in the shop.
    """
    stands = known.trending or {}
    told = {"products": list(wanted.products), "selling": wanted.selling}
    if {name: stands.get(name) for name in told} == told or not (wanted.products or stands):
        return True
    noted: dict[str, Any] | None = None
    if wanted.products:
        digest = shop_list.set_list(
            admin, known.installation, wanted.products, selling=wanted.selling, digest=stands.get("digest", "")
        )
        if digest is None:
            return False
        noted = {**told, "digest": digest}
    else:
        shop_list.delete_list(admin, known.installation)
    with database.write() as connection:
        store.note(connection, known.shop_id, trending=noted)
    return True


def take_away(database: Database, admin: Admin, known: Row[Any]) -> None:
    """Take the list out of the shop."""
    if known.trending:
        shop_list.delete_list(admin, known.installation)
        with database.write() as connection:
            store.note(connection, known.shop_id, trending=None)
