"""Which index is worth its building."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from numpy.typing import NDArray

from recommender.vectors.exact import ExactIndex
from recommender.vectors.index import VectorIndex

# From here on a graph is built and asked for every product's neighbours in half the time that an exact search takes,
# and an exact search answers one question in more than a millisecond (docs/developers/vectors.md).
LARGE = 100_000


def best_index(ids: NDArray[Any], vectors: NDArray[Any], questions: int) -> VectorIndex:
    """The index that answers so many questions soonest: HNSW for a large catalogue's many, else exact.

    Without faiss (the extra "vectors") always exact. ids, vectors: as for `index.checked`.
    """
    if len(ids) >= LARGE and 4 * questions >= len(ids) and find_spec("faiss") is not None:
        from recommender.vectors.hnsw import HnswIndex

        return HnswIndex(ids, vectors)
    return ExactIndex(ids, vectors)
