"""Fills a played shop with the demo shop's own goods, buyers and trade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from random import Random

from connectors import records
from demo.assortment import assortment, department_texts
from demo.goods import Good, make_goods, slug
from demo.history import History
from demo.shopify.state import PlayedShop
from demo.shopify.things import (
    Collection,
    Customer,
    Level,
    Line,
    Location,
    Market,
    Order,
    Product,
    Publication,
    Refund,
    RefundLine,
    Variant,
)

ONLINE, HIGH_STREET = 71_000_000_001, 71_000_000_002
ONLINE_STORE, POINT_OF_SALE = 72_000_000_001, 72_000_000_002
PRODUCT, VARIANT, ITEM = 8_100_000_000_000, 44_000_000_000_000, 46_000_000_000_000
CUSTOMER, ORDER, LINE, REFUND = 7_200_000_000_000, 5_900_000_000_000, 15_000_000_000_000, 930_000_000_000
COLLECTION = 480_000_000_000
# Of the standard taxonomy; what the demo shop sells besides has none.
CATEGORIES: Mapping[str, tuple[str, str]] = {
    "Garden": ("hg-13", "Home & Garden > Lawn & Garden"),
    "Houseplants": ("hg-17", "Home & Garden > Plants"),
    "Kitchen": ("hg-11", "Home & Garden > Kitchen & Dining"),
    "Tableware": ("hg-11-10", "Home & Garden > Kitchen & Dining > Tableware"),
    "Pantry": ("fb-2", "Food, Beverages & Tobacco > Food Items"),
    "Bath & Body": ("hb-3-2", "Health & Beauty > Personal Care > Cosmetics"),
    "Bedroom": ("hg-15", "Home & Garden > Linens & Bedding"),
    "Candles & Scent": ("hg-3-8", "Home & Garden > Decor > Home Fragrances"),
    "Light & Decor": ("hg-3", "Home & Garden > Decor"),
}
MARKETS = (
    ("United Kingdom", "gb", ("GB",), "GBP", "1"),
    ("European Union", "eu", ("IE", "FR", "DE", "ES", "IT", "NL"), "EUR", "1.17"),
    ("United States", "us", ("US",), "USD", "1.31"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a shop is made, and the seed that it is made from."""

    seed: int = 20
    products: int = 300
    customers: int = 1500


def fill(shop: PlayedShop, size: Size) -> PlayedShop:
    """Fill an empty shop. The same size at the same time gives the same shop."""
    now = shop.clock()
    furnish(shop)
    rng = Random(size.seed)
    goods = make_goods(rng, assortment(), count=size.products, now=now)
    for number, good in enumerate(goods):
        shop.add_product(_product(good, number, now), quietly=True)
    _collections(shop, goods, now)
    history = History(rng, goods, customers=size.customers, now=now)
    for buyer in history.customers():
        shop.customers[CUSTOMER + int(buyer.external_id)] = _customer(buyer, now)
    for order, refund in history.orders():
        made = _order(order, refund, len(shop.orders))
        shop.orders[made.id] = made
        _count(shop, made)
    return shop


def furnish(shop: PlayedShop) -> None:
    """What every shop has before it sells anything: places, channels, markets."""
    now = shop.clock()
    shop.locations[ONLINE] = Location(ONLINE, "Warehouse", now, now)
    shop.locations[HIGH_STREET] = Location(HIGH_STREET, "High Street shop", now, now, fulfills_online=False)
    shop.publications[ONLINE_STORE] = Publication(ONLINE_STORE, "Online Store", "online_store")
    shop.publications[POINT_OF_SALE] = Publication(POINT_OF_SALE, "Point of Sale", "pos")
    shop.theme_files.update(_theme())
    for place, (name, handle, countries, currency, rate) in enumerate(MARKETS, start=73_000_000_001):
        shop.markets[place] = Market(place, name, handle, countries, currency, Decimal(rate))


def _theme() -> Iterator[tuple[str, str]]:
    """The files of the played theme that say which blocks stand where, by their names in a theme."""
    folder = files("demo.shopify").joinpath("theme", "files")
    for name in ("config", "templates", "sections"):
        for file in folder.joinpath(name).iterdir():
            if file.name.endswith(".json"):
                yield f"{name}/{file.name}", file.read_text("utf-8")


