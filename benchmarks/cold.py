"""Cold start on real orders: products first sold in the last weeks, and guests of whom nothing is known."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from benchmarks.retail import read_orders
from recommender.backtests import metrics
from recommender.confidence import MICROSECONDS_A_DAY
from recommender.content.arrivals import Content, fit_arrivals
from recommender.content.launches import Launch, first_sales, launch
from recommender.content.vectors import content_vectors, content_words, word_groups
from recommender.interactions import Purchases

RETAIL = "uci_online_retail.parquet"
GROCERY, GOODS = "cj_transactions_sample.parquet", "cj_products.parquet"
COLUMNS = ("department", "product_category", "product_type", "manufacturer_id", "brand", "package_size")
CATEGORY = "product_category"
DAYS = 28
WINDOWS = 4
MOST_CASES = 2000
VECTOR_SIZE = 128
GROUPS = (100, 25)
LENGTHS = (20, 5)


@dataclass(frozen=True, slots=True)
class Shop:
    """One data set. category: int32 (n,), what the baseline goes by; said: what that is."""

    name: str
    purchases: Purchases
    content: Content
    category: NDArray[np.int32]
    said: str


def run(options: Options) -> Iterator[Figure | Stage]:
    """HR@20 of the choice model over category popularity, among the new arrivals and in the whole catalogue."""
    folder = Path(os.environ.get("SHELFWISE_DATA", "../shared/data"))
    yield Stage("read", 0.0)
    shops = [_retail(Path(options.data or folder / RETAIL), options.seed)]
    if not options.data:
        shops.append(_grocery(folder, options.seed))
    for number, shop in enumerate(shops):
        yield Stage(shop.name, (number + 1) / (len(shops) + 1))
        yield from _measured(shop, options)


def _measured(shop: Shop, options: Options) -> Iterator[Figure]:
    sold, n = shop.purchases, len(shop.category)
    first, last = first_sales(sold, n), int(sold.time.max(initial=0))
    most = max(int(MOST_CASES * options.scale), 1)
    for window in range(WINDOWS):
        begin = last - (window + 1) * DAYS * MICROSECONDS_A_DAY
        cases = launch(sold, first, begin, DAYS, most, options.seed)
        if len(cases.candidates) < 2:
            continue
        when = f"last {DAYS} days" if not window else f"{DAYS} days that ended {window * DAYS} days before the end"
        data = f"{shop.name}, {when}: {len(cases.targets):,} purchases of {len(cases.candidates):,} new products"
        for everything in (False, True):
            yield from _compared(shop, cases, everything, data, options.seed, official=not window)


def _compared(shop: Shop, cases: Launch, everything: bool, data: str, seed: int, *, official: bool) -> Iterator[Figure]:
    listed = np.arange(len(shop.category), dtype=np.int32) if everything else cases.candidates
    targets = cases.candidates[cases.targets].astype(np.int64) if everything else cases.targets
    model = fit_arrivals(shop.purchases, shop.content, cases.begin, seed)
    plain = category_popularity(shop.purchases, shop.category, cases.begin)[listed]
    ours = np.array([_chance(model.scores(c, listed), t) for c, t in zip(cases.contexts, targets, strict=True)])
    theirs = np.array([_chance(plain, t) for t in targets])
    weights = metrics.resamples(len(targets), seed)
    place = "the whole catalogue" if everything else "the new arrivals"
    for column, length in enumerate(LENGTHS):
        found = metrics.mean(ours[:, column], weights)
        baseline = float(theirs[:, column].mean())
        bounded = official and not column and not everything
        yield Figure(
            name=f"cold hr@{length} among {place}",
            value=found.value,
            unit="share",
            baseline=baseline,
            ratio=found.value / baseline if baseline else None,
            data=f"{data}; a random order would have {min(length / len(listed), 1.0):.3f}",
            seed=seed,
            low=found.low,
            high=found.high,
            baseline_name=f"popularity of the {shop.said}",
            at_least="ratio 1.5" if bounded else "",
            aim="ratio 3" if bounded else "",
        )


def category_popularity(purchases: Purchases, category: NDArray[np.int32], begin: int) -> NDArray[np.float64]:
    """For each product the lines that its category sold up to `begin`, float64 (n,); 0 for a product of none."""
    past = category[purchases.item[purchases.time <= begin]]
    lines = np.bincount(past[past >= 0], minlength=int(category.max(initial=0)) + 1).astype(np.float64)
    return np.where(category >= 0, lines[category], 0.0)


def _chance(scores: NDArray[Any], target: int) -> list[float]:
    """The chance that the target is among the first 20 and 5, where equal scores are in random order."""
    above, equal = int((scores > scores[target]).sum()), int((scores == scores[target]).sum())
    return [min(max((length - above) / equal, 0.0), 1.0) for length in LENGTHS]


def _retail(path: Path, seed: int) -> Shop:
    if not path.exists():
        raise NoData(f"no {path}: put UCI Online Retail there, or say where it is with --data or SHELFWISE_DATA")
    purchases, catalogue = read_orders(path)
    heads = head_words(catalogue.texts)
    return Shop(path.stem, purchases, _content(catalogue.texts, [heads], seed), heads, "last word of the title")


def head_words(texts: Any) -> NDArray[np.int32]:
    """A category from a title: its last word that five titles have, int32 (n,), -1 where none is."""
    words = [["".join(filter(str.isalpha, word)).lower() for word in text.split()] for text in texts]
    distinct, found_in = np.unique([word for text in words for word in set(text) if word], return_counts=True)
    known = {str(word): number for number, word in enumerate(distinct[found_in >= 5])}
    return np.array([next((known[w] for w in reversed(text) if w in known), -1) for text in words], np.int32)


def _grocery(folder: Path, seed: int) -> Shop:
    for name in (GROCERY, GOODS):
        if not (folder / name).exists():
            raise NoData(f"no {folder / name}: put The Complete Journey there, or say where with SHELFWISE_DATA")
    lines, goods = pq.read_table(folder / GROCERY), pq.read_table(folder / GOODS)
    ids, item = np.unique(np.array(lines["product_id"].to_pylist(), np.str_), return_inverse=True)
    rows = {key: row for row, key in enumerate(goods["product_id"].to_pylist())}
    of_sold = [rows.get(str(key), -1) for key in ids]
    columns = {name: [*goods[name].to_pylist(), None] for name in COLUMNS}
    traits = {name: _coded([values[row] for row in of_sold]) for name, values in columns.items()}
    texts = [
        " ".join(str(columns[name][row] or "") for name in COLUMNS if name != "manufacturer_id") for row in of_sold
    ]
    purchases = Purchases(
        _coded(lines["basket_id"].to_pylist()).astype(np.int64),
        _coded(lines["household_id"].to_pylist()).astype(np.int64),
        item.astype(np.int32),
        np.ones(len(item), np.float32),
        lines["transaction_timestamp"].to_numpy().astype("datetime64[us]").astype(np.int64),
    )
    content = _content(texts, list(traits.values()), seed)
    return Shop("cj_transactions_sample", purchases, content, traits[CATEGORY], CATEGORY)


def _coded(values: list[Any]) -> NDArray[np.int32]:
    """A code for each value in the order of the values' names, -1 for a missing one."""
    known = {name: code for code, name in enumerate(sorted({str(value) for value in values if value is not None}))}
    return np.array([-1 if value is None else known[str(value)] for value in values], np.int32)


def _content(texts: Any, traits: list[NDArray[np.int32]], seed: int) -> Content:
    vectors = content_vectors(content_words(texts, traits), VECTOR_SIZE, seed)
    return Content([*traits, *(word_groups(vectors, products, seed) for products in GROUPS)], vectors)


BENCHMARK = Benchmark(
    name="cold",
    summary="hit rate of products that nobody bought yet, over their category's popularity",
    run=run,
    quick=False,
    minutes=2.0,
    quality=True,
)
