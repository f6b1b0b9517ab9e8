"""Fields of the shop, the app in it, its sales channels, markets and rules of privacy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.shopify.graphql.connections import Connection
from demo.shopify.graphql.context import Context, field_of, paged, plain
from demo.shopify.graphql.schema import VERSION
from demo.shopify.state import PlayedShop, gid
from demo.shopify.things import Installation, Market, Publication, Subscription

Args = Mapping[str, Any]

plain("Shop", name="name", myshopifyDomain="domain", currencyCode="currency", ianaTimezone="timezone")
plain("Publication", name="name")
plain("Market", name="name", handle="handle", status="status")
plain("WebhookSubscription", uri="uri", includeFields="include_fields")

EUROPE = ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT")


@field_of("Shop.id")
def _shop_id(_context: Context, shop: PlayedShop, _args: Args) -> str:
    return gid("Shop", shop.id)


@field_of("Shop.primaryDomain")
def _domain(context: Context, shop: PlayedShop, _args: Args) -> dict[str, Any]:
    return {"id": gid("Domain", shop.id), "host": shop.domain, "url": context.address(""), "sslEnabled": False}


@field_of("Shop.url")
def _url(context: Context, _shop: PlayedShop, _args: Args) -> str:
    return context.address("")


@field_of("Shop.plan")
def _plan(_context: Context, _shop: PlayedShop, _args: Args) -> dict[str, Any]:
    return {"publicDisplayName": "Development", "partnerDevelopment": True, "shopifyPlus": False}


@field_of("Shop.billingAddress", "Shop.shopAddress")
def _address(_context: Context, shop: PlayedShop, _args: Args) -> dict[str, Any]:
    return {"countryCodeV2": shop.country, "id": gid("ShopAddress", shop.id)}


@field_of("AppInstallation.id")
def _installation_id(_context: Context, installed: Installation, _args: Args) -> str:
    return gid("AppInstallation", installed.id)


@field_of("AppInstallation.launchUrl")
def _launch(context: Context, _installed: Installation, _args: Args) -> str:
    return context.address(f"/admin/apps/{context.platform.handle}")


@field_of("AppInstallation.accessScopes")
def _scopes(_context: Context, installed: Installation, _args: Args) -> list[dict[str, str]]:
    return [{"handle": each, "description": each.replace("_", " ")} for each in installed.scopes]


@field_of("AppInstallation.activeSubscriptions")
def _subscriptions(_context: Context, _installed: Installation, _args: Args) -> list[Any]:
    # Hosted plans are told by the Partner API alone; this lists what the older Billing API sold.
    return []


@field_of("AppInstallation.app")
def _app(context: Context, _installed: Installation, _args: Args) -> dict[str, Any]:
    platform = context.platform
    return {
        "id": gid("App", context.shop.app_id),
        "apiKey": platform.client_id,
        "handle": platform.handle,
        "title": "Shelfwise",
        "embedded": True,
        "webhookApiVersion": VERSION,
    }


@field_of("Publication.id")
def _publication_id(_context: Context, publication: Publication, _args: Args) -> str:
    return gid("Publication", publication.id)


@field_of("Publication.catalog")
def _catalog(_context: Context, publication: Publication, _args: Args) -> dict[str, Any]:
    return {"__typename": "AppCatalog", "id": gid("AppCatalog", publication.id), "title": publication.name}


@field_of("Publication.channels")
def _channels(context: Context, publication: Publication, args: Args) -> Connection:
    app = {"id": gid("App", publication.id), "handle": publication.channel.replace("_", "-"), "title": publication.name}
    handle = publication.channel.replace("_", "-")
    channel = {"id": gid("Channel", publication.id), "name": publication.name, "handle": handle, "app": app}
    return paged(context, [channel], args)


@field_of("Market.id")
def _market_id(_context: Context, market: Market, _args: Args) -> str:
    return gid("Market", market.id)


@field_of("Market.type")
def _market_type(_context: Context, _market: Market, _args: Args) -> str:
    return "REGION"


@field_of("Market.currencySettings")
def _market_currency(_context: Context, market: Market, _args: Args) -> dict[str, Any]:
    return {"baseCurrency": _currency(market), "localCurrencies": False, "roundingEnabled": True}


@field_of("Market.conditions")
def _conditions(_context: Context, market: Market, _args: Args) -> dict[str, Any]:
    return {"conditionTypes": ["REGION"], "regionsCondition": {"applicationLevel": "SPECIFIED", "market": market}}


@field_of("RegionsCondition.regions")
def _regions(context: Context, condition: Any, args: Args) -> Connection:
    market: Market = condition["market"]
    found = [
        {
            "__typename": "MarketRegionCountry",
            "id": gid("MarketRegionCountry", f"{market.id}{place:03d}"),
            "code": code,
            "name": code,
            "currency": _currency(market),
        }
        for place, code in enumerate(market.countries)
    ]
    return paged(context, found, args)


@field_of("WebhookSubscription.id")
def _subscription_id(_context: Context, subscription: Subscription, _args: Args) -> str:
    return gid("WebhookSubscription", subscription.id)


@field_of("WebhookSubscription.topic")
def _topic(_context: Context, subscription: Subscription, _args: Args) -> str:
    return subscription.topic.replace("/", "_").upper()


@field_of("WebhookSubscription.format")
def _format(_context: Context, _subscription: Subscription, _args: Args) -> str:
    return "JSON"


@field_of("WebhookSubscription.filter", "WebhookSubscription.name")
def _text(_context: Context, subscription: Subscription, _args: Args) -> str | None:
    return subscription.filter or None


@field_of("WebhookSubscription.apiVersion")
def _version(_context: Context, _subscription: Subscription, _args: Args) -> dict[str, Any]:
    return {"handle": VERSION, "displayName": VERSION, "supported": True}


def consent_policies(shop: PlayedShop) -> list[dict[str, Any]]:
    """Where a shopper must be asked before anything is measured."""
    return [
        {
            "id": gid("ConsentPolicy", f"{shop.id}{place:03d}"),
            "shopId": gid("Shop", shop.id),
            "countryCode": code,
            "regionCode": None,
            "consentRequired": code != "US",
            "dataSaleOptOutRequired": code == "US",
        }
        for place, code in enumerate((*EUROPE, "GB", "US"))
    ]


def privacy_settings(shop: PlayedShop) -> dict[str, Any]:
    """The shop's own settings of privacy."""
    return {"banner": {"enabled": shop.consent_banner, "autoManaged": True}}


def _currency(market: Market) -> dict[str, Any]:
    return {"currencyCode": market.currency, "currencyName": market.currency, "enabled": True, "manualRate": None}
