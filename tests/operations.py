"""What the project's GraphQL operations ask for, judged against Shopify's own schema and scope table."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    specified_rules,
    validate,
    visit,
)

from connectors.shopify.scopes import missing
from demo.shopify.graphql.schema import admin_schema, needed_scopes

FOLDER = Path(str(files("connectors.shopify") / "operations"))
BULK = "bulk/"

# Protected customer data of level 2: what names a person, tells how to reach them or where they are.
PERSONAL_TYPES = frozenset(
    {
        "MailingAddress",
        "CustomerEmailAddress",
        "CustomerPhoneNumber",
        "CustomerJourneySummary",
        "CustomerVisit",
        "CompanyContact",
        "StaffMember",
        "CustomerPaymentMethod",
        "OrderDisputeSummary",
        "OrderRiskSummary",
        "Return",
        "Fulfillment",
        "FulfillmentOrder",
        "OrderTransaction",
        "AbandonedCheckout",
        "DraftOrder",
        "LocalizedField",
        "ShippingLine",
        "GiftCard",
        "CommentEvent",
    }
)
PERSONAL_FIELDS = frozenset(
    {
        "firstName",
        "lastName",
        "email",
        "phone",
        "contactEmail",
        "emailAddress",
        "phoneNumber",
        "address1",
        "address2",
        "zip",
        "latitude",
        "longitude",
        "formattedAddress",
        "formatted",
        "clientIp",
        "note",
        "statusPageUrl",
        "cartToken",
        "checkoutToken",
        "poNumber",
        "author",
        "accountOwner",
        "billingAddress",
        "shippingAddress",
        "displayAddress",
        "defaultAddress",
        "addresses",
        "addressesV2",
        "customerLocale",
        "billingAddressMatchesShippingAddress",
        "unsubscribeUrl",
        "multipassIdentifier",
        "verifiedEmail",
        "validEmailAddress",
    }
)
# Of a customer only the number is asked.
CUSTOMER_FIELDS = frozenset({"id", "__typename"})


@dataclass(frozen=True)
class Asked:
    """One field that an operation names. kind: the type that it answers with; connection, plain_list: what that is."""

    parent: str
    name: str
    kind: str
    connection: bool
    plain_list: bool


@cache
def names() -> tuple[str, ...]:
    """Every operation, as `document` knows it."""
    return tuple(sorted(each.relative_to(FOLDER).with_suffix("").as_posix() for each in FOLDER.rglob("*.graphql")))


def complaints(text: str) -> list[str]:
    """What Shopify's schema has against a document; that something is deprecated counts."""
    return [each.message for each in validate(admin_schema(), parse(text), [*specified_rules, NoDeprecatedCustomRule])]


def operation_of(text: str) -> OperationDefinitionNode:
    """The one operation of a document."""
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def fields(text: str) -> list[Asked]:
    """Every field of a document with the type that it is a field of."""
    return [each for each, _depth, _in_list in walk(parse(text))]


def walk(document: DocumentNode) -> Iterator[tuple[Asked, int, bool]]:
    """Every field, in how many connections it stands, and whether a plain list is around it."""
    info = TypeInfo(admin_schema())
    found: list[tuple[Asked, int, bool]] = []
    above: list[Asked] = []

    class Look(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent, kind = info.get_parent_type(), info.get_type()
            named = get_named_type(kind)
            assert parent is not None
            assert named is not None
            name = node.name.value
            asked = Asked(
                parent.name,
                name,
                named.name,
                isinstance(named, GraphQLObjectType) and named.name.endswith("Connection"),
                is_list_type(get_nullable_type(kind)) and name not in {"nodes", "edges"},
            )
            found.append((asked, sum(each.connection for each in above), any(each.plain_list for each in above)))
            above.append(asked)

        def leave_field(self, *_: object) -> None:
            above.pop()

    visit(document, TypeInfoVisitor(info, Look()))
    return iter(found)


def personal(text: str) -> list[str]:
    """The fields of level 2 that a document names."""
    return [
        f"{each.parent}.{each.name}"
        for each in fields(text)
        if each.kind in PERSONAL_TYPES
        or each.parent in PERSONAL_TYPES
        or each.name in PERSONAL_FIELDS
        or (each.parent == "Customer" and each.name not in CUSTOMER_FIELDS)
    ]


def scopes(text: str) -> list[tuple[str, frozenset[str]]]:
    """What a document needs: a place in it, and the scopes of which any one is enough there."""
    table = needed_scopes()
    places = {(each.parent, each.name) for each in fields(text)} | {(each.kind, "") for each in fields(text)}
    return [
        (f"{kind}.{name}".rstrip("."), scope_set)
        for kind, name in sorted(places & table.keys())
        for scope_set in (table[kind, name], *_also(kind, name))
    ]


def sizes(text: str) -> set[str]:
    """The variables of a document that say how much is asked."""
    found = set()

    class Look(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: object) -> None:
            if node.name.value in {"first", "last", "ids", "metafields"} and isinstance(node.value, VariableNode):
                found.add(node.value.name.value)

    visit(parse(text), Look())
    return found


def _also(kind: str, name: str) -> Iterator[frozenset[str]]:
    """Scopes that the table has in words alone: "The app requires read_customer_events access scope"."""
    words = _words()[kind, name].partition("Also:")[2]
    yield from (frozenset({each}) for each in re.findall(r"requires `?((?:read|write)_\w+)`? access scope", words))


@cache
def _words() -> dict[tuple[str, str], str]:
    """(type, field) -> what the table says that it needs; a type's own words stand under the field ""."""
    table = json.loads(gzip.decompress(files("demo.shopify").joinpath("schema", "admin_scopes.json.gz").read_bytes()))
    return {(row["typeName"], row.get("fieldName", "")): str(row["requiredAccess"]) for row in table["items"]}


def ungranted(text: str, granted: Iterable[str]) -> list[str]:
    """The places of a document that these scopes don't open."""
    held = tuple(granted)
    return [place for place, any_of in scopes(text) if all(missing(held, [each]) for each in any_of)]


def bulk_complaints(text: str) -> list[str]:
    """What Shopify has against a query for a bulk operation, besides what the schema says.

    https://shopify.dev/docs/api/usage/bulk-operations/queries
    """
    rows = list(walk(parse(text)))
    connections = [(each, depth, in_list) for each, depth, in_list in rows if each.connection]
    wrong = []
    if not 1 <= len(connections) <= 5:
        wrong.append(f"{len(connections)} connections")
    if any(depth > 1 for _each, depth, _in_list in connections):
        wrong.append("connections nested more than two deep")
    if any(in_list for _each, _depth, in_list in connections):
        wrong.append("a connection in a list")
    if any(each.name == "pageInfo" for each, _depth, _in_list in rows):
        wrong.append("pages")
    holders = {each.parent for each, depth, _in_list in connections if depth}
    wrong += [f"{each} without its id" for each in sorted(holders) if (each, "id") not in _named(rows)]
    if sum(each.parent == "QueryRoot" for each, _depth, _in_list in rows) != 1:
        wrong.append("not one root field")
    return wrong


def _named(rows: Iterable[tuple[Asked, int, bool]]) -> set[tuple[str, str]]:
    return {(each.parent, each.name) for each, _depth, _in_list in rows}
