"""What an app does to itself in a shop: its web pixel and its own webhook subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.shopify.graphql.context import Context, field_of
from demo.shopify.state import gid, number_of
from demo.shopify.things import Subscription

Args = Mapping[str, Any]


@field_of("QueryRoot.webPixel")
def _pixel(context: Context, _root: Any, _args: Args) -> dict[str, Any] | None:
    installed = context.shop.installation
    if installed is None or installed.pixel is None:
        return None
    return {"id": gid("WebPixel", installed.pixel_id), "settings": dict(installed.pixel)}


@field_of("Mutation.webPixelCreate")
def _create(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    installed = context.shop.installation
    if installed is None or installed.pixel is not None:
        return _refused("webPixel", "TAKEN", "Web pixel is taken.")
    installed.pixel, installed.pixel_id = args["webPixel"]["settings"], context.shop.new_id()
    return {"webPixel": _pixel(context, None, {}), "userErrors": []}


@field_of("Mutation.webPixelUpdate")
def _update(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    installed = context.shop.installation
    if installed is None or installed.pixel is None or installed.pixel_id != number_of(args["id"]):
        return _refused("webPixel", "NOT_FOUND", "Web pixel not found.", "id")
    installed.pixel = args["webPixel"]["settings"]
    return {"webPixel": _pixel(context, None, {}), "userErrors": []}


@field_of("Mutation.webPixelDelete")
def _delete(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    installed = context.shop.installation
    if installed is None or installed.pixel is None or installed.pixel_id != number_of(args["id"]):
        return _refused("deletedWebPixelId", "NOT_FOUND", "Web pixel not found.", "id")
    installed.pixel = None
    return {"deletedWebPixelId": args["id"], "userErrors": []}


def _refused(name: str, code: str, message: str, where: str = "") -> dict[str, Any]:
    return {name: None, "userErrors": [{"field": [where or name], "message": message, "code": code}]}


@field_of("Mutation.webhookSubscriptionCreate")
def _subscribe(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    shop, given = context.shop, args["webhookSubscription"]
    topic = topic_of(args["topic"])
    with shop.lock:
        if any(
            each.own and (each.topic, each.uri) == (topic, given.get("uri")) for each in shop.subscriptions.values()
        ):
            taken = {
                "field": ["webhookSubscription", "uri"],
                "message": "Address for this topic has already been taken",
            }
            return {"webhookSubscription": None, "userErrors": [taken]}
        made = Subscription(
            shop.new_id(),
            topic,
            given.get("uri") or "",
            include_fields=tuple(given.get("includeFields") or ()),
            filter=given.get("filter") or "",
            name=given.get("name") or "",
            own=True,
        )
        shop.subscriptions[made.id] = made
    return {"webhookSubscription": made, "userErrors": []}


@field_of("Mutation.webhookSubscriptionDelete")
def _unsubscribe(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    gone = context.shop.subscriptions.pop(number_of(args["id"]), None)
    if gone is None:
        missing = {"field": ["id"], "message": "Webhook subscription does not exist"}
        return {"deletedWebhookSubscriptionId": None, "userErrors": [missing]}
    return {"deletedWebhookSubscriptionId": args["id"], "userErrors": []}


TWO_WORDS = ("INVENTORY_LEVELS", "INVENTORY_ITEMS", "BULK_OPERATIONS", "ORDER_TRANSACTIONS", "SELLING_PLAN_GROUPS")


def topic_of(name: str) -> str:
    """A topic as webhooks write it: "INVENTORY_LEVELS_UPDATE" is "inventory_levels/update"."""
    for first in TWO_WORDS:
        if name.startswith(first + "_"):
            return f"{first}/{name[len(first) + 1 :]}".lower()
    return name.replace("_", "/", 1).lower()
