"""Metafields: reading them, setting them with compare-and-set, and defining what they may hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from demo.shopify.graphql.connections import Connection, page
from demo.shopify.graphql.context import Context, field_of, paged, plain
from demo.shopify.graphql.roots import thing_of
from demo.shopify.state import gid, number_of
from demo.shopify.things import Definition, Metafield

Args = Mapping[str, Any]
OWNERS = (
    "Product",
    "ProductVariant",
    "Collection",
    "Order",
    "Customer",
    "Location",
    "Market",
    "Shop",
    "AppInstallation",
)
OWNER_TYPES = {"PRODUCT": "Product", "PRODUCTVARIANT": "ProductVariant", "COLLECTION": "Collection", "SHOP": "Shop"}
MOST_AT_ONCE = 25
LONGEST_LIST = 128
LARGEST_BYTES = 65_536
LARGEST_JSON_BYTES = 128_000
KINDS = frozenset(
    {
        *("single_line_text_field", "multi_line_text_field", "number_integer", "number_decimal", "boolean", "json"),
        *("url", "date_time", "product_reference", "variant_reference", "collection_reference", "id", "color"),
    }
)

plain("Metafield", namespace="namespace", key="key", type="type", value="value", compareDigest="digest")
plain("Metafield", createdAt="created_at", updatedAt="updated_at")
plain("MetafieldDefinition", namespace="namespace", key="key", name="name", ownerType="owner_type")
plain("MetafieldDefinition", description="description")


def owner_id(context: Context, thing: Any) -> str:
    """The global id of what a metafield hangs on."""
    if thing is context.shop:
        return gid("Shop", thing.id)
    return gid(
        {"Variant": "ProductVariant", "Installation": "AppInstallation"}.get(*[type(thing).__name__] * 2), thing.id
    )


@field_of(*(f"{each}.metafield" for each in OWNERS))
def _metafield(context: Context, thing: Any, args: Args) -> Metafield | None:
    return context.shop.metafield(owner_id(context, thing), args.get("namespace"), args["key"])


@field_of(*(f"{each}.metafields" for each in OWNERS))
def _metafields(context: Context, thing: Any, args: Args) -> Connection:
    found = context.shop.metafields_of(owner_id(context, thing))
    if args.get("namespace"):
        found = [each for each in found if each.namespace == context.shop.namespace(args["namespace"])]
    if args.get("keys"):
        found = [each for each in found if each.key in args["keys"] or f"{each.namespace}.{each.key}" in args["keys"]]
    return paged(context, found, args)


@field_of("Metafield.id")
def _id(_context: Context, metafield: Metafield, _args: Args) -> str:
    return gid("Metafield", metafield.id)


@field_of("Metafield.legacyResourceId")
def _number(_context: Context, metafield: Metafield, _args: Args) -> str:
    return str(metafield.id)


@field_of("Metafield.jsonValue")
def _json(_context: Context, metafield: Metafield, _args: Args) -> Any:
    try:
        return json.loads(metafield.value)
    except ValueError:
        return metafield.value


@field_of("Metafield.sizeInBytes")
def _size(_context: Context, metafield: Metafield, _args: Args) -> int:
    return len(metafield.value.encode())


@field_of("Metafield.owner")
def _owner(context: Context, metafield: Metafield, _args: Args) -> Any:
    return thing_of(context, metafield.owner)


@field_of("Metafield.references")
def _references(context: Context, metafield: Metafield, args: Args) -> Connection | None:
    if not metafield.type.startswith("list."):
        return None
    found = [thing_of(context, each) for each in json.loads(metafield.value)]
    return paged(context, [each for each in found if each is not None], args)


@field_of("MetafieldDefinition.id")
def _definition_id(_context: Context, definition: Definition, _args: Args) -> str:
    return gid("MetafieldDefinition", definition.id)


@field_of("MetafieldDefinition.type")
def _definition_type(_context: Context, definition: Definition, _args: Args) -> dict[str, Any]:
    return {"name": definition.type, "category": "REFERENCE"}


@field_of("MetafieldDefinition.access")
def _access(_context: Context, definition: Definition, _args: Args) -> dict[str, Any]:
    return {"admin": definition.admin, "storefront": definition.storefront, "customerAccount": "NONE"}


@field_of("QueryRoot.metafieldDefinitions")
def _definitions(context: Context, _root: Any, args: Args) -> Connection:
    wanted = context.shop.namespace(args["namespace"]) if args.get("namespace") else None
    found = [
        each
        for each in context.shop.definitions.values()
        if each.owner_type == args["ownerType"]
        and wanted in {None, each.namespace}
        and args.get("key") in {None, each.key}
    ]
    return page(found, args, everything=context.everything)


@field_of("Mutation.metafieldDefinitionCreate")
def _define(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    shop, given = context.shop, args["definition"]
    place = (given["ownerType"], shop.namespace(given.get("namespace")), given["key"])
    if given["type"].removeprefix("list.") not in KINDS:
        return _not_defined("INCLUSION", f"Type name {given['type']} is not a valid type.", "type")
    access = given.get("access") or {}
    if access.get("admin") and not place[1].startswith("app--"):
        return _not_defined("INVALID", "Access admin can only be set on app-reserved namespaces.", "access")
    with shop.lock:
        if place in shop.definitions:
            return _not_defined("TAKEN", f"Key is in use for {given['ownerType'].title()} metafields.", "key")
        made = Definition(shop.new_id(), *place, given["name"], given["type"])
        made.storefront, made.admin = access.get("storefront") or "NONE", access.get("admin") or made.admin
        made.description = given.get("description") or ""
        shop.definitions[place] = made
    return {"createdDefinition": made, "userErrors": []}


@field_of("Mutation.metafieldDefinitionUpdate")
def _redefine(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    shop, given = context.shop, args["definition"]
    with shop.lock:
        found = shop.definitions.get((given["ownerType"], shop.namespace(given.get("namespace")), given["key"]))
        if found is None:
            error = {"field": ["definition"], "message": "Definition not found.", "code": "NOT_FOUND"}
            return {"updatedDefinition": None, "userErrors": [error], "validationJob": None}
        found.name = given.get("name") or found.name
        found.storefront = (given.get("access") or {}).get("storefront") or found.storefront
        return {"updatedDefinition": found, "userErrors": [], "validationJob": None}


def _not_defined(code: str, message: str, where: str) -> dict[str, Any]:
    error = {"field": ["definition", where], "message": message, "code": code}
    return {"createdDefinition": None, "userErrors": [error]}


@field_of("Mutation.metafieldsSet")
def _set(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    """All or none: one that is refused keeps the others from being set."""
    shop, given = context.shop, args["metafields"]
    with shop.lock:
        if len(given) > MOST_AT_ONCE:
            message = f"Exceeded the maximum metafields input limit of {MOST_AT_ONCE}."
            return _refused([_error(None, "LESS_THAN_OR_EQUAL_TO", message)])
        errors = [error for place, each in enumerate(given) if (error := _wrong(context, place, each))]
        if errors:
            return _refused(errors)
        made = [
            shop.put_metafield(each["ownerId"], each.get("namespace"), each["key"], _type(context, each), each["value"])
            for each in given
        ]
    return {"metafields": made, "userErrors": []}


@field_of("Mutation.metafieldsDelete")
def _delete(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    gone = []
    for each in args["metafields"]:
        found = context.shop.drop_metafield(each["ownerId"], each.get("namespace"), each["key"])
        kept = {name: each.get(name) for name in ("ownerId", "namespace", "key")}
        gone.append(kept if found else None)
    return {"deletedMetafields": gone, "userErrors": []}


def _type(context: Context, given: Args) -> str:
    """The type that is given, or else the definition's or that of the value that it replaces; "" where none is."""
    shop = context.shop
    kind = given["ownerId"].removeprefix("gid://shopify/").partition("/")[0]
    owner_type = next((name for name, each in OWNER_TYPES.items() if each == kind), kind.upper())
    defined = shop.definitions.get((owner_type, shop.namespace(given.get("namespace")), given["key"]))
    before = shop.metafield(given["ownerId"], given.get("namespace"), given["key"])
    return given.get("type") or (defined.type if defined else "") or (before.type if before else "")


