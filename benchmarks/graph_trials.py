"""The data sets that the graph is tried on: clicks, baskets, and who liked what. Each beside a strong rival."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.figures import NoData, Options
from benchmarks.pairs import read_split
from recommender.baskets.histories import Histories, cut_newest, histories_of
from recommender.baskets.next_basket import bought_features, chances_of, fit_next_basket, habits_of
from recommender.graph.train import GraphParameters
from recommender.graph.windows import cases_of
from recommender.personal.holdout import Asked, hold_out
from recommender.personal.ials import fit_exactly, published
from recommender.sessions.fitting import fit_next_item

Scorer = Callable[[NDArray[np.int64]], NDArray[np.float32]]

SESSION_SETS = {"Diginetica": "sess_diginetica", "RSC15 1/64": "sess_yoochoose1_64"}
BASKETS, PAIRS, QUESTIONS = "nbr_tafeng.parquet", "ml1m_ncf_train.parquet", "ml1m_ncf_test.rating.csv.gz"
HELD_OUT, MOST_CASES = 0.05, 4000
CLICKS, BAG = 20, 100
LISTED = 100
FEWEST = 20
ITERATIONS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """Histories to learn from, and questions about what came after them, c of them.

    bounds, items: see `train_vectors`. orders: CSR (b, n), products that belong together, or None. prefixes: int32
    (c, l), rows, newest first, padded with -1. wanted: int64 (c, t), rows, padded with -1; -1 alone can't be found.
    among: int64 (c, m), the only rows that are ranked, the wanted one first, padded with -1; None for all.
    rival: fits the strategy to beat, which scores cases by number, float32 (b, n).
    """

    bounds: NDArray[np.int64]
    items: NDArray[np.int32]
    orders: sparse.csr_matrix | None
    prefixes: NDArray[np.int32]
    wanted: NDArray[np.int64]
    among: NDArray[np.int64] | None
    rival: Callable[[], Scorer]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One data set. length: of the list. choose: the end of the training data, by which the blend is chosen."""

    name: str
    said: str
    rival: str
    n_items: int
    length: int
    parameters: GraphParameters
    choose: Round
    test: Round


def trials(options: Options) -> Iterator[Callable[[], Trial]]:
    """The four data sets, or those that the options name. Raises NoData."""
    if options.data:
        yield partial(basket_trial, Path(options.data), options)
    elif options.train:
        yield partial(_of_two_files, Path(options.train), Path(options.test), options)
    else:
        folder = Path(os.environ.get("SHELFWISE_DATA", "../shared/data"))
        for name, stem in SESSION_SETS.items():
            train, test = folder / f"{stem}_train_sessions.parquet", folder / f"{stem}_test.parquet"
            yield partial(session_trial, name, train, test, options)
        yield partial(basket_trial, folder / BASKETS, options)
        yield partial(personal_trial, folder / PAIRS, folder / QUESTIONS, options)


def _of_two_files(train: Path, test: Path, options: Options) -> Trial:
    if train.suffix == ".parquet" and "session" in _table(train).column_names:
        return session_trial(train.stem, train, test, options)
    return personal_trial(train, test, options)


def session_trial(name: str, train: Path, test: Path, options: Options) -> Trial:
    """Clicks: files with a column `session`, and with `prefix` and `target`."""
    bounds, clicked = _lists(train, "session")
    first = int((1 - min(options.scale, 1)) * (len(bounds) - 1))
    ids, rows = np.unique(clicked[bounds[first] :], return_inverse=True)
    bounds, items = bounds[first:] - bounds[first], rows.astype(np.int32)
    last = len(bounds) - 1
    if last < FEWEST:
        raise NoData(f"{train.name} holds {last} sessions, too few to choose anything by: {FEWEST} are needed")
    cut = last - min(max(int(HELD_OUT * last), 1), MOST_CASES)
    held_out = cases_of(bounds[cut:], items, CLICKS, MOST_CASES)
    asked = _questions(test, ids, options.scale)

    def made(until: int, prefixes: NDArray[np.int32], wanted: NDArray[np.int64]) -> Round:
        past, n = bounds[: until + 1], len(ids)
        rival = partial(next_item_scorer, past, items, n, prefixes, options.seed)
        return Round(past, items, None, prefixes, wanted[:, None], None, rival)

    return Trial(
        name=name,
        said=f"{train.name}, {last:,} sessions, {len(ids):,} items; {len(asked[1]):,} prefixes of {test.name}",
        rival="session k-NN, learnt order",
        n_items=len(ids),
        length=20,
        parameters=GraphParameters(seed=options.seed),
        choose=made(cut, held_out.prefixes, held_out.wanted.astype(np.int64)),
        test=made(last, *asked),
    )


