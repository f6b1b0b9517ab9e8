"""REST-shaped bodies of webhooks (and the GraphQL-shaped ones of events), and the changes that each tells of.

A body is read into a type that names only the fields that we use; written back, that is the body that is kept: what
no type names, such as a buyer's name or address, is gone before anything is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.shopify.deliveries.body import Body
from connectors.shopify.deliveries.products import ProductBody, ProductGone
from connectors.shopify.deliveries.stock import LevelBody, LevelGone, OutOfStock

BODIES: Mapping[str, type[Body]] = MappingProxyType(
    {
        "products/create": ProductBody,
        "products/update": ProductBody,
        "products/delete": ProductGone,
        "inventory_levels/connect": LevelBody,
        "inventory_levels/update": LevelBody,
        "inventory_levels/disconnect": LevelGone,
        "variants/out_of_stock": OutOfStock,
    }
)
# What can empty a shelf, or hide a product.
STOCK_TOPICS = frozenset(BODIES)
COMPLIANCE_TOPICS = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
# A shop that has left may still owe these; a repeat of its leave-taking is one of them.
OUTLIVE_SHOP = COMPLIANCE_TOPICS | {"app/uninstalled"}
