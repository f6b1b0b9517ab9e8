"""What the platform has of a shop's lists, as far as we know: read whole, written call by call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, delete, func, select, tuple_

from connectors.records import ProductStatus
from integration.storage.access import AccessToken
from integration.storage.catalogue import Product
from integration.storage.published_lists import Publication, PublishedList
from integration.storage.readings import Reading
from integration.storage.shops import Connection as ShopConnection
from integration.storage.shops import Shop
from integration.storage.upsert import always, chunks, table_of, upsert

LIST = table_of(PublishedList)
PUBLICATION = table_of(Publication)
PRODUCT = table_of(Product)
SHOP = table_of(Shop)
TOKEN = table_of(AccessToken)
CONNECTION = table_of(ShopConnection)
READING = table_of(Reading)

_LIST_KEY = ("shop_id", "product_id", "list_key")
_NEW = {"wanted": True, "installation": "", "shelf_version": -1, "lists": 0, "attempts": 0, "error": ""}


class Stands(NamedTuple):
    """A list that stands in the shop. products: joined by commas, for there are many lists. digest: "" for no list."""

    products: str
    digest: str


def find(connection: Connection, shop_id: int) -> Row[Any] | None:
    """What of ours stands in a shop; None where nothing ever did."""
    return connection.execute(select(PUBLICATION).where(PUBLICATION.c.shop_id == shop_id)).first()


def note(connection: Connection, shop_id: int, **values: Any) -> None:
    """Note what stands in a shop now."""
    row = {"shop_id": shop_id, **_NEW, **values}
    upsert(connection, PUBLICATION, [row], key=("shop_id",), update=tuple(values), newer=always)


def lists_of(connection: Connection, shop_id: int) -> dict[tuple[int, str], Stands]:
    """Every list of a shop, by product id and key."""
    columns = (LIST.c.product_id, LIST.c.list_key, LIST.c.products, LIST.c.digest)
    rows = connection.execute(select(*columns).where(LIST.c.shop_id == shop_id))
    return {(row.product_id, row.list_key): Stands(",".join(row.products), row.digest) for row in rows}


def keep(connection: Connection, shop_id: int, lists: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Keep lists that stand in the shop since now. lists: product_id, list_key, products and digest of each."""
    rows = [{"shop_id": shop_id, "published_at": now, **each} for each in lists]
    update = ("products", "digest", "published_at")
    upsert(connection, LIST, rows, key=_LIST_KEY, update=update, newer=always)


def drop(connection: Connection, shop_id: int, lists: Sequence[tuple[int, str]]) -> None:
    """Forget lists that were taken away."""
    for chunk in chunks(lists):
        these = tuple_(LIST.c.product_id, LIST.c.list_key).in_(chunk)
        connection.execute(delete(LIST).where(LIST.c.shop_id == shop_id, these))


def drop_all(connection: Connection, shop_id: int) -> None:
    """Forget all lists of a shop."""
    connection.execute(delete(LIST).where(LIST.c.shop_id == shop_id))


def count(connection: Connection, shop_id: int) -> int:
    """How many lists with products stand in a shop."""
    statement = select(func.count()).select_from(LIST).where(LIST.c.shop_id == shop_id, LIST.c.digest != "")
    return int(connection.execute(statement).scalar_one())


def in_shop(connection: Connection, shop_id: int, limit: int) -> list[tuple[int, str, str]]:
    """Some lists of a shop, as product id, its number at the platform, and key."""
    statement = (
        select(LIST.c.product_id, PRODUCT.c.external_id, LIST.c.list_key)
        .join(PRODUCT, PRODUCT.c.id == LIST.c.product_id)
        .where(LIST.c.shop_id == shop_id)
        .order_by(LIST.c.id)
        .limit(limit)
    )
    return [(row.product_id, row.external_id, row.list_key) for row in connection.execute(statement)]


def progress(connection: Connection, shop_id: int, keys: Sequence[str]) -> tuple[int, int]:
    """How many of the lists of the products that shoppers can see are in the shop, and how many there are to be."""
    seen = (
        PRODUCT.c.shop_id == shop_id,
        PRODUCT.c.known,
        PRODUCT.c.published,
        PRODUCT.c.removed_at.is_(None),
        PRODUCT.c.status == ProductStatus.ACTIVE,
    )
    total = connection.execute(select(func.count()).select_from(PRODUCT).where(*seen)).scalar_one()
    here = LIST.join(PRODUCT, PRODUCT.c.id == LIST.c.product_id)
    written = select(func.count()).select_from(here).where(LIST.c.shop_id == shop_id, LIST.c.list_key.in_(keys), *seen)
    return int(connection.execute(written).scalar_one()), int(total) * len(keys)


def callable_shops(connection: Connection, platform: str) -> list[Row[Any]]:
    """Every shop whose platform can be called, with what stands in it and what serves it.

    reading: whether all of its catalogue is being read right now.
    """
    reading = (
        select(READING.c.id)
        .where(READING.c.shop_id == SHOP.c.id, READING.c.since.is_(None), READING.c.finished_at.is_(None))
        .exists()
        .label("reading")
    )
    shelf = SHOP.c.shelf_version.label("shelf")
    served = (SHOP.c.id.label("of_shop"), SHOP.c.key, SHOP.c.serving_version, shelf, TOKEN.c.granted_at)
    joined = (
        SHOP.join(CONNECTION, and_(CONNECTION.c.shop_id == SHOP.c.id, CONNECTION.c.platform == platform))
        .join(TOKEN, and_(TOKEN.c.shop_id == SHOP.c.id, TOKEN.c.platform == platform, TOKEN.c.lost_at.is_(None)))
        .outerjoin(PUBLICATION, PUBLICATION.c.shop_id == SHOP.c.id)
    )
    statement = select(*served, reading, PUBLICATION).select_from(joined).where(SHOP.c.uninstalled_at.is_(None))
    return list(connection.execute(statement.order_by(SHOP.c.id)))
