"""What a store of vectors promises, whatever server is behind it."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from recommender.vectors.index import VectorIndex


class Replaced(Exception):
    """The vectors that an index searched have been replaced by those of a newer model. Open it again."""

    def __init__(self, version: str) -> None:
        super().__init__(f"the vectors of {version} have been replaced; open the index again")


class NoVectorServer(Exception):
    """The server is not reachable or can't do this; the message says what to do."""


class VectorStore(Protocol):
    """Vectors of any number of shops, one version of a model each; a shop never sees another's."""

    def fill(self, shop_id: int, version: str, ids: NDArray[Any], vectors: NDArray[Any]) -> None:
        """Hold these vectors of a shop and no others: searchers meet the old ones or the new ones, never both.

        Raises BadVectors, NoVectorServer.
        """
        ...

    def open(self, shop_id: int, version: str, ids: NDArray[Any]) -> VectorIndex | None:
        """The index of a shop, or None where it does not hold this version; ids: those it was filled with.

        Searching it may raise Replaced.
        """
        ...

    def forget(self, shop_id: int) -> None:
        """Hold nothing of this shop any more."""
        ...
