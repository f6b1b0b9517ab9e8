"""The graph of a shop's products: who follows whom in sessions, who is bought with whom, who shares a trait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

NEIGHBOURS = 16
LARGEST_BASKET = 100


@dataclass(frozen=True, slots=True, eq=False)
class ProductGraph:
    """Products, and the traits that they share, as one graph.

    adjacency: float32 CSR (nodes, nodes), symmetric, D^-1/2 A D^-1/2 of the edges' weights (as in LightGCN, He et al.,
    2020). The first n_items nodes are products; every other one is a category or a brand, tied to the products it has:
    so that products of one trait are two steps apart without an edge for each pair of them.
    """

    adjacency: sparse.csr_matrix
    n_items: int


def product_graph(
    relations: Sequence[sparse.csr_matrix], traits: Sequence[NDArray[np.int32]], neighbours: int = NEIGHBOURS
) -> ProductGraph:
    """Relations between products and the traits that they share, joined.

    relations: float32 CSR (n, n) each, weights >= 0; each counts the same whatever its unit, and of each a product
    keeps its strongest `neighbours`, and those that keep it. traits: int32 (n,) each, a code a product, -1 for none.
    """
    n_items = relations[0].shape[0]
    between = sparse.csr_matrix((n_items, n_items), dtype=np.float32)
    for relation in relations:
        between = between + _strongest(_balanced(relation), neighbours)
    held = [_membership(codes) for codes in traits]
    belongs = sparse.hstack(held, format="csr") if held else sparse.csr_matrix((n_items, 0), dtype=np.float32)
    joined = sparse.bmat([[between, belongs], [belongs.T, None]], format="csr", dtype=np.float32)
    return ProductGraph(_balanced(joined), n_items)


def transitions(bounds: NDArray[np.int64], items: NDArray[np.int32], n_items: int) -> sparse.csr_matrix:
    """How often a product came right before or after another one, symmetric, float32 CSR (n, n).

    bounds: int64 (s + 1,), where each session begins in items, int32, in the order they were clicked.
    """
    if len(items) < 2:
        return sparse.csr_matrix((n_items, n_items), dtype=np.float32)
    goes_on = np.ones(len(items), np.bool_)
    goes_on[bounds[1:][np.diff(bounds) > 0] - 1] = False
    here, there = items[:-1][goes_on[:-1]], items[1:][goes_on[:-1]]
    moved = here != there
    return _symmetric(here[moved], there[moved], n_items)


def bought_together(orders: sparse.csr_matrix, largest_basket: int = LARGEST_BASKET) -> sparse.csr_matrix:
    """How often two products were in one order, float32 CSR (n, n), symmetric; a pair counts 1 / (size - 1) an order.

    orders: CSR (b, n), 1 where the order holds the product. Larger ones than `largest_basket` tell nothing of pairs.
    """
    sizes = np.diff(orders.indptr)
    telling = (sizes >= 2) & (sizes <= largest_basket)
    kept = orders[telling].astype(np.float32)
    shares = sparse.diags_array((1 / (sizes[telling] - 1)).astype(np.float32))
    pairs = sparse.csr_matrix(kept.T @ shares @ kept)
    pairs.setdiag(0)
    pairs.eliminate_zeros()
    return pairs


def _symmetric(here: NDArray[np.int32], there: NDArray[np.int32], n_items: int) -> sparse.csr_matrix:
    once = sparse.coo_matrix((np.ones(len(here), np.float32), (here, there)), shape=(n_items, n_items)).tocsr()
    return sparse.csr_matrix(once + once.T)


def _strongest(relation: sparse.csr_matrix, kept: int) -> sparse.csr_matrix:
    """Each row's `kept` largest entries, and those that the other end keeps. Ties go to the lower column."""
    if not relation.nnz:
        return relation
    rows = np.repeat(np.arange(relation.shape[0]), np.diff(relation.indptr))
    order = np.lexsort((relation.indices, -relation.data, rows))
    place = np.arange(len(order)) - relation.indptr[rows[order]]
    chosen = order[place < kept]
    part = sparse.coo_matrix(
        (relation.data[chosen], (rows[chosen], relation.indices[chosen])), shape=relation.shape
    ).tocsr()
    return sparse.csr_matrix(part.maximum(part.T))


def _membership(codes: NDArray[np.int32]) -> sparse.csr_matrix:
    """float32 CSR (n, traits), 1 where the product has the trait; traits of a single product tell nothing."""
    items = np.flatnonzero(codes >= 0)
    traits, which, sizes = np.unique(codes[items], return_inverse=True, return_counts=True)
    matrix = sparse.coo_matrix(
        (np.ones(len(items), np.float32), (items, which)), shape=(len(codes), len(traits))
    ).tocsr()
    return matrix[:, np.flatnonzero(sizes > 1)]


def _balanced(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """D^-1/2 A D^-1/2 of a symmetric matrix."""
    degree = np.asarray(matrix.sum(axis=1)).ravel()
    root = np.zeros(len(degree), np.float32)
    root[degree > 0] = 1 / np.sqrt(degree[degree > 0])
    return sparse.csr_matrix(sparse.diags_array(root) @ matrix @ sparse.diags_array(root)).astype(np.float32)
