"""WooCommerce: webhooks and the plugin's messages, the REST API."""

from __future__ import annotations

from connectors.base import Access, Connector, Reader
from connectors.woocommerce.webhooks import PLATFORM, WooCommerceWebhooks


def _reader(access: Access) -> Reader:
    # The REST client is for jobs; a web process that takes webhooks need not load it.
    from connectors.woocommerce.reader import ShopReader

    return ShopReader(access)


CONNECTOR = Connector(
    platform=PLATFORM,
    webhooks=WooCommerceWebhooks(),
    reader=_reader,
    shelf=frozenset({"products", "variations"}),
)
