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
    texts: n texts: title, vendor, type, tags and description joined.
    """

    product_ids: NDArray[np.int64]
    category: NDArray[np.int32]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.product_ids)


def check(purchases: Purchases, catalogue: Catalogue) -> None:
    """Raise BadPurchases, naming the rule, unless lengths agree, ids ascend, items exist and quantities are > 0."""
    lines, products = len(purchases), len(catalogue)
    rules = {
        "every column of the purchases has a value a line": all(
            len(column) == lines for column in (purchases.basket, purchases.user, purchases.quantity, purchases.time)
        ),
        "every column of the catalogue has a value a product": len(catalogue.category)
        == len(catalogue.texts)
        == products,
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
class Baskets:
    """Orders as a matrix, b of them.

    matrix: float32 CSR (b, n), 1 where the order holds the product, products of an order ascending.
    time: int64 (b,), of the order's newest line. code: int64 (m,), the row of each sold line's order.
    """

    matrix: sparse.csr_matrix
    time: NDArray[np.int64]
    code: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64 (b,), distinct products of each order."""
        return np.diff(self.matrix.indptr).astype(np.int64)


def baskets(purchases: Purchases, n_items: int) -> Baskets:
    """The orders of some purchases."""
    code, count = codes(purchases.basket)
    matrix = _summed(np.ones(len(purchases), np.float32), code, purchases.item, (count, n_items))
    matrix.data[:] = 1.0
    time = np.zeros(count, np.int64)
    np.maximum.at(time, code, purchases.time)
    return Baskets(matrix, time, code)


def user_items(
    purchases: Purchases, orders: Baskets, weights: NDArray[np.float32], n_items: int, largest_basket: int
) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """The user-item matrix, float32 CSR (n_users, n_items) of summed weights, and the user row of each line.

    A customer is a row. A guest's order of 2 products up to `largest_basket` is a row of its own; the lines of other
    guests' orders are in no row (-1). weights: float32 (m,), >= 0.
    """
    guest = purchases.user == GUEST
    size = orders.sizes[orders.code]
    kept = ~guest | ((size >= 2) & (size <= largest_basket))
    row = np.full(len(purchases), -1, np.int64)
    row[~guest], customers = codes(purchases.user[~guest])
    row[guest & kept], guests = codes(orders.code[guest & kept])
    row[guest & kept] += customers
    return _summed(weights[kept], row[kept], purchases.item[kept], (customers + guests, n_items)), row


def _summed(
    values: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int32], shape: tuple[int, int]
) -> sparse.csr_matrix:
    matrix = sparse.coo_matrix((values, (rows.astype(np.int32), columns)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix
