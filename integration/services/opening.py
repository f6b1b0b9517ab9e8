"""In which order a shop shows its products while nothing is known of what sells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from integration.storage.shelf_rows import ShelfProduct
from recommender.content.first_hour import first_hour_order


def opening_order(
    category: NDArray[np.int32],
    published: NDArray[np.int64],
    price: NDArray[np.float32],
    complete: NDArray[np.float32],
) -> NDArray[np.int32]:
    """All shelf rows, best first, int32 (m,): see `first_hour_order`; of two that are equal the later one is first.

    published: microseconds since 1970. price, complete: see `price_of` and `completeness_of`.
    """
    last = len(category) - 1
    order = first_hour_order(category[::-1], created=published[::-1], price=price[::-1], complete=complete[::-1])
    return (last - order).astype(np.int32)


def price_of(product: ShelfProduct) -> np.float32:
    """The first variant's price in the shop's own currency; 0 where it is not known."""
    return np.float32(next((variant.price for variant in product.variants if variant.price), 0))


def completeness_of(product: ShelfProduct) -> np.float32:
    """How much of what a card shows is there, 0 to 1: the picture is half of it; title, link and price the rest."""
    rest = (product.title, product.url, price_of(product) > 0)
    return np.float32(bool(product.image_url) / 2 + sum(map(bool, rest)) / (2 * len(rest)))
