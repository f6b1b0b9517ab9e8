"""Fills a played shop with as much as a load test wants: quickly, and without the demo shop's character."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Choice, Customer, Line, Order, Product, Term

COLORS = ("Blue", "Green", "Red", "Black", "White", "Grey", "Pink")
PRICES = tuple(Decimal(each) / 100 for each in range(500, 10_000, 45))
COLOR = 1
CATEGORIES = 40
DAYS = 60
FIRST_PRODUCT = 10_000
FIRST_ORDER = 5_000_000


def fill_quickly(
    shop: PlayedShop,
    products: int = 10_000,
    variations: int = 30_000,
    orders: int = 50_000,
    customers: int = 5_000,
    seed: int = 20,
) -> PlayedShop:
    """Fill an empty shop. Variations are spread evenly; where there are none, products are simple."""
    now, rng = shop.clock(), Random(seed)
    since = now - timedelta(days=400)
    shop.attributes[COLOR] = Term(COLOR, "Color", "pa_color")
    for number in range(CATEGORIES):
        shop.categories[100 + number] = Term(100 + number, f"Aisle {number}", f"aisle-{number}")
    each = -(-variations // products) if variations else 0
    for number in range(products):
        # Modified over the last weeks, some in the same second.
        changed = now - timedelta(seconds=(products - number) // 3 * 30)
        _product(shop, rng, number, min(each, max(variations - number * each, 0)), since, changed)
    shop.customers.update({2 + number: Customer(2 + number, since, since, "GB") for number in range(customers)})
    sold = [each for each in shop.products.values() if each.type != "variable"]
    for number in range(orders):
        at = now - timedelta(seconds=(orders - number) * DAYS * 86_400 / (orders + 1))
        order = _order(rng, shop, sold, number, at, customers)
        shop.orders[order.id] = order
    shop.ids_from(90_000_000)
    shop.changed()
    return shop


def _product(shop: PlayedShop, rng: Random, number: int, forms: int, since: datetime, changed: datetime) -> None:
    place = FIRST_PRODUCT + number * 100
    colors = COLORS[:forms]
    made = Product(place, f"Thing {number}", f"thing-{number}", since, changed, "variable" if forms else "simple")
    made.description = f"<p>Thing {number}, one of many.</p>\n"
    made.categories = (100 + number % CATEGORIES,)
    made.picture = f"/pictures/thing-{number}.svg"
    if forms:
        made.choices = (Choice(COLOR, "Color", "pa_color", colors, varies=True),)
    else:
        made.regular_price, made.stock, made.sku = rng.choice(PRICES), rng.randrange(40), f"SKU-{number}"
    shop.products[made.id] = made
    price = rng.choice(PRICES)
    for position, color in enumerate(colors):
        own = place + 1 + position
        form = Product(own, f"Thing {number} - {color}", f"thing-{number}-{color.lower()}", since, changed, "variation")
        form.parent_id, form.picks, form.menu_order = place, {"Color": color}, position
        form.regular_price, form.stock, form.sku = price, rng.randrange(40), f"SKU-{number}-{position}"
        shop.products[own] = form
        shop.children.setdefault(place, []).append(own)


def _order(rng: Random, shop: PlayedShop, sold: list[Product], number: int, at: datetime, customers: int) -> Order:
    place = FIRST_ORDER + number * 10
    lines = []
    for position in range(rng.randint(1, 4)):
        # Squared: a few things sell most.
        thing = sold[int(rng.random() ** 2 * len(sold))]
        price = thing.price or Decimal(1)
        product, variation = (thing.parent_id, thing.id) if thing.parent_id else (thing.id, 0)
        lines.append(
            Line(place * 10 + position, product, variation, thing.name, 1, price, price, thing.sku, thing.picks)
        )
    buyer = 2 + rng.randrange(customers) if customers and rng.random() < 0.8 else 0
    return Order(place, at, at, lines, "completed", buyer, "GB", shop.currency, at, at)
