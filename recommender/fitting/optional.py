"""Lists of neighbours that a shop has only where they win: a closed-form linear model's, and a product graph's."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from recommender.blend.features import GRAPH, LINEAR
from recommender.confidence import decay
from recommender.graph.vectors import LearntGraph
from recommender.interactions import Orders
from recommender.neighbours import similar_by_factors
from recommender.parameters import Parameters
from recommender.personal.linear import Closeness, fit_linear
from recommender.toplists import TopLists, among, of_sparse

OPTIONAL = (LINEAR, GRAPH)


def optional_lists(
    orders: Orders,
    until: int | None,
    product_ids: NDArray[np.int64],
    parameters: Parameters,
    graph: LearntGraph | None,
    wanted: Collection[str],
    asked: NDArray[np.int64],
) -> dict[str, TopLists]:
    """Those of OPTIONAL that are wanted and can be had, by name.

    until: microseconds since 1970; nothing at or after it may have been looked at, None where everything may. graph:
    what the shop's graph has taught, as it was learnt before `until`. asked: the products whose lists are needed.
    """
    found = {}
    if LINEAR in wanted and (lists := _linear(orders, parameters)) is not None:
        found[LINEAR] = lists
    if GRAPH in wanted and graph is not None and (until is None or graph.cut <= until):
        vectors = (graph.now if until is None else graph.past).aligned(product_ids).vectors
        near = similar_by_factors(vectors, asked, parameters.neighbours, parameters.threads)
        rows = near[asked]
        lists, _ = of_sparse(rows.indptr, rows.indices, rows.data, parameters.neighbours, asked)
        found[GRAPH] = among(lists, asked, len(product_ids))
    return found


def _linear(orders: Orders, parameters: Parameters) -> TopLists | None:
    """EASE on orders; None in a catalogue that is too large for the closed form, or with next to nothing bought."""
    small = orders.where(orders.sizes <= parameters.largest_basket)
    bought = len(np.unique(small.matrix.indices))
    if not 2 <= bought <= parameters.linear_products:
        return None
    now = int(small.time.max(initial=0))
    closeness = Closeness(parameters.linear_regularization, largest=parameters.linear_products)
    aged = decay(small.time, now, parameters.linear_half_life_days)
    found = fit_linear(small.matrix, closeness, parameters.neighbours, aged)
    if found is None:
        return None
    # What a product speaks against takes no place in a list of what it leads on to.
    said = np.maximum(found.weights, 0)
    order = np.argsort(-said, axis=1, kind="stable")
    said = np.take_along_axis(said, order, axis=1)
    items = np.take_along_axis(found.items, order, axis=1)
    best = np.maximum(said[:, :1], 1e-30)
    own = np.arange(len(items), dtype=np.int32)[:, None]
    return TopLists(np.where(said > 0, items, own).astype(np.int32), (said / best).astype(np.float32))