def next_item_scorer(
    bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int, prefixes: NDArray[np.int32], seed: int
) -> Scorer:
    """The next item of a session, by neighbour sessions; what they do not name has no score."""
    model = fit_next_item(
        bounds, items[: bounds[-1]], n_items, seed=seed, progress=lambda _stage, _fraction: None, threads=1
    )

    def score(cases: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = np.full((len(cases), n_items), -np.inf, np.float32)
        for place, case in enumerate(cases.tolist()):
            prefix = prefixes[case]
            found = model.candidates(prefix[prefix >= 0][::-1].tolist(), None, LISTED)
            scores[place, found.rows] = found.scores
        return scores

    return score


def basket_trial(path: Path, options: Options) -> Trial:
    """Baskets: a file with columns `user`, `basket_no` and `item`; each user's last basket is the test."""
    table = _table(path)
    if missing := {"user", "basket_no", "item"} - set(table.column_names):
        raise NoData(f"{path.name} has no column called {min(missing)}")
    columns = [table.column(name).to_numpy() for name in ("user", "basket_no", "item")]
    users = np.unique(columns[0])
    kept = np.isin(columns[0], users[: int(options.scale * len(users))])
    user, basket, item = (column[kept] for column in columns)
    ids, rows = np.unique(item, return_inverse=True)
    known, wanted = cut_newest(histories_of(user, basket, rows, len(ids)))
    past, newest = cut_newest(known)
    if len(np.unique(newest.user)) < FEWEST:
        raise NoData(f"{path.name} has too few users of three baskets or more to choose by: {FEWEST} are needed")
    return Trial(
        name="Ta-Feng" if path.name == BASKETS else path.stem,
        said=f"{path.name}, {len(user):,} lines, {len(known):,} users, {len(ids):,} items; their last baskets",
        rival="habits, then what sells",
        n_items=len(ids),
        length=10,
        parameters=GraphParameters(clicks=BAG, ordered=False, seed=options.seed),
        choose=_basket_round(past, newest, options.seed, MOST_CASES),
        test=_basket_round(known, wanted, options.seed, len(known)),
    )


def _basket_round(past: Histories, newest: Histories, seed: int, at_most: int) -> Round:
    """Every customer with a newest basket is asked for it; one of no past gets what sells."""
    asked = np.unique(newest.user)
    if len(asked) > at_most:
        asked = asked[np.linspace(0, len(asked) - 1, at_most).astype(np.int64)]
    order = np.lexsort((past.age, past.user))
    bounds = np.searchsorted(past.user[order], np.arange(len(past) + 1))
    oldest = np.lexsort((-past.age, past.user))
    _, number = np.unique(past.user * (int(past.age.max(initial=0)) + 1) + past.age, return_inverse=True)
    orders = sparse.csr_matrix(
        (np.ones(len(number), np.float32), (number, past.item)), shape=(number.max() + 1, past.n_items)
    )
    prefixes = _rows(bounds, past.item[order], asked, BAG).astype(np.int32)
    by_user = np.argsort(newest.user, kind="stable")
    begins = np.searchsorted(newest.user[by_user], np.arange(len(past) + 1))
    wanted = _rows(begins, newest.item[by_user], asked, int(np.diff(begins).max(initial=1)))
    return Round(bounds, past.item[oldest], orders, prefixes, wanted, None, partial(habit_scorer, past, asked, seed))


def habit_scorer(past: Histories, asked: NDArray[np.int64], seed: int) -> Scorer:
    """Log of the chance that a customer buys a product next: by their habits, or else by how often anybody does."""
    model = fit_next_basket(past, seed=seed, progress=lambda _stage, _fraction: None)
    bought = bought_features(past, habits_of(past))
    chances = sparse.csr_matrix(
        (chances_of(model, bought), (bought.user, bought.item)), shape=(len(past), past.n_items)
    )
    sold = np.bincount(past.item, minlength=past.n_items) + 1.0
    anybody = np.log(sold / (past.baskets.sum() + 1)).astype(np.float32)

    def score(cases: NDArray[np.int64]) -> NDArray[np.float32]:
        own = chances[asked[cases]].tocoo()
        scores = np.repeat(anybody[None, :], len(cases), axis=0)
        scores[own.row, own.col] = np.maximum(scores[own.row, own.col], np.log(own.data))
        return scores

    return score


def personal_trial(train: Path, test: Path, options: Options) -> Trial:
    """Who liked what: files of pairs, in the shapes of `bench personal`."""
    if not (train.exists() and test.exists()):
        raise NoData(f"no {train} or no {test}: put MovieLens 1M there, or say --train FILE --test FILE")
    split = read_split(train, test)
    known, cases = split.user_items, split.asked
    kept = slice(0, max(int(options.scale * len(cases)), 1))
    cases = Asked(cases.users[kept], cases.targets[kept], None if cases.rivals is None else cases.rivals[kept])
    drawn = None if cases.rivals is None else cases.rivals.shape[1]
    past, held_out = hold_out(known, options.seed, rivals=drawn, at_most=MOST_CASES, age=split.age)
    return Trial(
        name="MovieLens 1M" if train.name == PAIRS else train.stem,
        said=split.said,
        rival="ALS, published settings",
        n_items=known.shape[1],
        length=10,
        parameters=GraphParameters(clicks=BAG, ordered=False, seed=options.seed),
        choose=_personal_round(past, held_out, options.seed),
        test=_personal_round(known, cases, options.seed),
    )


def _personal_round(known: sparse.csr_matrix, cases: Asked, seed: int) -> Round:
    bounds = known.indptr.astype(np.int64)
    prefixes = _rows(bounds, known.indices, cases.users, BAG).astype(np.int32)
    among = None if cases.rivals is None else np.column_stack([cases.targets, cases.rivals])

    def rival() -> Scorer:
        setting = replace(published(known), iterations=ITERATIONS)
        factors = fit_exactly(known, setting, threads=1, seed=seed)
        return lambda numbers: factors.user[cases.users[numbers]] @ factors.item.T

    return Round(bounds, known.indices.astype(np.int32), known, prefixes, cases.targets[:, None], among, rival)


def _rows(
    bounds: NDArray[np.int64], items: NDArray[np.integer], chosen: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """The first `most` items of each chosen row, int64 (rows, most), padded with -1."""
    at = bounds[chosen][:, None] + np.arange(most)
    inside = at < bounds[chosen + 1][:, None]
    return np.where(inside, items[np.where(inside, at, 0)], -1).astype(np.int64)


def _questions(path: Path, ids: NDArray[np.int64], scale: float) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Prefixes, newest first, and what was wanted, as rows of `ids`; unknown items are passed over."""
    bounds, clicked = _lists(path, "prefix")
    wanted = _found(ids, _table(path).column("target").to_numpy())
    kept = np.linspace(0, len(wanted) - 1, max(int(min(scale, 1) * len(wanted)), 1)).astype(np.int64)
    rows = _found(ids, clicked)
    prefixes = np.full((len(kept), CLICKS), -1, np.int32)
    for place, case in enumerate(kept.tolist()):
        own = rows[bounds[case] : bounds[case + 1]]
        newest = own[own >= 0][::-1][:CLICKS]
        prefixes[place, : len(newest)] = newest
    return prefixes, wanted[kept]


def _found(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[at] == wanted, at, -1)


def _lists(path: Path, column: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = _table(path)
    if column not in table.column_names or not len(table):
        raise NoData(f"{path.name} has no lines with a column called {column}")
    lists = table.column(column).combine_chunks()
    return lists.offsets.to_numpy().astype(np.int64), lists.values.to_numpy().astype(np.int64)


def _table(path: Path) -> pa.Table:
    if not path.exists():
        raise NoData(f"no {path}: put the data set there, or say where it is with --data, --train and --test")
    return pq.read_table(path)
