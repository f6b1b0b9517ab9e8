"""Vectors in Qdrant: one collection for all shops of one size of vector, every question bound to one shop's version."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from integration.storage.vectors.base import NoVectorServer, Replaced
from recommender.vectors.index import Found, allowed_rows, checked, checked_queries, ranked

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.models import Filter

COLLECTION = "shelfwise_{dimensions}"
# Where a point of its own says which version a shop's searchers should ask for.
HELD = "shelfwise_held"
AT_ONCE = 1_000
# Under a filter that keeps fewer, Qdrant is told to score them all; above, its planner decides.
FEW = 5_000
WIDTH = 512
SPARE = 16
NAMES = uuid.UUID("6f1d7c1e-5a34-4b53-9b0e-8c1f5b6f0a11")


def connect(address: str) -> QdrantClient:
    """A client of the server at a URL, or of a folder or ":memory:" (the client's own engine: exact, and slow).

    Raises NoVectorServer.
    """
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise NoVectorServer("Qdrant's client is not installed: pip install 'shelfwise-app[qdrant]'") from error
    if address == ":memory:":
        return QdrantClient(address)
    if not address.startswith(("http://", "https://")):
        return QdrantClient(path=address)
    return QdrantClient(url=address)


class QdrantVectors:
    """A `VectorStore` in Qdrant.

    served: whether the other end is a server, which has indexes and graphs; the client's own engine has neither.
    """

    def __init__(self, client: QdrantClient, *, served: bool = True) -> None:
        self._client, self._served = client, served

    def fill(self, shop_id: int, version: str, ids: NDArray[Any], vectors: NDArray[Any]) -> None:
        """See `VectorStore`. The new points come first, then the note of the version held; then the old ones go."""
        from qdrant_client import models

        known, unit = checked(ids, vectors)
        name = self._collection(unit.shape[1])
        told = np.flatnonzero(np.any(unit, axis=1))
        for begin in range(0, len(told), AT_ONCE):
            rows = told[begin : begin + AT_ONCE]
            points = [
                models.PointStruct(
                    id=str(uuid.uuid5(NAMES, f"{shop_id}/{version}/{product}")),
                    vector=vector,
                    payload={"shop": str(shop_id), "version": version, "product": product},
                )
                for product, vector in zip(known[rows].tolist(), unit[rows].tolist(), strict=True)
            ]
            self._client.upsert(name, points, wait=True)
        note = {"version": version, "dimensions": unit.shape[1]}
        self._client.upsert(self._notes(), [models.PointStruct(id=shop_id, vector=[1.0], payload=note)], wait=True)
        self._delete(shop_id, keep=version)

    def open(self, shop_id: int, version: str, ids: NDArray[Any]) -> QdrantIndex | None:
        """See `VectorStore`."""
        held = self._client.retrieve(self._notes(), [shop_id])
        note = held[0].payload if held else None
        if note is None or note["version"] != version:
            return None
        known = np.asarray(ids).astype(np.int64, copy=False)
        return QdrantIndex(self._client, shop_id, version, known, int(note["dimensions"]), served=self._served)

    def forget(self, shop_id: int) -> None:
        """See `VectorStore`."""
        from qdrant_client import models

        self._client.delete(self._notes(), models.PointIdsList(points=[shop_id]), wait=True)
        self._delete(shop_id, keep=None)

    def _delete(self, shop_id: int, keep: str | None) -> None:
        """Delete a shop's points in all collections, but for those of one version."""
        from qdrant_client import models

        kept: list[Any] = (
            [] if keep is None else [models.FieldCondition(key="version", match=models.MatchValue(value=keep))]
        )
        mine = models.FieldCondition(key="shop", match=models.MatchValue(value=str(shop_id)))
        for each in self._client.get_collections().collections:
            if each.name.startswith(COLLECTION.format(dimensions="")) and each.name != HELD:
                chosen = models.FilterSelector(filter=models.Filter(must=[mine], must_not=kept))
                self._client.delete(each.name, chosen, wait=True)

    def _collection(self, dimensions: int) -> str:
        """The collection of all vectors of this size, made on first use, with a graph a shop and none across shops."""
        from qdrant_client import models

        name = COLLECTION.format(dimensions=dimensions)
        if self._client.collection_exists(name):
            return name
        size = models.VectorParams(size=dimensions, distance=models.Distance.COSINE)
        self._client.create_collection(name, size, hnsw_config=models.HnswConfigDiff(m=0, payload_m=16))
        if self._served:
            shop = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            self._client.create_payload_index(name, "shop", shop)
            self._client.create_payload_index(name, "version", models.PayloadSchemaType.KEYWORD)
            self._client.create_payload_index(name, "product", models.PayloadSchemaType.INTEGER)
        return name

    def _notes(self) -> str:
        from qdrant_client import models

        if not self._client.collection_exists(HELD):
            self._client.create_collection(HELD, models.VectorParams(size=1, distance=models.Distance.DOT))
        return HELD


class QdrantIndex:
    """A `VectorIndex` of one shop's vectors of one version."""

    def __init__(
        self,
        client: QdrantClient,
        shop_id: int,
        version: str,
        ids: NDArray[np.int64],
        dimensions: int,
        *,
        served: bool,
    ) -> None:
        self._client, self._ids, self._dimensions, self._served = client, ids, dimensions, served
        self._shop_id, self._version = shop_id, version

    @property
    def ids(self) -> NDArray[np.int64]:
        """See `VectorIndex`."""
        return self._ids

    def search(self, queries: NDArray[Any], count: int, allowed: NDArray[Any] | None = None) -> Found:
        """See `VectorIndex`. Raises Replaced where a newer version has taken the place of this one."""
        from qdrant_client import models

        asked = checked_queries(queries, self._dimensions, count)
        rows = allowed_rows(self._ids, allowed)
        found = Found.nothing(len(asked), count)
        kept = len(self._ids) if rows is None else len(rows)
        told = np.flatnonzero(np.any(asked, axis=1)).tolist() if kept else []
        chosen, size = self._filter(rows), min(count + SPARE, max(kept, 1))
        walk = models.SearchParams(exact=kept <= FEW, hnsw_ef=max(WIDTH, 2 * size)) if self._served else None
        for place in told:
            answer = self._client.query_points(
                COLLECTION.format(dimensions=self._dimensions),
                asked[place].tolist(),
                query_filter=chosen,
                search_params=walk,
                limit=size,
                with_payload=["product"],
            )
            near = np.array([(point.payload or {})["product"] for point in answer.points], np.int64)
            scores = np.array([point.score for point in answer.points], np.float32)
            found.rows[place], found.scores[place] = ranked(self._ids.searchsorted(near), scores, count)
        self._check()
        return found

    def _filter(self, rows: NDArray[np.int64] | None) -> Filter:
        """The shop, the version, and what is allowed or what is not, whichever is shorter: all inside the search."""
        from qdrant_client import models

        must: list[Any] = [
            models.FieldCondition(key="shop", match=models.MatchValue(value=str(self._shop_id))),
            models.FieldCondition(key="version", match=models.MatchValue(value=self._version)),
        ]
        if rows is not None and 2 * len(rows) <= len(self._ids):
            must.append(models.FieldCondition(key="product", match=models.MatchAny(any=self._ids[rows].tolist())))
        elif rows is not None:
            others = np.delete(self._ids, rows).tolist()
            must.append(models.FieldCondition(key="product", match=models.MatchExcept(**{"except": others})))
        return models.Filter(must=must)

    def _check(self) -> None:
        held = self._client.retrieve(HELD, [self._shop_id])
        if not held or (held[0].payload or {}).get("version") != self._version:
            raise Replaced(self._version)
