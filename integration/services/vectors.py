"""Products alike by the vectors of the model that serves, among those that can be bought right now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from integration.services.shelves import Shelves
from integration.services.shops import UnknownShop
from integration.settings import Settings
from integration.storage.catalogue import Product
from integration.storage.database import Database
from integration.storage.point_reads import PointReads
from integration.storage.upsert import table_of
from integration.storage.vectors.base import NoVectorServer, VectorStore
from recommender.model import Model
from recommender.vectors.exact import ExactIndex
from recommender.vectors.index import VectorIndex

PRODUCT = table_of(Product)


class NothingToSearch(Exception):
    """There is no model yet, or it does not know the product; the message says which."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A product that can be bought, and the cosine of its vector with that of the one asked about."""

    product: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search said. kind: of the index; held, allowed: how many vectors it has, and how many the filter left."""

    kind: str
    version: str
    product: str
    held: int
    allowed: int
    found: tuple[Alike, ...]


def alike(
    database: Database, settings: Settings, key: str, *, product: str = "", category: str = "", count: int = 10
) -> Answer:
    """The products nearest to one of a shop, by its id on its platform, "" for the one that trends most.

    category: only products of this type. What is sold out, hidden or unpublished is left out inside the search.
    Raises UnknownShop, NothingToSearch, NoVectorServer.
    """
    seen = Shelves(database, PointReads(database), settings.artifacts_dir).view(key, None, None)
    if seen is None:
        raise UnknownShop(key)
    shop, view = seen
    model = shop.model
    if model is None or shop.model_version is None:
        raise NothingToSearch(f"{key} has no model yet: `shelfwise train --shop {key}` makes one")
    row = view.aligned.model_rows([view.row_of[product]] if product in view.row_of else [])
    if product and not row:
        raise NothingToSearch(f"the model of {key} knows no product {product!r}")
    asked = row[0] if row else int(np.argmax(model.trending))
    allowed = view.aligned.sellable.known & _of_type(
        database.of(shop.row.shop_id), shop.row.shop_id, model.product_ids, category
    )
    allowed[asked] = False
    with open_index(database, settings, shop.row.shop_id, shop.model_version, model) as (kind, index):
        near = index.search(model.item_factors[asked : asked + 1], count, allowed)
    names = [view.aligned.shelf_row[place] for place in (asked, *near.rows[0][near.rows[0] >= 0].tolist())]
    found = tuple(
        Alike(view.external_ids[name], view.titles[name], round(float(score), 4))
        for name, score in zip(names[1:], near.scores[0], strict=False)
    )
    about = view.external_ids[names[0]] if names[0] >= 0 else str(model.product_ids[asked])
    return Answer(kind, shop.model_version, about, len(model), int(allowed.sum()), found)


@contextmanager
def open_index(
    database: Database, settings: Settings, shop_id: int, version: str, model: Model
) -> Iterator[tuple[str, VectorIndex]]:
    """The kind and the index of a model's item factors that the settings ask for; a server is filled on first use.

    Raises NoVectorServer.
    """
    # A graph that is built for one question never pays.
    kind = "exact" if settings.vectors == "auto" else settings.vectors
    if kind in {"exact", "hnsw"}:
        yield kind, _here(kind, model)
        return
    with _store(kind, database, settings) as store:
        index = store.open(shop_id, version, model.product_ids)
        if index is None:
            store.fill(shop_id, version, model.product_ids, model.item_factors)
            index = store.open(shop_id, version, model.product_ids)
        if index is None:
            raise NoVectorServer(f"{kind} did not keep the vectors of {version}: another fill was quicker; ask again")
        yield kind, index


def _here(kind: str, model: Model) -> VectorIndex:
    if kind == "exact":
        return ExactIndex(model.product_ids, model.item_factors)
    if find_spec("faiss") is None:
        raise NoVectorServer("faiss is not installed: pip install 'shelfwise-app[vectors]'")
    from recommender.vectors.hnsw import HnswIndex

    return HnswIndex(model.product_ids, model.item_factors)


def forget_vectors(database: Database, settings: Settings, shop_id: int) -> None:
    """Have the server of vectors, where one is used, hold nothing of a shop any more. Raises NoVectorServer."""
    if settings.vectors in {"pgvector", "qdrant"}:
        with _store(settings.vectors, database, settings) as store:
            store.forget(shop_id)


@contextmanager
def _store(kind: str, database: Database, settings: Settings) -> Iterator[VectorStore]:
    if kind == "pgvector":
        from integration.storage.vectors.pgvector import PgVectors

        yield PgVectors(database)
        return
    from integration.storage.vectors.qdrant import QdrantVectors, connect

    if not settings.qdrant_url:
        raise NoVectorServer("set SHELFWISE_QDRANT_URL to where Qdrant listens, such as http://host:6333")
    client = connect(settings.qdrant_url)
    try:
        yield QdrantVectors(client, served=settings.qdrant_url.startswith(("http://", "https://")))
    finally:
        client.close()


def _of_type(database: Database, shop_id: int, product_ids: NDArray[np.int64], category: str) -> NDArray[np.bool_]:
    """Which of a model's products are of a type, all for ""."""
    if not category:
        return np.ones(len(product_ids), np.bool_)
    wanted = select(PRODUCT.c.id).where(PRODUCT.c.shop_id == shop_id, PRODUCT.c.product_type == category)
    with database.of(shop_id).read() as connection:
        ids = connection.execute(wanted).scalars().all()
    return np.isin(product_ids, np.array(ids, np.int64))
