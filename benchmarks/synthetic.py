"""A made-up shop of any size whose customers have tastes, and its bulk insertion into a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from integration.storage import Base
from integration.storage.database import Database

TASTES = 60
FIRST_MOMENT = 1_700_000_000_000_000
TWO_YEARS = 2 * 365 * 86_400_000_000
SHARE_OF_MAIN_TASTE, SHARE_OF_SECOND_TASTE = 0.55, 0.2
POPULARITY_EXPONENT = 0.8
LINES_A_BASKET = 3.0
CASES = 5000


@dataclass(frozen=True, slots=True)
class History:
    """m sold lines of a shop, in order of time; users and items count from 0.

    order: int64 (m,), ascending. user, item: int64 (m,). order_user, order_time (microseconds): int64 (orders,).
    case_user, case_item: int64 (c,), for some users one thing that they buy next; it is in no order.
    """

    users: int
    items: int
    order: NDArray[np.int64]
    user: NDArray[np.int64]
    item: NDArray[np.int64]
    order_user: NDArray[np.int64]
    order_time: NDArray[np.int64]
    case_user: NDArray[np.int64]
    case_item: NDArray[np.int64]
    taste: NDArray[np.int64]


def make_history(users: int, items: int, lines: int, seed: int) -> History:
    """Customers with one main and one second taste and an eye for what is popular; popularity falls as a power law."""
    random = np.random.default_rng(seed)
    taste = random.integers(0, TASTES, items)
    weight = np.power(random.permutation(items) + 1.0, -POPULARITY_EXPONENT, dtype=np.float64)
    draw = _Draw(taste, weight)
    tastes = random.integers(0, TASTES, (users, 2))
    activity = random.lognormal(0.0, 0.8, users)
    user = np.sort(random.choice(users, size=lines, p=activity / activity.sum()))
    item = draw.items(random, tastes[user])
    new_basket = np.r_[True, user[1:] != user[:-1]] | (random.random(lines) < 1.0 / LINES_A_BASKET)
    basket = np.cumsum(new_basket) - 1
    moments = FIRST_MOMENT + random.integers(0, TWO_YEARS, int(basket[-1]) + 1)
    rank = np.empty(len(moments), dtype=np.int64)
    rank[np.argsort(moments)] = np.arange(len(moments))
    by_time = np.argsort(rank[basket], kind="stable")
    owners = np.empty(len(moments), dtype=np.int64)
    owners[rank[basket]] = user
    known = np.unique(user)
    case_user = random.choice(known, size=min(CASES, len(known)), replace=False)
    return History(
        users=users,
        items=items,
        order=rank[basket][by_time],
        user=user[by_time],
        item=item[by_time],
        order_user=owners,
        order_time=np.sort(moments),
        case_user=case_user,
        case_item=draw.items(random, tastes[case_user]),
        taste=taste,
    )


class _Draw:
    """Draws items by taste: a run of the cumulative weights for each taste."""

    def __init__(self, taste: NDArray[np.int64], weight: NDArray[np.float64]) -> None:
        self._by_taste = np.argsort(taste, kind="stable")
        self._cumulative = np.cumsum(weight[self._by_taste])
        bounds = np.searchsorted(taste[self._by_taste], np.arange(TASTES + 1))
        self._edges = np.r_[0.0, self._cumulative][bounds]

    def items(self, random: np.random.Generator, tastes: NDArray[np.int64]) -> NDArray[np.int64]:
        """One item for each pair of tastes (m, 2)."""
        lines = len(tastes)
        kind = random.random(lines)
        chosen = np.where(kind < SHARE_OF_MAIN_TASTE, tastes[:, 0], tastes[:, 1])
        anything = kind >= SHARE_OF_MAIN_TASTE + SHARE_OF_SECOND_TASTE
        low = np.where(anything, 0.0, self._edges[chosen])
        high = np.where(anything, self._edges[-1], self._edges[chosen + 1])
        at = np.searchsorted(self._cumulative, low + random.random(lines) * (high - low), side="right")
        drawn: NDArray[np.int64] = self._by_taste[np.minimum(at, len(self._by_taste) - 1)]
        return drawn


def fill_store(database: Database, history: History) -> int:
    """Write the history into an empty SQLite store as one shop, without its indexes until the end; returns its id.

    Product, customer and order ids are the history's numbers plus 1.
    """
    Base.metadata.create_all(database.engine)
    connection = database.engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        driver.execute("PRAGMA synchronous=OFF")
        driver.execute("PRAGMA foreign_keys=OFF")
        for table, rows in _tables(history):
            _insert(driver, table, rows)
        driver.commit()
    finally:
        connection.close()
    return 1


def _tables(history: History) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    end = FIRST_MOMENT + TWO_YEARS
    yield "shop", [_SHOP | {"created_at": FIRST_MOMENT}]
    yield "product", (_product(row, int(taste)) for row, taste in enumerate(history.taste.tolist()))
    yield (
        "customer",
        ({"id": row + 1, "shop_id": 1, "external_id": f"c{row}", **_TIMED} for row in range(history.users)),
    )
    orders = zip(history.order_user.tolist(), history.order_time.tolist(), strict=True)
    yield "order", (_order(row, user, min(moment, end)) for row, (user, moment) in enumerate(orders))
    lines = zip(history.order.tolist(), history.item.tolist(), strict=True)
    yield "order_line", ({**_LINE, "order_id": order + 1, "product_id": item + 1} for order, item in lines)


_TIMED = {"country": "GB", "source_version": 0}
_LINE = {"shop_id": 1, "variant": "", "quantity": 1, "unit_price": "9.9000"}
_SHOP = {
    "id": 1,
    "key": "pipeline",
    "name": "Pipeline",
    "currency": "GBP",
    "locale": "en",
    "storefront_url": "",
    "stock_policy": "hide",
    "low_stock_threshold": 3,
    "shelf_version": 0,
}


def _product(row: int, taste: int) -> dict[str, Any]:
    return {
        "id": row + 1,
        "shop_id": 1,
        "external_id": f"p{row}",
        "known": 1,
        "title": f"Thing {row} of kind{taste} with trait{row % 7}",
        "handle": f"thing-{row}",
        "description": f"A thing for people who like kind{taste}, colour{row % 11}, size{row % 5}.",
        "vendor": f"Maker {row % 40}",
        "product_type": f"Kind {taste}",
        "tags": "[]",
        "category": "",
        "collections": "[]",
        "url": "",
        "image_url": "",
        "status": "active",
        "published": 1,
        "source_version": 0,
        "shelf_version": 0,
    }


def _order(row: int, user: int, moment: int) -> dict[str, Any]:
    return {
        "id": row + 1,
        "shop_id": 1,
        "external_id": f"o{row}",
        "customer_id": user + 1,
        "ordered_at": moment,
        "currency": "GBP",
        "channel": "online",
        "visitor": "",
        "is_test": 0,
        **_TIMED,
    }


def _insert(driver: Any, table: str, rows: Iterable[dict[str, Any]]) -> None:
    iterator = iter(rows)
    first = next(iterator)
    columns = ", ".join(f'"{name}"' for name in first)
    marks = ", ".join(f":{name}" for name in first)
    statement = f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'  # noqa: S608
    driver.execute(statement, first)
    driver.executemany(statement, iterator)
