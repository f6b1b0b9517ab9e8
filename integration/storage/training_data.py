"""What a shop sold and offers, read into the arrays that a fit works on."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from integration.storage.base import to_micros
from integration.storage.catalogue import Product
from integration.storage.columns import Bulk, read_integers, read_ranges
from integration.storage.database import Database
from integration.storage.product_details import details_of
from integration.storage.returns import Returns, take_back
from integration.storage.upsert import table_of
from recommender.interactions import Catalogue, Purchases

PRODUCT = table_of(Product)
GUEST = -1

ORDERS = Bulk(
    ("id", "COALESCE(customer_id, -1)", "ordered_at"),
    """FROM "order" WHERE shop_id = {shop} AND cancelled_at IS NULL AND removed_at IS NULL AND NOT is_test""",
    key="ordered_at",
)
LINES = Bulk(
    ("order_id", "product_id", "quantity"),
    "FROM order_line WHERE shop_id = {shop} AND quantity > 0",
    key="order_id",
    order="order_id, id",
)
ERASED = Bulk(("id",), "FROM customer WHERE shop_id = {shop} AND erased_at IS NOT NULL")
REFUNDS = Bulk(
    ("COALESCE(o.id, -1)", "COALESCE(r.customer_id, -1)", "l.product_id", "l.quantity", "r.refunded_at"),
    """
    FROM refund AS r
    JOIN refund_line AS l ON l.refund_id = r.id
    LEFT JOIN "order" AS o ON o.shop_id = r.shop_id AND o.external_id = r."order" AND r."order" <> ''
    WHERE r.shop_id = {shop} AND l.quantity > 0
    """,
)
# A country of two characters as one number, the first one's code point above the second's. What a request can name has
# two letters; file imports may hold names in words, which no request does.
ABOVE = 1 << 21
COUNTRY = (
    f"CASE WHEN length(country) = 2 THEN {{letter}}(country) * {ABOVE} + {{letter}}(substr(country, 2, 1)) ELSE 0 END"
)
ORDERS_A_CHUNK = 32_768
# Two halves of the time between, so that two connections read. That orders are asked for by time also has SQLite read
# them as they lie, and not by customer.
ENDS = """SELECT (SELECT MIN(ordered_at) {orders}), (SELECT MAX(ordered_at) {orders})"""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """One shop's history. orders: how many kept orders it holds; data_from, data_until: microseconds, None if empty.

    country: str (m,), of each sold line's order by its code of two letters, "" where not known; None where none is.
    """

    purchases: Purchases
    catalogue: Catalogue
    orders: int
    data_from: int | None
    data_until: int | None
    country: NDArray[np.str_] | None = None


@dataclass(frozen=True, slots=True)
class _Orders:
    ids: NDArray[np.int64]
    customers: NDArray[np.int64]
    times: NDArray[np.int64]
    countries: NDArray[np.int64]


def read_training_data(database: Database, shop_id: int) -> TrainingData:
    """Read a shop's purchases and catalogue.

    Cancelled, test and removed orders are left out; an erased customer's orders count as a guest's; pieces that were
    given back are taken off the order that the refund names, or else off the customer's latest purchases before it.
    """
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(_read_orders, database, shop_id)
        catalogue = read_catalogue(database, shop_id)
        orders = reading.result()
    purchases = _read_lines(database, shop_id, orders, catalogue.product_ids)
    purchases = _less_refunds(database, shop_id, purchases, catalogue.product_ids)
    times = purchases.time
    return TrainingData(
        purchases=purchases,
        catalogue=catalogue,
        orders=len(orders.ids),
        data_from=int(times.min()) if len(times) else None,
        data_until=int(times.max()) if len(times) else None,
        country=_countries(orders, purchases.basket),
    )


def read_catalogue(database: Database, shop_id: int) -> Catalogue:
    """All products of a shop, those gone or known from order lines alone included: what they taught still counts.

    Prices are the first variant's of today, and of the shop's commonest currency; options are among the words.
    """
    columns = ("id", "title", "vendor", "product_type", "tags", "description", "published_at")
    here = PRODUCT.c.shop_id == shop_id
    with database.read() as connection:
        rows = connection.execute(select(*(PRODUCT.c[name] for name in columns)).where(here).order_by(PRODUCT.c.id))
        products = rows.all()
        details = details_of(connection, shop_id)
    plain = np.fromiter((row.id for row in products), np.int64, len(products))
    return Catalogue(
        product_ids=plain,
        category=_coded([row.product_type for row in products]),
        texts=[_text(row, details.options.get(row.id, ())) for row in products],
        vendor=_coded([row.vendor for row in products]),
        price=np.fromiter((details.prices.get(row.id, 0.0) for row in products), np.float32, len(products)),
        created=np.fromiter((_micros(row.published_at) for row in products), np.int64, len(products)),
    )


def _coded(names: list[str]) -> NDArray[np.int32]:
    """A code for each name in the order of the names, -1 for an empty one."""
    codes = {name: code for code, name in enumerate(sorted(set(names) - {""}))}
    return np.fromiter((codes.get(name, -1) for name in names), np.int32, len(names))


def _micros(moment: datetime | None) -> int:
    return 0 if moment is None else to_micros(moment)


def _text(row: Any, options: Iterable[str]) -> str:
    parts = (row.title, row.vendor, row.product_type, *(row.tags or ()), row.description, *options)
    return " ".join(filter(None, parts)).strip()


def _read_orders(database: Database, shop_id: int) -> _Orders:
    orders = f'FROM "order" WHERE shop_id = {int(shop_id)}'
    with database.read() as connection:
        first, last = connection.exec_driver_sql(ENDS.format(orders=orders)).one()
    cuts = [] if first is None else [first, (first + last) // 2 + 1]
    country = COUNTRY.format(letter="unicode" if database.is_sqlite else "ascii")
    with_country = replace(ORDERS, columns=(*ORDERS.columns, country))
    parts = read_ranges(database, with_country, shop_id, cuts, fold=lambda rows: rows)
    table = np.concatenate([np.empty((0, 4), np.int64), *parts])
    table = table[np.argsort(table[:, 0], kind="stable")]
    erased = read_integers(database, ERASED, shop_id)[:, 0]
    customers = np.where(np.isin(table[:, 1], erased), GUEST, table[:, 1])
    ids, _, times, countries = (np.ascontiguousarray(column) for column in table.T)
    return _Orders(ids, customers, times, countries)


def _read_lines(database: Database, shop_id: int, orders: _Orders, product_ids: NDArray[np.int64]) -> Purchases:
    if not (len(orders.ids) and len(product_ids)):
        return _joined([])

    def known(lines: NDArray[np.int64]) -> Purchases:
        at, known_order = _positions(orders.ids, lines[:, 0])
        item, known_product = _positions(product_ids, lines[:, 1])
        kept = known_order & known_product
        at = at[kept]
        return Purchases(
            basket=lines[kept, 0],
            user=orders.customers[at],
            item=item[kept].astype(np.int32),
            quantity=lines[kept, 2].astype(np.float32),
            time=orders.times[at],
        )

    return _joined(read_ranges(database, LINES, shop_id, orders.ids[::ORDERS_A_CHUNK].tolist(), known))


def _countries(orders: _Orders, order: NDArray[np.int64]) -> NDArray[np.str_] | None:
    distinct, codes = np.unique(orders.countries, return_inverse=True)
    names = [f"{chr(pair // ABOVE)}{chr(pair % ABOVE)}".upper() for pair in distinct.tolist()]
    known = np.array([name if name.isascii() and name.isalpha() else "" for name in names])
    if not (len(order) and np.any(known != "")):
        return None
    return known[codes[_positions(orders.ids, order)[0]]]


def _positions(ascending: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each of `wanted` stands in `ascending`, and whether it is there at all."""
    at = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return at, ascending[at] == wanted


