"""Small made-up shops for the tests of the recommender."""

from __future__ import annotations

import numpy as np

from recommender.interactions import Catalogue, Purchases
from recommender.parameters import Parameters

DAY = 86_400_000_000
START = 1_700_000_000_000_000
SMALL = Parameters(factors=8, iterations=6, neighbours=10, cases=200, threads=1)


def catalogue(n: int = 40, categories: int = 4) -> Catalogue:
    """Make n products, ids 100, 103, ...; product i is of category i % categories."""
    ids = np.arange(n, dtype=np.int64) * 3 + 100
    texts = [f"product number{i} kind{i % categories} brand{i % 7}" for i in range(n)]
    return Catalogue(ids, (np.arange(n) % categories).astype(np.int32), texts)


def purchases(n: int = 40, orders: int = 600, days: int = 200, seed: int = 1) -> Purchases:
    """Orders of 2 to 4 products of one category (i % 4) each, by 50 customers and guests, spread over some days."""
    rng = np.random.default_rng(seed)
    baskets: list[int] = []
    users: list[int] = []
    items: list[int] = []
    times: list[int] = []
    for order in range(orders):
        kind = rng.integers(0, 4)
        size = int(rng.integers(2, 5))
        chosen = rng.choice(np.arange(kind, n, 4), size, replace=False)
        user = int(rng.integers(-10, 50))
        baskets += [order] * size
        users += [max(user, -1)] * size
        items += chosen.tolist()
        times += [START + int(order * days * DAY / orders)] * size
    return lines(baskets, users, items, times)


def lines(baskets: list[int], users: list[int], items: list[int], times: list[int]) -> Purchases:
    """Sold lines of one piece each."""
    return Purchases(
        np.array(baskets, np.int64),
        np.array(users, np.int64),
        np.array(items, np.int32),
        np.ones(len(items), np.float32),
        np.array(times, np.int64),
    )


def silent(_stage: str, _fraction: float) -> None:
    """Progress that nobody listens to."""
