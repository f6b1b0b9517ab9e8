"""What visitors looked at, session by session, in bulk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integration.storage.columns import Bulk, read_integers
from integration.storage.database import Database
from recommender.sessions.visits import Visits, visits_of

CLICKS = Bulk(
    ("session_id", "product_id", "occurred_at"),
    """
    FROM behaviour_event
    WHERE shop_id = {shop} AND product_id IS NOT NULL AND kind IN ('view', 'click', 'cart_add')
    """,
    order="occurred_at, id",
)

# A visit that was under way when the model's data ended is read from so long before on, in microseconds.
LONGEST_VISIT = 4 * 3_600_000_000
MOST_FRESH_CLICKS = 500_000
FRESH_CLICKS = Bulk(
    ("seen.session_id", "seen.product_id", "seen.occurred_at", "visit.last_event_at"),
    """
    FROM behaviour_event AS seen JOIN session AS visit ON visit.id = seen.session_id
    WHERE seen.shop_id = {shop} AND seen.product_id IS NOT NULL AND seen.kind IN ('view', 'click', 'cart_add')
    """,
    key="seen.occurred_at",
    # Newest first, so that the oldest are left out where there are more.
    order=f"seen.occurred_at DESC, seen.id DESC LIMIT {MOST_FRESH_CLICKS}",
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
    return _clicks(read_integers(database, CLICKS, shop_id), product_ids)


def read_visits(database: Database, shop_id: int, product_ids: NDArray[np.int64]) -> Visits:
    """The visits of two products or more that a shop's shoppers made, oldest first."""
    clicks = read_clicks(database, shop_id, product_ids)
    return visits_of(clicks.session, clicks.item, clicks.time)


def read_fresh_visits(
    database: Database, shop_id: int, product_ids: NDArray[np.int64], *, since: int, quiet_since: int, at_most: int
) -> Visits:
    """The newest `at_most` visits that ended at or after a moment and in which nothing has happened since another.

    since, quiet_since: microseconds since 1970. Of a shop's last MOST_FRESH_CLICKS clicks.
    """
    rows = read_integers(database, FRESH_CLICKS, shop_id, since - LONGEST_VISIT)[::-1]
    clicks = _clicks(rows[rows[:, 3] < quiet_since], product_ids)
    visits = visits_of(clicks.session, clicks.item, clicks.time)
    first = int(np.searchsorted(visits.ended, since))
    return visits.part(max(first, len(visits) - at_most), len(visits))


def _clicks(rows: NDArray[np.int64], product_ids: NDArray[np.int64]) -> Clicks:
    item = np.searchsorted(product_ids, rows[:, 1])
    known = item < len(product_ids)
    known[known] = product_ids[item[known]] == rows[known, 1]
    return Clicks(rows[known, 0], item[known].astype(np.int32), rows[known, 2])
