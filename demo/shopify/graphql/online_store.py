"""Fields of the theme, of what happened in the shop, and of the stock of a place."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

from demo.shopify.graphql.connections import Connection, page
from demo.shopify.graphql.context import Context, field_of, paged, time
from demo.shopify.graphql.goods_fields import level_of
from demo.shopify.graphql.search import Fields, matcher
from demo.shopify.state import gid
from demo.shopify.things import Happening, Level, Location

Args = Mapping[str, Any]

_LEVEL_FIELDS: Fields = {
    "updated_at": lambda pair: pair[1].updated_at,
    "created_at": lambda pair: pair[1].created_at,
    "inventory_item_id": lambda pair: pair[0].item_id,
}
_EVENT_FIELDS: Fields = {
    "id": lambda each: each["number"],
    "action": lambda each: each["action"],
    "subject_type": lambda each: each["subjectType"],
    "created_at": lambda each: each["at"],
}
_SUBJECTS = {"products": "PRODUCT", "orders": "ORDER", "collections": "COLLECTION"}
_KINDS = {"PRODUCT": "Product", "ORDER": "Order", "COLLECTION": "Collection"}
_ACTIONS = {"delete": "destroy"}


@field_of("Location.inventoryLevels")
def _levels(context: Context, location: Location, args: Args) -> Connection:
    wanted = matcher(args.get("query"), _LEVEL_FIELDS)
    held: list[tuple[Any, Level]] = [
        (each, each.levels[location.id]) for each in context.shop.items.values() if location.id in each.levels
    ]
    found = [pair for pair in held if wanted(pair) and (pair[1].active or args.get("includeInactive"))]
    chosen = page(found, args, key=lambda pair: (pair[0].item_id,), everything=context.everything)
    chosen.things = [level_of(context, each, location.id) for each, _ in chosen.things]
    chosen.key = lambda level: (level["item"].thing.item_id,)
    return chosen


@field_of("QueryRoot.events")
def _events(context: Context, _root: Any, args: Args) -> Connection:
    made = [_event(number, each) for number, each in enumerate(context.shop.past, start=1)]
    found = [each for each in made if each is not None]
    return paged(context, list(filter(matcher(args.get("query"), _EVENT_FIELDS), found)), args)


def _event(number: int, happened: Happening) -> dict[str, Any] | None:
    kind, _, action = happened.topic.partition("/")
    subject = _SUBJECTS.get(kind)
    if subject is None:
        return None
    return {
        "__typename": "BasicEvent",
        "id": gid("BasicEvent", number),
        "number": number,
        "at": happened.at,
        "action": _ACTIONS.get(action, action),
        "createdAt": time(happened.at),
        "subjectId": gid(_KINDS[subject], happened.thing.id),
        "subjectType": subject,
        "message": f"{subject.title()} {action}",
    }


@field_of("QueryRoot.themes")
def _themes(context: Context, _root: Any, args: Args) -> Connection:
    theme = {"id": gid("OnlineStoreTheme", context.shop.id), "name": "Played theme", "role": "MAIN", "prefix": ""}
    shown = "MAIN" in (args.get("roles") or ["MAIN"])
    return paged(context, [theme] if shown else [], args)


@field_of("OnlineStoreTheme.files")
def _files(context: Context, _theme: Any, args: Args) -> Connection:
    patterns = args.get("filenames") or ["*"]
    found = [
        {
            "filename": name,
            "contentType": "application/json",
            "size": str(len(text.encode())),
            "body": {"__typename": "OnlineStoreThemeFileBodyText", "content": text},
        }
        for name, text in sorted(context.shop.theme_files.items())
        if any(fnmatch(name, each) for each in patterns)
    ]
    return page(found, {"first": 50, **args}, everything=context.everything)