def _wrong(context: Context, place: int, given: Args) -> dict[str, Any] | None:
    kind, value, shop = _type(context, given), given["value"], context.shop
    known = given["ownerId"].split("/")[3:4] in (["AppInstallation"], ["Shop"]) or thing_of(context, given["ownerId"])
    if not known:
        return _error(place, "INVALID", "Owner does not exist.", "ownerId")
    if not kind:
        return _error(place, "BLANK", "Type can't be blank", "type")
    if kind.removeprefix("list.") not in KINDS:
        return _error(place, "INCLUSION", f"Type {kind} is not included in the list", "type")
    if "compareDigest" in given:
        before = shop.metafield(given["ownerId"], given.get("namespace"), given["key"])
        if given["compareDigest"] != (before.digest if before else None):
            message = (
                "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."
            )
            return _error(place, "STALE_OBJECT", message)
    problem = _bad_value(context, kind, value)
    return _error(place, "INVALID_VALUE", problem, "value") if problem else None


def _bad_value(context: Context, kind: str, value: str) -> str:
    if len(value.encode()) > (LARGEST_JSON_BYTES if kind == "json" else LARGEST_BYTES):
        return "Value exceeds the maximum size."
    if kind == "json" or kind.startswith("list."):
        try:
            found = json.loads(value)
        except ValueError:
            return "Value is invalid JSON."
        if kind.startswith("list."):
            return _bad_list(context, kind, found)
    if kind == "boolean" and value not in {"true", "false"}:
        return "Value must be true or false."
    return "" if value else "Value can't be blank."


def _bad_list(context: Context, kind: str, found: Any) -> str:
    if not isinstance(found, list):
        return "Value must be an array."
    if len(found) > LONGEST_LIST:
        return f"Value has too many items: {LONGEST_LIST} are allowed."
    if kind == "list.product_reference":
        wrong = [each for each in found if number_of(str(each)) not in context.shop.products]
        return f"Value require that you select a product: {wrong[0]}" if wrong else ""
    return ""


def _error(place: int | None, code: str, message: str, where: str = "") -> dict[str, Any]:
    path = ["metafields", *([str(place)] if place is not None else []), *([where] if where else [])]
    return {"field": path, "message": message, "code": code, "elementIndex": None}


def _refused(errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"metafields": None, "userErrors": errors}
