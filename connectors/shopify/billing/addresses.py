"""Where billing is asked about and told of; all of it at the server that plays Shopify where there is one."""

from __future__ import annotations

from urllib.parse import quote

from connectors.shopify.api import API_VERSION, App

# The newest version of the Partner API whose schema is published; `activeSubscription` is there from it on.
PARTNER_API_VERSION = "2026-07"


def partner_endpoint(app: App, organization: str) -> str:
    """Where the Partner API of the organization that owns the app takes its operations."""
    base = _played(app) or "https://partners.shopify.com"
    return f"{base}/{quote(organization, safe='')}/api/{PARTNER_API_VERSION}/graphql.json"


def token_endpoint(app: App) -> str:
    """Where the app gets a token of its own, which is no shop's."""
    return f"{_played(app) or 'https://api.shopify.com'}/auth/access_token"


def events_endpoint(app: App) -> str:
    """Where the App Events API takes one event a call."""
    return f"{_played(app) or 'https://api.shopify.com'}/app/{API_VERSION}/events"


def pricing_page(app: App, shop: str) -> str:
    """The page in the shop's admin on which Shopify lets the merchant choose a plan. shop: as `is_shop` takes it."""
    page = f"charges/{quote(app.handle, safe='')}/pricing_plans"
    if app.play_url:
        return f"{app.address(shop)}/admin/{page}"
    return f"https://admin.shopify.com/store/{shop.removesuffix('.myshopify.com')}/{page}"


def _played(app: App) -> str:
    return f"{app.play_url.rstrip('/')}/partners" if app.play_url else ""
