"""Cold start on real orders: products first sold in the last weeks, over the popularity of their category."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import cold_served, guests
from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from benchmarks.groceries import read_groceries
from benchmarks.retail import read_orders
from recommender.backtests import metrics
from recommender.confidence import MICROSECONDS_A_DAY, confidence, line_weights
from recommender.content.arrivals import Content, fit_arrivals
from recommender.content.cold import cold_factors
from recommender.content.launches import Launch, first_sales, launch
from recommender.content.vectors import content_vectors, content_words, word_groups
from recommender.interactions import Purchases, codes, user_items
from recommender.parameters import Parameters
from recommender.personal.als import fit_factors
from recommender.personal.folding import fold_factors, fold_in

RETAIL = "uci_online_retail.parquet"
CATEGORY = "product_category"
DAYS = 28
WINDOWS = 4
MOST_CASES = 2000
VECTOR_SIZE = 128
GROUPS = (100, 25)
LENGTHS = (20, 5)
OURS, FACTORS, WHOLE = "cold", "cold factors alone", "cold, whole catalogue"
BASELINES = {OURS: "category", FACTORS: "category", WHOLE: "category, whole catalogue"}


@dataclass(frozen=True, slots=True)
class Shop:
    """One data set. category: int32 (n,), what the baseline goes by; said: what that is. texts: n of them."""

    name: str
    purchases: Purchases
    content: Content
    category: NDArray[np.int32]
    said: str
    texts: list[str]


def run(options: Options) -> Iterator[Figure | Stage]:
    """HR@20 and HR@5 of new products over category popularity; HR@10 of guests by context over popularity."""
    folder = Path(os.environ.get("SHELFWISE_DATA", "../shared/data"))
    yield Stage("read", 0.0)
    shops = [_retail(Path(options.data or folder / RETAIL), options.seed)]
    if not options.data:
        shops.append(_grocery(folder, options.seed))
    for number, shop in enumerate(shops):
        yield Stage(shop.name, (number + 0.5) / (len(shops) + 0.5))
        yield from _measured(shop, options)
    yield Stage("guests", 0.95)
    yield from guests.measured(Path(options.data or folder / RETAIL), options.seed)


def _measured(shop: Shop, options: Options) -> Iterator[Figure]:
    """The last launch, then the last four as one; each is foretold from what lay before it alone."""
    sold, n = shop.purchases, len(shop.category)
    first, last = first_sales(sold, n), int(sold.time.max(initial=0))
    most = max(int(MOST_CASES * options.scale), 1)
    begins = [last - number * DAYS * MICROSECONDS_A_DAY for number in range(1, WINDOWS + 1)]
    oldest = int(sold.time.min(initial=last))
    launches = [launch(sold, first, begin, DAYS, most, options.seed) for begin in begins if begin > oldest]
    launches = [each for each in launches if len(each.candidates) > 1]
    if not launches:
        raise NoData(
            f"no two products of {shop.name} were first sold in one of its last {WINDOWS} spans of {DAYS} days"
        )
    tried = [_tried(shop, each, options.seed, whole=not number) for number, each in enumerate(launches)]
    new = len(launches[0].candidates)
    said = f"{len(launches[0].contexts):,} purchases of {new:,} new products, HR@20 at random {min(20 / new, 1.0):.3f}"
    ended = (last - launches[0].begin) // (DAYS * MICROSECONDS_A_DAY) - 1
    span = f"last {DAYS} days" if not ended else f"{DAYS} days, {ended * DAYS} before the end"
    yield from _figures(tried[0], shop, f"{shop.name}, {span}: {said}", options.seed)
    together = {name: np.concatenate([each[name] for each in tried]) for name in (OURS, FACTORS, BASELINES[OURS])}
    said = f"{len(together[OURS]):,} purchases of {sum(len(each.candidates) for each in launches):,} new products"
    data = f"{shop.name}, last {len(launches)} spans of {DAYS} days, each from what lay before it: {said}"
    yield from _figures(together, shop, data, options.seed)
    yield from cold_served.measured(shop.name, sold, shop.texts, shop.category, launches[0], options.seed)


def _tried(shop: Shop, cases: Launch, seed: int, *, whole: bool) -> dict[str, NDArray[np.float64]]:
    """The chance of a hit in the first 20 and 5 for each case, float64 (m, 2), by strategy; `whole`: also among all."""
    model = fit_arrivals(shop.purchases, shop.content, cases.begin, seed)
    plain = category_popularity(shop.purchases, shop.category, cases.begin)
    mapped = _by_factors(shop, cases, seed)
    new, every = cases.candidates, np.arange(len(shop.category), dtype=np.int32)
    found: dict[str, list[list[float]]] = {name: [] for name in (*BASELINES, *BASELINES.values())}
    for number, (context, target) in enumerate(zip(cases.contexts, cases.targets.tolist(), strict=True)):
        item = int(new[target])
        found[OURS].append(chances(model.scores(context, new), target))
        found[FACTORS].append(chances(mapped[number], target))
        found[BASELINES[OURS]].append(chances(plain[new], target))
        if whole:
            found[WHOLE].append(chances(model.scores(context, every), item))
            found[BASELINES[WHOLE]].append(chances(plain, item))
    return {name: np.array(rows) for name, rows in found.items() if rows}


def _by_factors(shop: Shop, cases: Launch, seed: int) -> NDArray[np.float32]:
    """ALS of what lay before, the new products' factors from content; float32 (m, c): each case folded in."""
    past = shop.purchases.where((shop.purchases.time <= cases.begin) & (shop.purchases.user >= 0))
    n, parameters = len(shop.category), replace(Parameters(), seed=seed)
    rows, users = codes(past.user)
    weights = line_weights(past.quantity, past.time, cases.begin, parameters.half_life_days)
    matrix = user_items(rows, past.item, weights, (users, n))
    factors = fit_factors(confidence(matrix, parameters.alpha), parameters, parameters.iterations).item
    lines = np.bincount(past.item, minlength=n).astype(np.float32)
    items = cold_factors(shop.content.vectors, factors, lines, seed)
    folds = fold_factors(factors, parameters.regularization)
    scores = np.zeros((len(cases.contexts), len(cases.candidates)), np.float32)
    for row, context in enumerate(cases.contexts):
        held = np.append(context.history, context.basket)
        weight = np.append(context.weights, np.ones(len(context.basket), np.float32)) * np.float32(parameters.alpha)
        if len(held):
            scores[row] = items[cases.candidates] @ fold_in(factors[held], folds[held], weight)
    return scores


def _figures(found: dict[str, NDArray[np.float64]], shop: Shop, data: str, seed: int) -> Iterator[Figure]:
    weights = metrics.resamples(len(found[OURS]), seed)
    for name, against in ((name, against) for name, against in BASELINES.items() if name in found):
        for column, length in enumerate(LENGTHS):
            measured = metrics.mean(found[name][:, column], weights)
            baseline = float(found[against][:, column].mean())
            bounded = name == OURS and not column
            yield Figure(
                name=f"{name} hr@{length}",
                value=measured.value,
                unit="share",
                baseline=baseline,
                ratio=measured.value / baseline if baseline else None,
                data=data,
                seed=seed,
                low=measured.low,
                high=measured.high,
                baseline_name=f"popularity of the {shop.said}",
                at_least="ratio 1.5" if bounded else "",
                aim="ratio 3" if bounded else "",
            )


def category_popularity(purchases: Purchases, category: NDArray[np.int32], begin: int) -> NDArray[np.float64]:
    """For each product the lines that its category sold up to `begin`, float64 (n,); 0 for a product of none."""
    past = category[purchases.item[purchases.time <= begin]]
    lines = np.bincount(past[past >= 0], minlength=int(category.max(initial=0)) + 1).astype(np.float64)
    return np.where(category >= 0, lines[category], 0.0)


def chances(scores: NDArray[Any], target: int) -> list[float]:
    """The chance that the target is among the first 20 and 5, where equal scores are in random order."""
    above, equal = int((scores > scores[target]).sum()), int((scores == scores[target]).sum())
    return [min(max((length - above) / equal, 0.0), 1.0) for length in LENGTHS]


def head_words(texts: Any) -> NDArray[np.int32]:
    """A category from a title: its last word that five titles have, int32 (n,), -1 where none is."""
    words = [["".join(filter(str.isalpha, word)).lower() for word in text.split()] for text in texts]
    distinct, found_in = np.unique([word for text in words for word in set(text) if word] or [""], return_counts=True)
    known = {str(word): number for number, word in enumerate(distinct[found_in >= 5])}
    return np.array([next((known[w] for w in reversed(text) if w in known), -1) for text in words], np.int32)


def _retail(path: Path, seed: int) -> Shop:
    if not path.exists():
        raise NoData(f"no {path}: put UCI Online Retail there, or say where it is with --data or SHELFWISE_DATA")
    purchases, catalogue = read_orders(path)
    heads = head_words(catalogue.texts)
    return Shop(
        path.stem, purchases, _content(catalogue.texts, [heads], seed), heads, "title's last word", [*catalogue.texts]
    )


def _grocery(folder: Path, seed: int) -> Shop:
    purchases, texts, traits = read_groceries(folder)
    content = _content(texts, list(traits.values()), seed)
    return Shop("cj_transactions_sample", purchases, content, traits[CATEGORY], CATEGORY, texts)


def _content(texts: Any, traits: list[NDArray[np.int32]], seed: int) -> Content:
    vectors = content_vectors(content_words(texts, traits), VECTOR_SIZE, seed)
    return Content([*traits, *(word_groups(vectors, products, seed) for products in GROUPS)], vectors)


BENCHMARK = Benchmark(
    name="cold",
    summary="hit rate of products that nobody bought yet, over their category's popularity",
    run=run,
    quick=False,
    minutes=6.0,
    quality=True,
)
