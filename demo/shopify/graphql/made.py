"""Answers that are made up where the state says nothing: of the right type, and always the same for the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    get_named_type,
)

from demo.shopify.graphql.connections import Connection
from demo.shopify.graphql.schema import admin_schema, kinds_of

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
MOST = 3
# Of what may be missing, one in four is.
MISSING = 4


@dataclass(frozen=True, slots=True)
class Made:
    """A thing of a type that nobody keeps: its fields follow from the seed."""

    type_name: str
    seed: str


def draw(seed: str, below: int) -> int:
    """A whole number that follows from a seed."""
    return int.from_bytes(blake2b(seed.encode(), digest_size=6).digest()) % below


def make(kind: GraphQLOutputType, seed: str) -> Any:
    """A value of a type."""
    if isinstance(kind, GraphQLNonNull):
        return _present(kind.of_type, seed)
    return None if draw(seed + "?", MISSING) == 0 else _present(kind, seed)


def _present(kind: Any, seed: str) -> Any:
    if isinstance(kind, GraphQLList):
        return [make(kind.of_type, f"{seed}/{number}") for number in range(draw(seed + "#", MOST))]
    if isinstance(kind, GraphQLScalarType):
        return _scalar(kind.name, seed)
    if isinstance(kind, GraphQLEnumType):
        usual = [name for name, value in kind.values.items() if not value.deprecation_reason]
        return usual[draw(seed, len(usual))]
    names = [kind.name] if isinstance(kind, GraphQLObjectType) else kinds_of(kind.name)
    name = names[draw(seed, len(names))]
    return _connection(name, seed) if name.endswith("Connection") else Made(name, seed)


def _connection(name: str, seed: str) -> Connection:
    kind = admin_schema().type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    edge = get_named_type(kind.fields["edges"].type)
    assert isinstance(edge, GraphQLObjectType)
    node = edge.fields["node"].type
    whole = GraphQLNonNull(node.of_type if isinstance(node, GraphQLNonNull) else node)
    return Connection([make(whole, f"{seed}/{number}") for number in range(draw(seed + "#", MOST))])


def _scalar(name: str, seed: str) -> Any:
    number = draw(seed, 1_000_000)
    at = EPOCH + timedelta(seconds=number * 60)
    made = {
        "ID": f"gid://shopify/{seed.partition(':')[0] or 'Thing'}/{number + 1}",
        "Int": number % 1000,
        "Float": number % 1000 / 4,
        "Boolean": number % 2 == 0,
        "DateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Date": at.date().isoformat(),
        "Money": f"{number % 100_000 / 100:.2f}",
        "Decimal": f"{number % 100_000 / 100:.2f}",
        "URL": f"https://cdn.example.com/{number}",
        "HTML": f"<p>Text {number}</p>",
        "FormattedString": f"<b>Text {number}</b>",
        "JSON": {"number": number},
        "UnsignedInt64": str(number),
        "BigInt": str(number),
        "UtcOffset": "+00:00",
        "Color": f"#{number % 0xFFFFFF:06x}",
        "StorefrontID": f"c2Y{number}",
        "ARN": f"arn:aws:events:eu-west-1::event-source/aws.partner/example/{number}",
    }
    return made.get(name, f"text {number}")
