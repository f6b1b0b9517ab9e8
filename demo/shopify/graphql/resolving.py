"""How a field is answered: from the state where somebody has registered how, else made up by its type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graphql import GraphQLError, GraphQLOutputType, GraphQLResolveInfo, get_named_type

from demo.shopify import things
from demo.shopify.bulk import BulkOperation
from demo.shopify.graphql.connections import Connection, Edge
from demo.shopify.graphql.context import FIELDS, LEVEL_2, As, Context
from demo.shopify.graphql.made import Made, make
from demo.shopify.graphql.schema import needed_scopes, required_access
from demo.shopify.state import PlayedShop

# Which type a thing is where the schema leaves it open.
NAMES: Mapping[type, str] = {
    things.Product: "Product",
    things.Variant: "ProductVariant",
    things.Location: "Location",
    things.Collection: "Collection",
    things.Publication: "Publication",
    things.Market: "Market",
    things.Customer: "Customer",
    things.Line: "LineItem",
    things.Refund: "Refund",
    things.Order: "Order",
    things.Metafield: "Metafield",
    things.Definition: "MetafieldDefinition",
    things.Subscription: "WebhookSubscription",
    things.Installation: "AppInstallation",
    PlayedShop: "Shop",
    BulkOperation: "BulkOperation",
}
DOCUMENTATION = "https://shopify.dev/api/usage/access-scopes"


def resolve(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
    """The resolver of every field."""
    return value_of(info.context, info.parent_type.name, info.field_name, info.return_type, source, args)


def value_of(
    context: Context, type_name: str, field: str, kind: GraphQLOutputType, source: Any, args: Mapping[str, Any]
) -> Any:
    """What a field of a type answers for a thing. Raises GraphQLError where access is denied."""
    allow(context, type_name, field, kind)
    if isinstance(source, As):
        source = source.thing
    if isinstance(source, dict) and field in source:
        return source[field]
    if isinstance(source, Connection):
        return _of_connection(source, field, kind, args)
    if isinstance(source, Edge):
        return source.node if field == "node" else source.cursor
    registered = FIELDS.get((type_name, field))
    if registered is None or isinstance(source, Made):
        return make(kind, f"{get_named_type(kind).name}:{_seed(source, type_name)}.{field}")
    if (type_name, field) in LEVEL_2 and not context.platform.level_2:
        return None
    return registered(context, source, args)


def type_of(value: Any, _info: GraphQLResolveInfo[Any], _abstract: Any) -> str:
    """Which type a value of an interface or a union is."""
    if isinstance(value, Made | As):
        return value.type_name
    if isinstance(value, dict):
        return str(value["__typename"])
    return NAMES[type(value)]


def allow(context: Context, type_name: str, field: str, kind: GraphQLOutputType) -> None:
    """Refuse a field whose scopes the shop has not granted. Raises GraphQLError."""
    denied = context.denied.get((type_name, field))
    returned = get_named_type(kind).name
    if denied is None:
        needed = needed_scopes()
        sets = [needed.get((type_name, field)), needed.get((returned.removesuffix("Connection"), ""))]
        denied = any(scopes is not None and not scopes & context.scopes for scopes in sets)
        context.denied[type_name, field] = denied
    if denied:
        _refuse(context, type_name, field, returned.removesuffix("Connection"))


def _refuse(context: Context, type_name: str, field: str, returned: str) -> None:
    own = needed_scopes().get((type_name, field))
    needs = (type_name, field) if own is not None and not own & context.scopes else (returned, "")
    words = required_access(*needs)
    raise GraphQLError(
        f"Access denied for {field} field. Required access: {words}",
        extensions={"code": "ACCESS_DENIED", "documentation": DOCUMENTATION, "requiredAccess": words},
    )


def _of_connection(source: Connection, field: str, kind: GraphQLOutputType, args: Mapping[str, Any]) -> Any:
    if field == "nodes":
        return source.things
    if field == "edges":
        return source.edges()
    if field == "pageInfo":
        return source.page_info()
    return source.more.get(field, make(kind, f"{field}{sorted(args)}"))


def _seed(source: Any, type_name: str) -> str:
    if isinstance(source, Made):
        return source.seed
    if isinstance(source, dict):
        if "id" in source:
            return str(source["id"])
        return str(sorted((key, str(value)) for key, value in source.items()))
    number = getattr(source, "id", "")
    stamp = getattr(source, "created_at", None)
    return f"{type_name}{number}{stamp.date() if isinstance(stamp, datetime) else ''}"
