"""Shopify's Admin schema and its scope table, as published; read once, when they are first asked for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from graphql import GraphQLNamedType, GraphQLSchema, build_schema

VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
VERSION = VERSIONS[-1]


@cache
def admin_schema() -> GraphQLSchema:
    """The schema of `VERSION`. Reading it takes a second or two."""
    return build_schema(_text("admin_schema.graphql.gz"), assume_valid=True)


@cache
def needed_scopes() -> Mapping[tuple[str, str], frozenset[str]]:
    """(type, field) -> scopes of which any one is enough; a type's own stand under the field ""."""
    rows = json.loads(_text("admin_scopes.json.gz"))["items"]
    return {
        (row["typeName"], row.get("fieldName", "") if row["type"] == "field" else ""): frozenset(row["offlineScopes"])
        for row in rows
        if row["offlineScopes"]
    }


@cache
def required_access(type_name: str, field_name: str) -> str:
    """What the documentation says that a field needs, in words."""
    return next(
        str(row["requiredAccess"])
        for row in json.loads(_text("admin_scopes.json.gz"))["items"]
        if row["typeName"] == type_name and row.get("fieldName", "") == field_name
    )


def kinds_of(name: str) -> list[str]:
    """Names of the object types that an interface or a union stands for."""
    schema = admin_schema()
    kind: GraphQLNamedType = schema.type_map[name]
    return sorted(each.name for each in schema.get_possible_types(kind))  # type: ignore[arg-type]


def _text(name: str) -> str:
    return gzip.decompress(files("demo.shopify").joinpath("schema", name).read_bytes()).decode()
