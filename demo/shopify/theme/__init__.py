"""The storefront of a played shop: a small theme of our own, with our blocks where a merchant would have put them."""

from __future__ import annotations

from demo.shopify.theme.storefront import blueprint

__all__ = ["blueprint"]
