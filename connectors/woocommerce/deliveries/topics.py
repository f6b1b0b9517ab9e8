"""Every topic that we understand, and the type of its body. Coupons say nothing to us."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.woocommerce.body import Body
from connectors.woocommerce.customers import CustomerBody
from connectors.woocommerce.deliveries.gone import CustomerGone, OrderGone, ProductGone
from connectors.woocommerce.deliveries.made import ProductMade
from connectors.woocommerce.deliveries.restored import OrderRestored, ProductRestored
from connectors.woocommerce.deliveries.stock import StockBody
from connectors.woocommerce.orders import OrderBody
from connectors.woocommerce.products import ProductBody

STOCK_MESSAGE = "shelfwise.stock"

BODIES: Mapping[str, type[Body]] = MappingProxyType(
    {
        "customer.created": CustomerBody,
        "customer.deleted": CustomerGone,
        "customer.updated": CustomerBody,
        "order.created": OrderBody,
        "order.deleted": OrderGone,
        "order.restored": OrderRestored,
        "order.updated": OrderBody,
        "product.created": ProductMade,
        "product.deleted": ProductGone,
        "product.published": ProductMade,
        "product.restored": ProductRestored,
        "product.updated": ProductBody,
        STOCK_MESSAGE: StockBody,
    }
)
# What can empty a shelf or hide a product.
STOCK_TOPICS = frozenset(topic for topic in BODIES if topic.startswith(("product.", "shelfwise.")))
