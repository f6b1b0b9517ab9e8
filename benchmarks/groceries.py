"""Reads The Complete Journey: grocery lines of households, and the hierarchy of the products they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.figures import NoData
from recommender.interactions import Purchases

LINES, PRODUCTS = "cj_transactions_sample.parquet", "cj_products.parquet"
TRAITS = ("department", "product_category", "product_type", "manufacturer_id", "brand", "package_size")
IN_WORDS = ("department", "product_category", "product_type", "brand", "package_size")


def read_groceries(folder: Path) -> tuple[Purchases, list[str], dict[str, NDArray[np.int32]]]:
    """The lines, and of each product that was sold its text and its traits' codes, int32 (n,), -1 for none."""
    for name in (LINES, PRODUCTS):
        if not (folder / name).exists():
            raise NoData(f"no {folder / name}: put The Complete Journey there, or say where with SHELFWISE_DATA")
    lines, goods = pq.read_table(folder / LINES), pq.read_table(folder / PRODUCTS)
    ids, item = np.unique(np.array(lines["product_id"].to_pylist(), np.str_), return_inverse=True)
    rows = {key: row for row, key in enumerate(goods["product_id"].to_pylist())}
    sold = [rows.get(str(key), -1) for key in ids]
    columns = {name: [*goods[name].to_pylist(), None] for name in TRAITS}
    texts = [" ".join(str(columns[name][row] or "") for name in IN_WORDS) for row in sold]
    traits = {name: _coded([values[row] for row in sold]) for name, values in columns.items()}
    purchases = Purchases(
        _coded(lines["basket_id"].to_pylist()).astype(np.int64),
        _coded(lines["household_id"].to_pylist()).astype(np.int64),
        item.astype(np.int32),
        np.ones(len(item), np.float32),
        lines["transaction_timestamp"].to_numpy().astype("datetime64[us]").astype(np.int64),
    )
    return purchases, texts, traits


def _coded(values: list[Any]) -> NDArray[np.int32]:
    """A code for each value in the order of the values' names, -1 for a missing one."""
    known = {name: code for code, name in enumerate(sorted({str(value) for value in values if value is not None}))}
    return np.array([-1 if value is None else known[str(value)] for value in values], np.int32)
