"""The demo storefront's view of its shop: implements `demo.catalogue.ShopWindow` over the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, String, cast, func, or_, select

from connectors.records import InventoryPolicy, Money, ProductStatus
from demo.catalogue import DemoShop, WindowCategory, WindowPage, WindowProduct, WindowVariant
from integration.clock import system_clock
from integration.services.secrets import Vault
from integration.services.shops import ConnectedShops, find_shop
from integration.storage.catalogue import InventoryLevel, Product, Variant
from integration.storage.database import Database
from integration.storage.point_reads import PointReads
from integration.storage.upsert import table_of

PRODUCT = table_of(Product)
VARIANT = table_of(Variant)
LEVEL = table_of(InventoryLevel)
PLATFORM = "direct"


class StoreWindow:
    """One shop of the store, seen by its storefront."""

    def __init__(self, database: Database, vault: Vault, key: str, public_url: str) -> None:
        self._database = database
        self._connected = ConnectedShops(PointReads(database), vault)
        self._key = key
        self._public_url = public_url.rstrip("/")
        self._shop: DemoShop | None = None
        self._shop_id = 0

    def shop(self) -> DemoShop | None:
        """The shop, or None while it has not been loaded."""
        if self._shop is None:
            row = find_shop(self._database, self._key)
            if row is None:
                return None
            self._database = self._database.of(row.id)
            connected = self._connected.find(PLATFORM, self._key, system_clock())
            if connected is None:
                return None
            self._shop_id = row.id
            self._shop = DemoShop(
                key=row.key,
                name=row.name,
                currency=row.currency,
                locale=row.locale,
                intake=f"{self._public_url}/webhooks/{PLATFORM}/{self._key}",
                webhook_secret=connected.secrets[0],
            )
        return self._shop

    def categories(self) -> Sequence[WindowCategory]:
        """All collections by name."""
        statement = (
            select(PRODUCT.c.product_type, func.count())
            .where(*self._offered(), PRODUCT.c.product_type != "")
            .group_by(PRODUCT.c.product_type)
            .order_by(PRODUCT.c.product_type)
        )
        with self._database.read() as connection:
            return [WindowCategory(name, count) for name, count in connection.execute(statement)]

    def collection(self, category: str, *, offset: int, limit: int) -> WindowPage:
        """Products of one category, or of all."""
        return self._page([PRODUCT.c.product_type == category] if category else [], offset, limit)

    def search(self, words: str, *, offset: int, limit: int) -> WindowPage:
        """Products that hold every one of the words."""
        searched = func.lower(
            PRODUCT.c.title + " " + PRODUCT.c.vendor + " " + PRODUCT.c.product_type + " " + _text(PRODUCT.c.tags)
        )
        conditions = [searched.contains(word, autoescape=True) for word in words.lower().split()[:10]]
        return self._page(conditions, offset, limit) if conditions else WindowPage((), 0)

    def product(self, handle: str) -> WindowProduct | None:
        """The product of this handle or, failing that, of this external id."""
        same = or_(PRODUCT.c.handle == handle, PRODUCT.c.external_id == handle)
        by_handle = (PRODUCT.c.handle == handle).desc()
        with self._database.read() as connection:
            found = connection.execute(select(PRODUCT).where(*self._offered(), same).order_by(by_handle).limit(1)).all()
            return next(iter(self._products(connection, found)), None)

    def products(self, external_ids: Sequence[str]) -> Sequence[WindowProduct]:
        """The products of these ids, in the order asked for."""
        with self._database.read() as connection:
            wanted = select(PRODUCT).where(*self._offered(), PRODUCT.c.external_id.in_(list(external_ids)))
            found = {each.external_id: each for each in self._products(connection, connection.execute(wanted).all())}
        return [found[each] for each in external_ids if each in found]

    def _offered(self) -> tuple[ColumnElement[bool], ...]:
        self.shop()
        return (
            PRODUCT.c.shop_id == self._shop_id,
            PRODUCT.c.known,
            PRODUCT.c.published,
            PRODUCT.c.status == ProductStatus.ACTIVE,
            PRODUCT.c.removed_at.is_(None),
        )

    def _page(self, conditions: Sequence[ColumnElement[bool]], offset: int, limit: int) -> WindowPage:
        chosen = select(PRODUCT).where(*self._offered(), *conditions)
        order = (PRODUCT.c.published_at.desc(), PRODUCT.c.title, PRODUCT.c.id)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
            rows = connection.execute(chosen.order_by(*order).offset(offset).limit(limit)).all()
            return WindowPage(self._products(connection, rows), total)

    def _products(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[WindowProduct]:
        here = (VARIANT.c.shop_id == self._shop_id, VARIANT.c.removed_at.is_(None))
        variants = connection.execute(
            select(VARIANT)
            .where(*here, VARIANT.c.product_id.in_([row.id for row in rows]))
            .order_by(VARIANT.c.position, VARIANT.c.id)
        ).all()
        levels = self._levels(connection, [variant.inventory_item for variant in variants])
        of_product: dict[int, list[WindowVariant]] = defaultdict(list)
        for variant in variants:
            of_product[variant.product_id].append(_variant(variant, levels[variant.inventory_item]))
        return [_product(row, of_product[row.id]) for row in rows]

    def _levels(self, connection: Connection, items: Sequence[str]) -> dict[str, dict[str, int]]:
        statement = select(LEVEL.c.inventory_item, LEVEL.c.location, LEVEL.c.available).where(
            LEVEL.c.shop_id == self._shop_id,
            LEVEL.c.inventory_item.in_(items),
            LEVEL.c.sells_online,
            LEVEL.c.removed_at.is_(None),
        )
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for item, location, available in connection.execute(statement):
            found[item][location] = available
        return found


def _text(column: Any) -> Any:
    return cast(column, String)


def _variant(row: Any, levels: dict[str, int]) -> WindowVariant:
    return WindowVariant(
        external_id=row.external_id,
        title=row.title,
        price=None if row.price is None else Money(row.price, row.currency),
        compare_at_price=None if row.compare_at_price is None else Money(row.compare_at_price, row.currency),
        options=row.options,
        inventory_item=row.inventory_item,
        tracked=row.tracked,
        continue_selling=row.policy == InventoryPolicy.CONTINUE,
        levels=levels,
    )


def _product(row: Any, variants: Sequence[WindowVariant]) -> WindowProduct:
    return WindowProduct(
        external_id=row.external_id,
        handle=row.handle or row.external_id,
        title=row.title,
        description=row.description,
        vendor=row.vendor,
        category=row.product_type,
        image_url=row.image_url,
        tags=tuple(row.tags),
        variants=tuple(variants),
    )
