"""What every vector index promises, and the rules that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

NOTHING = -1
# Cosines closer than this are ties: float32 sums in another order differ by as much.
DECIMALS = 6


class BadVectors(ValueError):
    """Vectors, ids, a question or a filter that break their own rules; the message names the rule. Do not retry."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, a row a question, best first.

    rows: int64 (q, count), places in the index's `ids`, -1 where there was nothing more.
    scores: float32 (q, count), cosines, descending, 0 where there was nothing more.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def nothing(cls, questions: int, count: int) -> Found:
        """An answer with nothing in it, to be filled."""
        return cls(np.full((questions, count), NOTHING, np.int64), np.zeros((questions, count), np.float32))


class VectorIndex(Protocol):
    """The vectors of one shop's products, searched by cosine.

    A row of zeros (a product that nobody bought) is near to none and is never found, and a question of zeros finds
    nothing. Cosines that agree to six decimals are ties, and the lower row comes first.
    """

    @property
    def ids(self) -> NDArray[np.int64]:
        """int64 (n,), ascending: the product of each row."""
        ...

    def search(self, queries: NDArray[Any], count: int, allowed: NDArray[Any] | None = None) -> Found:
        """The `count` nearest rows of each question, among those allowed alone.

        queries: floats (q, d). allowed: bool (n,), or int64 ids, of which unknown ones are nothing; None for all rows.
        The filter holds inside the search: there are fewer than `count` only where fewer are allowed.
        Raises BadVectors.
        """
        ...


def checked(ids: NDArray[Any], vectors: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ids as int64 and vectors scaled to length 1 as float32 (zeros stay zeros). Raises BadVectors."""
    ids, vectors = np.asarray(ids), np.asarray(vectors)
    rules = {
        "there is one id a vector": ids.ndim == 1 and vectors.ndim == 2 and len(ids) == len(vectors),
        "ids are whole numbers": ids.dtype.kind in "iu",
        "vectors are floats": vectors.dtype.kind == "f",
        "ids ascend": ids.ndim == 1 and bool(np.all(ids[1:] > ids[:-1])),
    }
    _hold(rules)
    return ids.astype(np.int64, copy=False), unit(vectors)


def checked_queries(queries: NDArray[Any], dimensions: int, count: int) -> NDArray[np.float32]:
    """Questions scaled to length 1, float32 (q, d). Raises BadVectors."""
    queries = np.asarray(queries)
    rules = {
        "at least one neighbour is asked for": count >= 1,
        f"questions have {dimensions} dimensions": queries.ndim == 2 and queries.shape[1] == dimensions,
        "questions are floats": queries.dtype.kind == "f",
    }
    _hold(rules)
    return unit(queries)


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Vectors scaled to length 1, float32, C order; zeros stay zeros. Raises BadVectors where one is not finite."""
    wide = vectors.astype(np.float32, copy=False)
    lengths = np.linalg.norm(wide.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        broken = np.flatnonzero(~np.isfinite(lengths[:, 0]))
        raise BadVectors(f"broken rule: vectors are finite ({len(broken)} are not, the first in row {broken[0]})")
    return np.ascontiguousarray(wide / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def allowed_rows(ids: NDArray[np.int64], allowed: NDArray[Any] | None) -> NDArray[np.int64] | None:
    """The rows that a filter allows, int64 ascending; None where it allows all. Raises BadVectors."""
    if allowed is None:
        return None
    allowed = np.asarray(allowed)
    if allowed.dtype == np.bool_:
        _hold({"a mask has a value a row": allowed.shape == ids.shape})
        return None if allowed.all() else np.flatnonzero(allowed)
    _hold({"a filter is a mask or ids": allowed.ndim == 1 and (allowed.dtype.kind in "iu" or not len(allowed))})
    if not len(ids) or not len(allowed):
        return np.empty(0, np.int64)
    wanted = np.unique(allowed.astype(np.int64))
    at = np.minimum(ids.searchsorted(wanted), len(ids) - 1)
    known: NDArray[np.int64] = at[ids[at] == wanted].astype(np.int64, copy=False)
    return known


def ranked(
    rows: NDArray[np.int64], scores: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The best `count` of some rows, ties (see `DECIMALS`) by row, both padded to (count,); rows of -1 are left out."""
    if len(rows) > 4 * count:
        floor = np.partition(scores, len(scores) - count)[len(scores) - count] - 2 * 10.0**-DECIMALS
        near = np.flatnonzero(scores >= floor)
        rows, scores = rows[near], scores[near]
    rounded = np.round(scores, DECIMALS)
    order = np.lexsort((rows, -rounded))
    order = order[rows[order] >= 0][:count]
    padded = np.full(count, NOTHING, np.int64), np.zeros(count, np.float32)
    padded[0][: len(order)], padded[1][: len(order)] = rows[order], rounded[order]
    return padded


def recall(found: Found, truth: Found) -> float:
    """The share of what an exact search found that another found as well; a tie with its last one counts as found.

    1 where there was nothing to find.
    """
    wanted = (truth.rows >= 0).sum(axis=1)
    last = np.where(wanted > 0, truth.scores[np.arange(len(wanted)), np.maximum(wanted, 1) - 1], np.inf)
    near = (found.rows >= 0) & (found.scores >= last[:, None] - 2 * 10.0**-DECIMALS)
    total = int(wanted.sum())
    return float(np.minimum(near.sum(axis=1), wanted).sum() / total) if total else 1.0


def _hold(rules: dict[str, bool]) -> None:
    for rule, kept in rules.items():
        if not kept:
            raise BadVectors(f"broken rule: {rule}")
