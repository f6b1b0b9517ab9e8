"""Use cases that only Shopify has; what any platform has stands one folder up."""

from __future__ import annotations

from connectors.shopify.api import App
from integration.settings import Settings


def app_of(settings: Settings) -> App | None:
    """The app as the operator registered it with Shopify; None where that was not done."""
    if not (settings.shopify_client_id and settings.shopify_client_secret):
        return None
    return App(
        settings.shopify_client_id,
        settings.shopify_client_secret,
        old_secret=settings.shopify_old_client_secret,
        handle=settings.shopify_app_handle,
        play_url=settings.shopify_play_url,
    )
