"""Fills a played shop with as much as a load test wants: quickly, and without the demo shop's character."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from demo.shopify.fill import (
    COLLECTION,
    CUSTOMER,
    HIGH_STREET,
    ITEM,
    LINE,
    ONLINE,
    ONLINE_STORE,
    ORDER,
    PRODUCT,
    Size,
    furnish,
)
from demo.shopify.fill import VARIANT as FIRST_VARIANT
from demo.shopify.state import PlayedShop
from demo.shopify.things import Collection, Customer, Level, Line, Order, Product, Variant

VARIANTS_EACH = 3
COLORS = ("Blue", "Green", "Red", "Black", "White", "Grey", "Pink")
PRICES = tuple(Decimal(each) / 100 for each in range(500, 10_000, 45))
DAYS = 60
COLLECTIONS = 40


def fill_quickly(shop: PlayedShop, size: Size, *, orders: int) -> PlayedShop:
    """Fill an empty shop with `size` and so many orders of the last 60 days. The same seed makes the same shop."""
    now, rng = shop.clock(), Random(size.seed)
    furnish(shop)
    for number in range(COLLECTIONS):
        shop.collections[COLLECTION + number] = Collection(
            COLLECTION + number, f"Aisle {number}", f"aisle-{number}", now
        )
    for number in range(size.products):
        shop.add_product(_product(rng, number, now - timedelta(days=400)), quietly=True)
        shop.collections[COLLECTION + number % COLLECTIONS].products.append(PRODUCT + number)
    for number in range(size.customers):
        shop.customers[CUSTOMER + number] = Customer(CUSTOMER + number, now, now)
    every = list(shop.variants.values())
    for number in range(orders):
        at = now - timedelta(seconds=(orders - number) * DAYS * 86_400 / (orders + 1))
        shop.orders[ORDER + number] = _order(rng, shop, every, number, at, size.customers)
    return shop


def _product(rng: Random, number: int, since: datetime) -> Product:
    made = Product(
        id=PRODUCT + number,
        title=f"Thing {number}",
        handle=f"thing-{number}",
        created_at=since,
        updated_at=since,
        description=f"Thing {number}, one of many.",
        vendor=f"Maker {number % 211}",
        product_type=f"Kind {number % 97}",
        tags=(f"tag-{number % 31}",),
        published={ONLINE_STORE: since},
    )
    price = rng.choice(PRICES)
    for place in range(VARIANTS_EACH):
        own = number * VARIANTS_EACH + place
        color = COLORS[(number + place) % len(COLORS)]
        levels = {each: Level(rng.randrange(40), since, since) for each in (ONLINE, HIGH_STREET)}
        variant = Variant(FIRST_VARIANT + own, made.id, color, f"SKU-{own}", price, since, since, ITEM + own)
        variant.options, variant.position, variant.levels = (("Color", color),), place + 1, levels
        made.variants.append(variant)
    return made


def _order(rng: Random, shop: PlayedShop, every: list[Variant], number: int, at: datetime, customers: int) -> Order:
    # Squared: a few things sell most.
    chosen = [every[int(rng.random() ** 2 * len(every))] for _ in range(rng.randint(1, 4))]
    lines = [
        Line(
            id=LINE + number * 10 + place,
            product_id=each.product_id,
            variant_id=each.id,
            title=shop.products[each.product_id].title,
            quantity=1,
            current=1,
            price=each.price,
            sku=each.sku,
        )
        for place, each in enumerate(chosen)
    ]
    buyer = CUSTOMER + rng.randrange(customers) if customers and rng.random() < 0.8 else None
    return Order(ORDER + number, 1001 + number, at, at, lines, buyer)
