"""What a product's variants tell of it: its price today, and the values of its options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Text, cast, select

from integration.storage.catalogue import Variant
from integration.storage.upsert import table_of

VARIANT = table_of(Variant)


@dataclass(frozen=True, slots=True)
class Details:
    """By product id. prices: in the shop's commonest currency. options: their values, each once, by name."""

    prices: Mapping[int, float]
    options: Mapping[int, tuple[str, ...]]


def details_of(connection: Connection, shop_id: int) -> Details:
    """Of every product with a variant: the first variant's price, and the values of all variants' options."""
    columns = (VARIANT.c.product_id, cast(VARIANT.c.price, Text), VARIANT.c.currency, VARIANT.c.options)
    here = (VARIANT.c.shop_id == shop_id, VARIANT.c.removed_at.is_(None))
    first: dict[int, tuple[float, str]] = {}
    values: dict[int, set[str]] = {}
    order = (VARIANT.c.product_id, VARIANT.c.position, VARIANT.c.id)
    for product, price, currency, options in connection.execute(select(*columns).where(*here).order_by(*order)):
        if price is not None:
            first.setdefault(product, (float(price), currency))
        if options:
            values.setdefault(product, set()).update(map(str, options.values()))
    usual = [name for name, _ in Counter(currency for _, currency in first.values()).most_common(1)]
    prices = {product: price for product, (price, currency) in first.items() if currency in usual}
    return Details(prices, {product: tuple(sorted(names)) for product, names in values.items()})
