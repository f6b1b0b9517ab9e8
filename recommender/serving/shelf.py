"""What a shop can show right now, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Shelf:
    """A shop's products in one market, n of them, as they stand at this moment. A row is a product.

    product_ids: int64 (n,), ascending.
    availability: int8 (n,), values of `Availability`.
    category: int32 (n,), a code for each category; -1 for a product without one.
    newest: int32 (n,), all rows, newest product first. opening: int32 (n,), all rows, in the order of a shop that has
    no model yet, see `content.first_hour`; None: as `newest`.
    back_soon: whether sold-out products are shown last (True) or hidden (False).
    appeal: float32 (n,), what the merchant's weights add to each score, see `blend.business`; None for nothing.
    diversity: 0 to 1, see `blend.diversity`.
    """

    product_ids: NDArray[np.int64]
    availability: NDArray[np.int8]
    category: NDArray[np.int32]
    newest: NDArray[np.int32]
    back_soon: bool = False
    appeal: NDArray[np.float32] | None = None
    diversity: float = 0.0
    opening: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.product_ids)
