"""How a product is shown in a slate, as JSON that is made once and joined into answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from integration.storage.shelf_rows import ShelfProduct, ShelfVariant
from recommender.serving.availability import Availability, product_availability, variant_availability

_encode = msgspec.json.encode


def availability_of(product: ShelfProduct, market: str | None, low_stock_threshold: int) -> Availability:
    """How the product stands in a market; market None: anywhere that is not named by any product."""
    return product_availability(
        active=product.offered,
        published=product.offered,
        sold_in_market=product.markets is None or (market is not None and market in product.markets),
        variants=(variant.stock for variant in product.variants),
        low_stock_threshold=low_stock_threshold,
    )


def card_of(product: ShelfProduct, market: str | None, low_stock_threshold: int) -> bytes:
    """The members of the product's JSON object that no request changes, without the braces.

    The variant shown is the first one that can be bought, or the first at all.
    """
    variant = _shown(product, low_stock_threshold)
    price, compare_at = _prices(variant, market)
    card = {
        "product": product.external_id,
        "variant": variant.external_id if variant else None,
        "title": product.title,
        "url": product.url or None,
        "image": product.image_url or None,
        "price": price,
        "compare_at_price": compare_at,
    }
    return _encode(card)[1:-1]


def _shown(product: ShelfProduct, low_stock_threshold: int) -> ShelfVariant | None:
    for variant in product.variants:
        if variant_availability(variant.stock, low_stock_threshold=low_stock_threshold) > Availability.SOLD_OUT:
            return variant
    return product.variants[0] if product.variants else None


def _prices(variant: ShelfVariant | None, market: str | None) -> tuple[Any, Any]:
    if variant is None:
        return None, None
    if market is not None and market in variant.prices:
        return variant.prices[market], None
    return _money(variant.price, variant.currency), _money(variant.compare_at_price, variant.currency)


def _money(amount: Decimal | None, currency: str) -> dict[str, str] | None:
    return None if amount is None else {"amount": f"{amount:f}", "currency": currency}
