"""A shop's purchases and catalogue as checked arrays, and the matrices made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.errors import BadPurchases

GUEST = -1


@dataclass(frozen=True, slots=True)
class Purchases:
    """Sold lines, m of them, in any order; lines of one basket in the order they were put into it.

    basket: int64 (m,), order number. user: int64 (m,), customer number, -1 for a guest.
    item: int32 (m,), row in the Catalogue. quantity: float32 (m,), pieces kept (sold less refunded), > 0.
    time: int64 (m,), microseconds since 1970.
    """

    basket: NDArray[np.int64]
    user: NDArray[np.int64]
    item: NDArray[np.int32]
    quantity: NDArray[np.float32]
    time: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.item)

    def where(self, mask: NDArray[np.bool_]) -> Purchases:
        """The lines for which `mask`, bool (m,), is true."""
        return Purchases(self.basket[mask], self.user[mask], self.item[mask], self.quantity[mask], self.time[mask])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products, n of them; a row is a product.

    product_ids: int64 (n,), ascending. category: int32 (n,), a code, -1 for none.
    texts: n texts: title, vendor, type, tags, description and the values of options joined.
    vendor: int32 (n,), a code, -1 for none. price: float32 (n,), in one currency, not above 0 where not known.
    created: int64 (n,), microseconds since 1970, 0 where not known. Each is None where it is not known of any product.
    """

    product_ids: NDArray[np.int64]
    category: NDArray[np.int32]
    texts: Sequence[str]
    vendor: NDArray[np.int32] | None = None
    price: NDArray[np.float32] | None = None
    created: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.product_ids)


def check(purchases: Purchases, catalogue: Catalogue) -> None:
    """Raise BadPurchases, naming the rule, unless lengths agree, ids ascend, items exist and quantities are > 0."""
    lines, products = len(purchases), len(catalogue)
    rules = {
        "every column of the purchases has a value a line": all(
            len(column) == lines for column in (purchases.basket, purchases.user, purchases.quantity, purchases.time)
        ),
        "every column of the catalogue has a value a product": all(
            column is None or len(column) == products
            for column in (
                catalogue.category,
                catalogue.texts,
                catalogue.vendor,
                catalogue.price,
                catalogue.created,
            )
        ),
        "product ids ascend": bool(np.all(catalogue.product_ids[1:] > catalogue.product_ids[:-1])),
        "every item is a row of the catalogue": lines == 0
        or bool(purchases.item.min() >= 0 and purchases.item.max() < products),
        "quantities are above 0": bool(np.all(purchases.quantity > 0)),
    }
    for rule, kept in rules.items():
        if not kept:
            raise BadPurchases(f"broken rule: {rule}")


def codes(ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Number the distinct ids 0, 1, ... in ascending order: a code for each id, and how many there are."""
    if not len(ids):
        return np.empty(0, np.int64), 0
    low = int(ids.min())
    span = int(ids.max()) - low + 1
    if span > 16 * len(ids) + 1024:
        distinct, inverse = np.unique(ids, return_inverse=True)
        return inverse.astype(np.int64, copy=False), len(distinct)
    seen = np.zeros(span, np.bool_)
    seen[ids - low] = True
    return (np.cumsum(seen) - 1)[ids - low], int(seen.sum())


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders as a matrix, b of them.

    matrix: float32 CSR (b, n), 1 where the order holds the product, products of an order ascending.
    time: int64 (b,), of the order's newest line.
    """

    matrix: sparse.csr_matrix
    time: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64 (b,), distinct products of each order."""
        sizes: NDArray[np.int64] = np.diff(self.matrix.indptr).astype(np.int64)
        return sizes

    def where(self, mask: NDArray[np.bool_]) -> Orders:
        """The orders for which `mask`, bool (b,), is true."""
        return Orders(self.matrix[mask], self.time[mask])


def orders_of(purchases: Purchases, n_items: int) -> tuple[Orders, NDArray[np.int64]]:
    """The orders of some purchases, and which of them each sold line is of, int64 (m,)."""
    order, count = codes(purchases.basket)
    matrix = _summed(np.ones(len(purchases), np.float32), order, purchases.item, (count, n_items))
    matrix.data[:] = 1.0
    time = np.full(count, np.iinfo(np.int64).min)
    np.maximum.at(time, order, purchases.time)
    return Orders(matrix, time), order


def user_rows(
    purchases: Purchases, order: NDArray[np.int64], sizes: NDArray[np.int64], largest_basket: int
) -> tuple[NDArray[np.int64], int]:
    """The user row of each sold line, int64 (m,), -1 for none, and how many rows there are.

    A customer is a row. A guest's order of 2 products up to `largest_basket` is a row of its own; other guests' orders
    tell nothing of anybody's taste and are in no row. order, sizes: see `orders_of`.
    """
    guest = purchases.user == GUEST
    if not guest.any():
        return codes(purchases.user)
    lines = np.flatnonzero(guest)
    size = sizes[order[lines]]
    telling = lines[(size >= 2) & (size <= largest_basket)]
    rows = np.full(len(purchases), -1, np.int64)
    rows[~guest], customers = codes(purchases.user[~guest])
    numbers, guests = codes(order[telling])
    rows[telling] = numbers + customers
    return rows, customers + guests


def user_items(
    rows: NDArray[np.int64], items: NDArray[np.int32], weights: NDArray[np.float32], shape: tuple[int, int]
) -> sparse.csr_matrix:
    """The user-item matrix, float32 CSR of `shape` (n_users, n_items), of summed line weights.

    rows, items, weights: (m,), of each sold line; a line whose row is -1 is left out. Weights are >= 0.
    """
    kept = rows >= 0
    if kept.all():
        return _summed(weights, rows, items, shape)
    return _summed(weights[kept], rows[kept], items[kept], shape)


def _summed(
    values: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int32], shape: tuple[int, int]
) -> sparse.csr_matrix:
    matrix = sparse.coo_matrix((values, (rows.astype(np.int32), columns)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix
