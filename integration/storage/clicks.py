"""What visitors looked at, session by session, in bulk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integration.storage.columns import Bulk, read_integers
from integration.storage.database import Database
from recommender.fitting.visits import Visits, visits_of

CLICKS = Bulk(
    ("session_id", "product_id", "occurred_at"),
    """
    FROM behaviour_event
    WHERE shop_id = {shop} AND product_id IS NOT NULL AND kind IN ('view', 'click', 'cart_add')
    """,
    order="occurred_at, id",
)


@dataclass(frozen=True, slots=True)
class Clicks:
    """Products that visitors looked at, c of them, in the order it happened.

    session: int64 (c,), the visit's number. item: int32 (c,), row in `product_ids`. time: int64 (c,), microseconds.
    """

    session: NDArray[np.int64]
    item: NDArray[np.int32]
    time: NDArray[np.int64]


def read_clicks(database: Database, shop_id: int, product_ids: NDArray[np.int64]) -> Clicks:
    """All that a shop's visitors looked at of these products, ascending ids."""
    rows = read_integers(database, CLICKS, shop_id)
    item = np.searchsorted(product_ids, rows[:, 1])
    known = item < len(product_ids)
    known[known] = product_ids[item[known]] == rows[known, 1]
    return Clicks(rows[known, 0], item[known].astype(np.int32), rows[known, 2])


def read_visits(database: Database, shop_id: int, product_ids: NDArray[np.int64]) -> Visits:
    """The visits of two products or more that a shop's shoppers made, oldest first."""
    clicks = read_clicks(database, shop_id, product_ids)
    return visits_of(clicks.session, clicks.item, clicks.time)
