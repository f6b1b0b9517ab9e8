"""Fills a played shop with the demo shop's own goods, buyers and trade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from connectors import records
from demo.assortment import assortment, department_texts
from demo.goods import Good, make_goods, slug
from demo.history import History
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Choice, Coupon, Customer, Line, Order, Product, Refund, RefundLine, Term

FIRST_CUSTOMER = 2
FIRST_ATTRIBUTE = 1
UNCATEGORIZED = 15
# Categories that stand below another.
WITHIN: Mapping[str, str] = {"Tableware": "Kitchen", "Houseplants": "Garden", "Bath & Body": "Bedroom"}


@dataclass(frozen=True, slots=True)
class Size:
    """How large a shop is made, and the seed that it is made from."""

    seed: int = 20
    products: int = 300
    customers: int = 1500


def fill(shop: PlayedShop, size: Size) -> PlayedShop:
    """Fill an empty shop. The same size at the same time gives the same shop."""
    now, rng = shop.clock(), Random(size.seed)
    goods = make_goods(rng, assortment(), count=size.products, now=now)
    furnish(shop, goods)
    ids: dict[str, int] = {}
    for number, good in enumerate(goods):
        _add(shop, good, number, now, ids)
    history = History(rng, goods, customers=size.customers, now=now)
    for buyer in history.customers():
        _customer(shop, buyer, now)
    for order, refund in history.orders():
        _order(shop, order, refund, ids)
    for place, code in enumerate(("welcome10", "spring5")):
        made = Coupon(shop.new_id(), code, now, now, Decimal(10 - 5 * place))
        shop.coupons[made.id] = made
    return shop


def furnish(shop: PlayedShop, goods: list[Good]) -> None:
    """What goods are sorted by: categories, brands, tags, and the attributes of the whole shop."""
    shop.ids_from(101)
    shop.customers[1] = Customer(1, shop.clock(), None, "", "administrator")
    shop.categories[UNCATEGORIZED] = Term(UNCATEGORIZED, "Uncategorized", "uncategorized")
    about = department_texts()
    for name in dict.fromkeys(good.product.product_type for good in goods):
        _term(shop, shop.categories, name, about.get(name, ""))
    named = {each.name: each for each in shop.categories.values()}
    for name, above in WITHIN.items():
        if name in named and above in named:
            named[name].parent = named[above].id
    for name in dict.fromkeys(good.product.vendor for good in goods):
        _term(shop, shop.brands, name)
    for name in dict.fromkeys(tag for good in goods for tag in good.product.tags):
        _term(shop, shop.tags, name)
    options = dict.fromkeys(name for good in goods for each in good.product.variants for name in each.options)
    for number, name in enumerate(options, FIRST_ATTRIBUTE):
        shop.attributes[number] = Term(number, name, f"pa_{slug(name)}")


def _term(shop: PlayedShop, terms: dict[int, Term], name: str, about: str = "") -> None:
    made = Term(shop.new_id(), name, slug(name), description=about)
    terms[made.id] = made


def _add(shop: PlayedShop, good: Good, number: int, now: datetime, ids: dict[str, int]) -> None:
    """Goods with options are variable products. Some are drafts, private or hidden, as in any shop."""
    thing = good.product
    stock = {each.inventory_item: 0 for each in good.levels}
    for level in good.levels:
        if level.location == assortment().locations[0]:
            stock[level.inventory_item] = level.available
    made = _product(shop, good, number, now)
    ids[thing.external_id] = made.id
    if made.type == "simple":
        _sell_as(made, thing.variants[0], stock)
        ids[thing.variants[0].external_id] = made.id
        shop.put(made, quietly=True)
        return
    shop.put(made, quietly=True)
    # One in ten counts its stock for all of its forms together.
    together = number % 10 == 4 and all(each.tracked for each in thing.variants)
    for variant in thing.variants:
        form = _form(shop, made, variant)
        _sell_as(form, variant, stock)
        ids[variant.external_id] = form.id
        if together:
            made.stock = (made.stock or 0) + (form.stock or 0)
            form.stock = None
        shop.put(form, quietly=True)


def _product(shop: PlayedShop, good: Good, number: int, now: datetime) -> Product:
    thing = good.product
    since = thing.published_at or now
    options: dict[str, dict[str, None]] = {}
    for variant in thing.variants:
        for name, value in variant.options.items():
            options.setdefault(name, {})[value] = None
    known = {each.name: each for each in shop.attributes.values()}
    named = {each.name: each.id for terms in (shop.categories, shop.brands, shop.tags) for each in terms.values()}
    return Product(
        id=shop.new_id(),
        name=thing.title,
        slug=thing.handle,
        created=since,
        modified=since,
        type="variable" if options else "simple",
        status={7: "draft", 33: "private", 41: "pending"}.get(number % 60, "publish"),
        description=f"<p>{thing.description}</p>\n",
        categories=(named[thing.product_type],),
        brands=(named[thing.vendor],),
        tags=tuple(each.id for each in shop.tags.values() if each.name in thing.tags),
        choices=tuple(
            Choice(known[name].id, name, known[name].slug, tuple(values), varies=True)
            for name, values in options.items()
        )
        or (Choice(0, "Season", "Season", (good.kind.season_name,)),),
        picture=f"/pictures/{thing.handle}.svg",
        visibility="hidden" if number % 60 == 19 else "visible",
    )


def _form(shop: PlayedShop, parent: Product, variant: records.Variant) -> Product:
    return Product(
        id=shop.new_id(),
        name=f"{parent.name} - {', '.join(variant.options.values())}",
        slug=f"{parent.slug}-{slug(variant.title)}",
        created=parent.created,
        modified=parent.modified,
        type="variation",
        status="publish",
        parent_id=parent.id,
        # As it was recorded: a variation is told with WordPress's own category, not with its parent's.
        categories=(UNCATEGORIZED,),
        picks=dict(variant.options),
        menu_order=variant.position,
    )


def _sell_as(product: Product, variant: records.Variant, stock: Mapping[str, int]) -> None:
    """Give a product, or a form, the price and stock of a variant."""
    now = variant.price.amount if variant.price else None
    full = variant.compare_at_price.amount if variant.compare_at_price else None
    product.sku = variant.sku
    product.regular_price, product.sale_price = (now, None) if full is None else (full, now)
    if variant.tracked:
        product.stock = stock.get(variant.inventory_item, 0)
    product.backorders = "notify" if variant.policy is records.InventoryPolicy.CONTINUE else "no"


def _customer(shop: PlayedShop, buyer: records.Customer, now: datetime) -> None:
    since = buyer.created_at or now
    number = _number(buyer.external_id)
    shop.customers[number] = Customer(number, since, since, buyer.country, paying=True)


def _number(customer: str) -> int:
    return int(customer) - 500_001 + FIRST_CUSTOMER


def _order(shop: PlayedShop, order: records.Order, refund: records.Refund | None, ids: Mapping[str, int]) -> None:
    at, gone = order.ordered_at, order.cancelled_at
    lines = [_line(shop, each, ids) for each in order.lines]
    made = Order(
        id=shop.new_id(),
        created=at,
        modified=gone or at,
        lines=lines,
        status="cancelled" if gone else "completed",
        customer_id=_number(order.customer) if order.customer else 0,
        country=order.country,
        currency=shop.currency,
        paid=at,
        completed=None if gone else at,
        stock_taken=gone is None,
    )
    shop.orders[made.id] = made
    if refund is not None:
        _refund(shop, made, refund, ids)


def _line(shop: PlayedShop, line: records.OrderLine, ids: Mapping[str, int]) -> Line:
    sold = shop.products[ids[line.variant]]
    parent = shop.products.get(sold.parent_id)
    total = line.unit_price.amount * line.quantity
    return Line(
        id=shop.new_id(),
        product_id=parent.id if parent else sold.id,
        variation_id=sold.id if parent else 0,
        name=sold.name,
        quantity=line.quantity,
        subtotal=total,
        total=total,
        sku=sold.sku,
        picks=sold.picks,
        parent_name=parent.name if parent else "",
    )


def _refund(shop: PlayedShop, order: Order, refund: records.Refund, ids: Mapping[str, int]) -> None:
    lines = []
    for back in refund.lines:
        line = next(each for each in order.lines if each.sold == ids[back.variant])
        paid = line.total * back.quantity / line.quantity
        lines.append(
            RefundLine(shop.new_id(), line.id, line.product_id, line.variation_id, line.name, back.quantity, paid)
        )
    given = sum((each.amount for each in lines), Decimal(0))
    made = Refund(shop.new_id(), order.id, refund.refunded_at, given, "", tuple(lines))
    order.refunds.append(made)
    order.modified = refund.refunded_at
    shop.refunds[made.id] = made
    if given >= order.total:
        order.status = "refunded"