def _joined(parts: list[Purchases]) -> Purchases:
    def column(name: str, kind: type[np.generic]) -> NDArray[np.generic]:
        return np.concatenate([np.empty(0, dtype=kind), *(getattr(part, name) for part in parts)])

    return Purchases(
        basket=column("basket", np.int64),  # type: ignore[arg-type]
        user=column("user", np.int64),  # type: ignore[arg-type]
        item=column("item", np.int32),  # type: ignore[arg-type]
        quantity=column("quantity", np.float32),  # type: ignore[arg-type]
        time=column("time", np.int64),  # type: ignore[arg-type]
    )


def _less_refunds(
    database: Database,
    shop_id: int,
    bought: Purchases,
    product_ids: NDArray[np.int64],
) -> Purchases:
    refunds = read_integers(database, REFUNDS, shop_id)
    if not (len(refunds) and len(bought.item)):
        return bought
    item, known = _positions(product_ids, refunds[:, 2])
    named = refunds[:, 0] != GUEST
    quantity = bought.quantity
    whenever = np.full(len(refunds), np.iinfo(np.int64).max)
    for owner, column, chosen, time in (
        (bought.basket, 0, named, whenever),
        (bought.user, 1, ~named & (refunds[:, 1] != GUEST), refunds[:, 4]),
    ):
        rows = chosen & known
        returns = Returns(refunds[rows, column], item[rows], refunds[rows, 3], time[rows])
        quantity = take_back(quantity, owner, bought.item, bought.time, returns)
    left = quantity > 0
    if left.all():
        return replace(bought, quantity=quantity)
    return Purchases(
        bought.basket[left],
        bought.user[left],
        bought.item[left],
        quantity[left],
        bought.time[left],
    )
