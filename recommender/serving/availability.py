"""Whether a product may be recommended now: one pure decision, for one variant and for a product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Availability(IntEnum):
    """How a product stands on the shelf. Ordered: a higher one is better to show."""

    HIDDEN = 0
    SOLD_OUT = 1
    LOW = 2
    IN_STOCK = 3


@dataclass(frozen=True, slots=True)
class VariantStock:
    """What decides about one variant.

    levels: pieces available at each location that sells online (other locations are left out); may be negative.
    """

    tracked: bool
    continue_selling: bool
    levels: tuple[int, ...]


def variant_availability(stock: VariantStock, *, low_stock_threshold: int) -> Availability:
    """Availability of one variant, never HIDDEN.

    | tracked | continue selling | sum over the locations | availability |
    | --- | --- | --- | --- |
    | no  | any | any                      | IN_STOCK |
    | yes | any | above the threshold      | IN_STOCK |
    | yes | any | 1 up to the threshold    | LOW      |
    | yes | yes | 0 or less, or no location | IN_STOCK |
    | yes | no  | 0 or less, or no location | SOLD_OUT |

    A location that is oversold (negative) does not lend from another: it counts as 0.
    """
    if not stock.tracked:
        return Availability.IN_STOCK
    pieces = sum(max(level, 0) for level in stock.levels)
    if pieces > low_stock_threshold:
        return Availability.IN_STOCK
    if pieces > 0:
        return Availability.LOW
    return Availability.IN_STOCK if stock.continue_selling else Availability.SOLD_OUT


def product_availability(
    *,
    active: bool,
    published: bool,
    sold_in_market: bool,
    variants: Iterable[VariantStock],
    low_stock_threshold: int,
) -> Availability:
    """Availability of a product in one market: that of its best variant, if it is offered there at all.

    | active | published | sold in this market | variants | availability |
    | --- | --- | --- | --- | --- |
    | no  | any | any | any  | HIDDEN |
    | yes | no  | any | any  | HIDDEN |
    | yes | yes | no  | any  | HIDDEN |
    | yes | yes | yes | none | HIDDEN |
    | yes | yes | yes | some | best of `variant_availability` |

    What a shop does with SOLD_OUT (hide it, or move it last as "back soon") is its policy; see `serving.slates`.
    """
    if not (active and published and sold_in_market):
        return Availability.HIDDEN
    return max(
        (variant_availability(stock, low_stock_threshold=low_stock_threshold) for stock in variants),
        default=Availability.HIDDEN,
    )
