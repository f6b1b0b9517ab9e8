"""Bundles that a shop could sell, from its own orders, prices and costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import Row, select

from integration.services.cards import availability_of
from integration.storage.catalogue import Variant
from integration.storage.database import Database
from integration.storage.shelf_rows import ShelfProduct, changed_since
from integration.storage.training_data import read_training_data
from integration.storage.upsert import table_of
from recommender.baskets.bundles import Bundle, Money, find_bundles
from recommender.interactions import orders_of
from recommender.serving.availability import Availability, VariantStock, variant_availability

VARIANT = table_of(Variant)

# ISO 4217: currencies whose minor unit is not a hundredth.
WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
MINOR_DIGITS = {**dict.fromkeys(WHOLE.split(), 0), **dict.fromkeys(THOUSANDTHS.split(), 3)}


@dataclass(frozen=True, slots=True)
class BundledProduct:
    """A product of a bundle, by the platform's id."""

    product: str
    title: str


@dataclass(frozen=True, slots=True)
class ShopBundle:
    """A bundle as the merchant sees it; orders: exact, so never for shoppers' eyes where under 10.

    confidence: at least this share of the orders with any one of the products hold all. lift: times as often as chance,
    shrunk. price, margin: of one piece each, in the shop's currency; None where a price, or a cost, is not known.
    """

    products: tuple[BundledProduct, ...]
    orders: int
    confidence: float
    lift: float
    price: Decimal | None
    margin: Decimal | None


@dataclass(frozen=True, slots=True)
class ShopBundles:
    """The best bundles first. orders: how many were looked at."""

    bundles: tuple[ShopBundle, ...]
    orders: int
    currency: str


def bundles_of(database: Database, shop: Row[Any], *, top: int) -> ShopBundles:
    """The best `top` bundles of products that the shop can sell at this moment in one market at least."""
    database = database.of(shop.id)
    data = read_training_data(database, shop.id)
    with database.read() as connection:
        shelf = {each.product_id: each for each in changed_since(connection, shop.id, -1)}
        costs = select(VARIANT.c.product_id, VARIANT.c.external_id, VARIANT.c.unit_cost)
        rows = connection.execute(costs.where(VARIANT.c.shop_id == shop.id, VARIANT.c.unit_cost.is_not(None))).all()
    cost_of = {(row.product_id, row.external_id): row.unit_cost for row in rows}
    products = [shelf.get(product_id) for product_id in data.catalogue.product_ids.tolist()]
    sellable = np.array([product is not None and _sells(product) for product in products], np.bool_)
    orders, _ = orders_of(data.purchases, len(products))
    found = find_bundles(orders, sellable, _money(products, cost_of, shop.currency), top=top)
    bundles = tuple(_told(each, products, shop.currency) for each in found)
    return ShopBundles(bundles, data.orders, shop.currency)


def _sells(product: ShelfProduct) -> bool:
    markets = (None,) if product.markets is None else product.markets
    return any(availability_of(product, market, 0) > Availability.SOLD_OUT for market in markets)


def _money(products: list[ShelfProduct | None], cost_of: dict[tuple[int, str], Decimal], currency: str) -> Money:
    """Of each product the price and the cost of its first variant that can be bought, or of the first at all."""
    prices = np.full(len(products), np.nan)
    costs = np.full(len(products), np.nan)
    for row, product in enumerate(products):
        if product is None or not product.variants:
            continue
        bought = (each for each in product.variants if _in_stock(each.stock))
        variant = next(bought, product.variants[0])
        if variant.currency == currency:
            prices[row] = _minor(variant.price, currency)
            costs[row] = _minor(cost_of.get((product.product_id, variant.external_id)), currency)
    return Money(prices, costs)


def _in_stock(stock: VariantStock) -> bool:
    return variant_availability(stock, low_stock_threshold=0) > Availability.SOLD_OUT


def _minor(amount: Decimal | None, currency: str) -> float:
    return float("nan") if amount is None else float(amount.scaleb(MINOR_DIGITS.get(currency, 2)))


def _told(bundle: Bundle, products: list[ShelfProduct | None], currency: str) -> ShopBundle:
    held = [product for product in (products[item] for item in bundle.items) if product is not None]
    return ShopBundle(
        products=tuple(BundledProduct(product.external_id, product.title) for product in held),
        orders=bundle.orders,
        confidence=bundle.confidence,
        lift=bundle.lift,
        price=_major(bundle.price, currency),
        margin=_major(bundle.margin, currency),
    )


def _major(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else Decimal(minor).scaleb(-MINOR_DIGITS.get(currency, 2))
