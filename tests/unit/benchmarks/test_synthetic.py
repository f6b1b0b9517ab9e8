"""The made-up shop of the pipeline benchmark is the same for a seed, and fits into a store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.synthetic import fill_store, make_history
from integration.storage.database import Database
from integration.storage.training_data import read_training_data


def test_a_seed_gives_one_history_and_another_seed_another() -> None:
    one, same, other = (make_history(200, 80, 3000, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.item, same.item)
    assert not np.array_equal(one.item, other.item)


def test_a_tenth_of_the_products_makes_a_third_of_the_sales() -> None:
    sold = np.sort(np.bincount(make_history(500, 200, 10_000, 1).item, minlength=200))[::-1]
    assert sold[:20].sum() > sold.sum() / 3


def test_what_is_in_the_store_is_what_was_made(tmp_path: Path) -> None:
    history = make_history(100, 40, 1000, 1)
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    shop_id = fill_store(database, history)
    data = read_training_data(database, shop_id)
    database.close()
    assert np.array_equal(data.purchases.item, history.item)
    assert np.array_equal(data.purchases.user, history.user + 1)
    assert data.orders == len(history.order_user)
