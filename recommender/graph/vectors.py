"""Product vectors as they are served: plain arrays and a dot product. Nothing here knows how they were learnt."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.errors import BadArtifact

FORMAT = 1
WHEN = ("now", "past")
ARRAYS = {"product_ids": ("int64", 1), "vectors": ("float32", 2), "position_weights": ("float32", 1)}


@dataclass(frozen=True, slots=True, eq=False)
class ProductVectors:
    """A vector a product and how a session is read with them. Session and products meet on the unit sphere.

    product_ids: int64 (n,), ascending. vectors: float32 (n, d), of length 1, or 0 where nothing is known of a product.
    position_weights: float32 (p,), what a click counts, the newest first; older clicks than p count nothing.
    scale: what a cosine is multiplied by to be a logit of the softmax that they were learnt with (Gupta et al., NISER,
    2019).
    """

    product_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    position_weights: NDArray[np.float32]
    scale: float

    def __len__(self) -> int:
        return len(self.product_ids)

    def session_vector(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """The session's place among the products, float32 (d,) of length 1; 0 for a session that tells nothing.

        rows: products of the session, the newest first; a product that was clicked twice stands there twice.
        """
        newest = rows[: len(self.position_weights)]
        mean: NDArray[np.float32] = self.position_weights[: len(newest)] @ self.vectors[newest]
        length = float(np.sqrt(mean @ mean))
        return mean / np.float32(length) if length > 0 else mean

    def session_vectors(self, prefixes: NDArray[np.integer]) -> NDArray[np.float32]:
        """The same for many sessions at once, float32 (s, d). prefixes: (s, l), rows, newest first, padded with -1."""
        newest = prefixes[:, : len(self.position_weights)]
        weights = np.where(newest >= 0, self.position_weights[: newest.shape[1]], np.float32(0))
        means = np.matmul(weights[:, None, :], self.vectors[np.maximum(newest, 0)])[:, 0]
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        normal: NDArray[np.float32] = np.divide(means, lengths, out=means, where=lengths > 0)
        return normal

    def scores(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """What the session says of every product, float32 (n,), -scale to scale. rows: see `session_vector`."""
        scores: NDArray[np.float32] = self.vectors @ (np.float32(self.scale) * self.session_vector(rows))
        return scores

    def aligned(self, product_ids: NDArray[np.int64]) -> ProductVectors:
        """The same vectors for these products, ascending ids; 0 for those that were not known when they were learnt."""
        vectors = np.zeros((len(product_ids), self.vectors.shape[1]), np.float32)
        if len(self):
            at = np.minimum(np.searchsorted(self.product_ids, product_ids), len(self) - 1)
            known = self.product_ids[at] == product_ids
            vectors[known] = self.vectors[at[known]]
        return replace(self, product_ids=product_ids, vectors=vectors)


@dataclass(frozen=True, slots=True, eq=False)
class LearntGraph:
    """What a shop's graph has taught. now: what serves. past: the same, learnt from nothing at or after the cut.

    cut: microseconds since 1970. A backtest that holds out nothing before the cut may try `past` on it.
    """

    now: ProductVectors
    past: ProductVectors
    cut: int


def to_bytes(learnt: LearntGraph) -> bytes:
    """The vectors as an `.npz` file: plain arrays, no pickle."""
    arrays = {f"{when}_{name}": getattr(getattr(learnt, when), name) for when in WHEN for name in ARRAYS}
    for when in WHEN:
        arrays[f"{when}_scale"] = np.array(getattr(learnt, when).scale)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, format=np.array(FORMAT), cut=np.array(learnt.cut), **arrays)
    return buffer.getvalue()


def from_bytes(content: bytes) -> LearntGraph:
    """What `to_bytes` wrote. Raises BadArtifact where it is damaged, of another format, or not of one size."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            version, cut = int(held["format"]), int(held["cut"])
            parts = {name: held[name] for name in held.files}
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise BadArtifact(f"the graph's vectors cannot be read: {error}") from error
    if version != FORMAT:
        raise BadArtifact(f"the graph's vectors are of format {version}, this version reads {FORMAT}")
    return LearntGraph(now=_vectors_of(parts, "now"), past=_vectors_of(parts, "past"), cut=cut)


def _vectors_of(parts: dict[str, NDArray[Any]], when: str) -> ProductVectors:
    try:
        arrays = {name: parts[f"{when}_{name}"] for name in ARRAYS}
        scale = float(parts[f"{when}_scale"])
    except KeyError as error:
        raise BadArtifact(f"the graph's vectors lack {error}") from error
    unlike = [name for name, kind in ARRAYS.items() if (arrays[name].dtype.name, arrays[name].ndim) != kind]
    if unlike or len(arrays["vectors"]) != len(arrays["product_ids"]):
        raise BadArtifact("the graph's vectors are not of one size and kind")
    return ProductVectors(**arrays, scale=scale)
