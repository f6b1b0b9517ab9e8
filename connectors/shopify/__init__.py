"""Shopify: managed installation and tokens, the Admin API, webhooks, the app proxy, billing."""

from __future__ import annotations

from connectors.base import Access, Connector, Reader
from connectors.shopify.webhooks import ShopifyWebhooks


def _reader(access: Access) -> Reader:
    # GraphQL and bulk results are for jobs; a web process that takes webhooks need not load them.
    from connectors.shopify.reader import ShopReader

    return ShopReader(access)


CONNECTOR = Connector(
    platform="shopify", webhooks=ShopifyWebhooks(), reader=_reader, shelf=frozenset({"stock", "products"})
)
