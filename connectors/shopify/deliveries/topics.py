"""Every topic that we understand, the type of its body, and how it is treated."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.shopify.deliveries.body import Body
from connectors.shopify.deliveries.orders import OrderBody, OrderEdited, OrderGone, RefundBody
from connectors.shopify.deliveries.privacy import DataRequest, EraseCustomerBody, EraseShopBody
from connectors.shopify.deliveries.products import CollectionBody, ProductBody, ProductGone
from connectors.shopify.deliveries.shop import BulkFinished, ScopesBody, ShopBody, ThemePublished, Uninstalled
from connectors.shopify.deliveries.stock import (
    InStock,
    ItemBody,
    ItemGone,
    LevelBody,
    LevelGone,
    LocationBody,
    LocationGone,
    OutOfStock,
)

BODIES: Mapping[str, type[Body]] = MappingProxyType(
    {
        "app/scopes_update": ScopesBody,
        "app/uninstalled": Uninstalled,
        "bulk_operations/finish": BulkFinished,
        "collections/create": CollectionBody,
        "collections/delete": CollectionBody,
        "collections/update": CollectionBody,
        "customers/data_request": DataRequest,
        "customers/redact": EraseCustomerBody,
        "inventory_items/delete": ItemGone,
        "inventory_items/update": ItemBody,
        "inventory_levels/connect": LevelBody,
        "inventory_levels/disconnect": LevelGone,
        "inventory_levels/update": LevelBody,
        "locations/activate": LocationBody,
        "locations/create": LocationBody,
        "locations/deactivate": LocationBody,
        "locations/delete": LocationGone,
        "locations/update": LocationBody,
        "orders/cancelled": OrderBody,
        "orders/create": OrderBody,
        "orders/delete": OrderGone,
        "orders/edited": OrderEdited,
        "orders/updated": OrderBody,
        "products/create": ProductBody,
        "products/delete": ProductGone,
        "products/update": ProductBody,
        "refunds/create": RefundBody,
        "shop/redact": EraseShopBody,
        "shop/update": ShopBody,
        "themes/publish": ThemePublished,
        "variants/in_stock": InStock,
        "variants/out_of_stock": OutOfStock,
    }
)
# What can empty a shelf or hide a product.
STOCK_TOPICS = frozenset(
    {
        "inventory_items/delete",
        "inventory_levels/connect",
        "inventory_levels/disconnect",
        "inventory_levels/update",
        "locations/delete",
        "product/delete",
        "products/delete",
        "products/update",
        "variants/out_of_stock",
    }
)
COMPLIANCE_TOPICS = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
# A shop that has left may still owe these; a repeat of its leave-taking is one of them.
OUTLIVE_SHOP = COMPLIANCE_TOPICS | {"app/uninstalled"}