def _product(good: Good, number: int, now: datetime) -> Product:
    """Most goods are sold everywhere; one in twelve is kept out of America, some are drafts, archived or unlisted."""
    thing, place = good.product, PRODUCT + int(good.product.external_id)
    since = thing.published_at or now
    status = {7: "DRAFT", 33: "ARCHIVED", 41: "UNLISTED"}.get(number % 60, "ACTIVE")
    shown = {} if status == "DRAFT" else {ONLINE_STORE: since, POINT_OF_SALE: since}
    levels = {(each.inventory_item, each.location): each.available for each in good.levels}
    return Product(
        id=place,
        title=thing.title,
        handle=thing.handle,
        created_at=since,
        updated_at=since,
        description=thing.description,
        vendor=thing.vendor,
        product_type=thing.product_type,
        tags=thing.tags,
        status=status,
        category=CATEGORIES.get(thing.product_type),
        picture=f"/pictures/{thing.image_url.rpartition('/')[2]}",
        published=shown,
        hidden_in=frozenset({"US"}) if number % 12 == 5 else frozenset(),
        variants=[_variant(each, place, since, levels) for each in thing.variants],
    )


def _variant(thing: records.Variant, product: int, since: datetime, levels: Mapping[tuple[str, str], int]) -> Variant:
    places = zip((ONLINE, HIGH_STREET), assortment().locations, strict=True)
    price = thing.price.amount if thing.price else Decimal(0)
    return Variant(
        id=VARIANT + int(thing.external_id),
        product_id=product,
        title=thing.title or "Default Title",
        sku=thing.sku,
        price=price,
        created_at=since,
        updated_at=since,
        item_id=ITEM + int(thing.inventory_item),
        compare_at_price=thing.compare_at_price.amount if thing.compare_at_price else None,
        options=tuple(thing.options.items()) or (("Title", "Default Title"),),
        policy=thing.policy.name,
        tracked=thing.tracked,
        cost=thing.unit_cost.amount if thing.unit_cost else None,
        position=thing.position + 1,
        levels={
            place: Level(levels[thing.inventory_item, name], since, since)
            for place, name in places
            if (thing.inventory_item, name) in levels
        },
    )


def _collections(shop: PlayedShop, goods: list[Good], now: datetime) -> None:
    about = department_texts()
    for number, name in enumerate(dict.fromkeys(good.product.product_type for good in goods)):
        held = [PRODUCT + int(good.product.external_id) for good in goods if good.product.product_type == name]
        made = Collection(COLLECTION + number, name, slug(name), now, about.get(name, ""), held)
        shop.collections[made.id] = made


def _customer(buyer: records.Customer, now: datetime) -> Customer:
    since = buyer.created_at or now
    opted_out = int(buyer.external_id) % 50 == 0
    return Customer(CUSTOMER + int(buyer.external_id), since, since, buyer.country, sale_opt_out=opted_out)


def _order(order: records.Order, refund: records.Refund | None, place: int) -> Order:
    number = ORDER + int(order.external_id)
    gone = order.cancelled_at is not None
    lines = [_line(each, int(order.external_id), at, gone=gone) for at, each in enumerate(order.lines)]
    made = Order(
        id=number,
        number=1001 + place,
        created_at=order.ordered_at,
        updated_at=order.cancelled_at or order.ordered_at,
        lines=lines,
        customer_id=CUSTOMER + int(order.customer) if order.customer else None,
        country=order.country or "GB",
        source="pos" if place % 15 == 3 else "web",
        cancelled_at=order.cancelled_at,
    )
    if refund is not None:
        made.refunds.append(_refund(refund, made))
        made.updated_at = refund.refunded_at
    return made


def _line(line: records.OrderLine, order: int, place: int, *, gone: bool) -> Line:
    return Line(
        id=LINE + order * 100 + place,
        product_id=PRODUCT + int(line.product),
        variant_id=VARIANT + int(line.variant),
        title=line.title,
        quantity=line.quantity,
        current=0 if gone else line.quantity,
        price=line.unit_price.amount,
    )


def _refund(refund: records.Refund, order: Order) -> Refund:
    number = REFUND + order.id - ORDER
    return Refund(number, order.id, refund.refunded_at, list(_refund_lines(refund, order, number)))


def _refund_lines(refund: records.Refund, order: Order, number: int) -> Iterator[RefundLine]:
    for place, back in enumerate(refund.lines):
        line = next(each for each in order.lines if each.variant_id == VARIANT + int(back.variant))
        line.current -= back.quantity
        yield RefundLine(number * 100 + place, line.id, back.quantity, line.price * back.quantity, "RETURN", ONLINE)


def _count(shop: PlayedShop, order: Order) -> None:
    buyer = shop.customers.get(order.customer_id or 0)
    if buyer is not None and order.cancelled_at is None:
        buyer.orders += 1
        buyer.spent += order.subtotal
        buyer.updated_at = max(buyer.updated_at, order.updated_at)
