"""The text of a bulk query: values filled in, what isn't asked left out, and one alias for each country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from graphql import (
    REMOVE,
    BooleanValueNode,
    EnumValueNode,
    FieldNode,
    NameNode,
    SelectionNode,
    SelectionSetNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from connectors.shopify.graphql.bulk_queries import Value, bulk_query

# Stands for a country in the files; it is GraphQL's own word for an unknown one.
ANY_COUNTRY = "ZZ"


def query_text(name: str, values: Mapping[str, Value], countries: Sequence[str] = ()) -> str:
    """The query in `operations/bulk/NAME.graphql`. values: of its variables; countries: ISO 3166, for its aliases."""
    return print_ast(visit(visit(parse(bulk_query(name, values)), _Choose()), _Spread(countries)))


class _Choose(Visitor):
    """Takes `@include` at its word: what a query may ask is checked before anybody looks at directives."""

    def enter_field(self, node: FieldNode, *_: object) -> object:
        for directive in node.directives or ():
            condition = directive.arguments[0].value if directive.arguments else None
            if directive.name.value == "include" and isinstance(condition, BooleanValueNode):
                return replace(node, directives=()) if condition.value else REMOVE
        return None


class _Spread(Visitor):
    """Repeats a field whose alias ends in the unknown country, for each of the countries that are asked."""

    def __init__(self, countries: Sequence[str]) -> None:
        super().__init__()
        self._countries = countries

    def leave_selection_set(self, node: SelectionSetNode, *_: object) -> SelectionSetNode:
        return replace(node, selections=tuple(each for field in node.selections for each in self._spread(field)))

    def _spread(self, field: SelectionNode) -> list[SelectionNode]:
        alias = field.alias.value if isinstance(field, FieldNode) and field.alias else ""
        if not alias.endswith(f"_{ANY_COUNTRY}"):
            return [field]
        return [
            replace(visit(field, _Put(country)), alias=NameNode(value=alias.removesuffix(ANY_COUNTRY) + country))
            for country in self._countries
        ]


class _Put(Visitor):
    """Puts a country where the unknown one stands."""

    def __init__(self, country: str) -> None:
        super().__init__()
        self._country = country

    def enter_enum_value(self, node: EnumValueNode, *_: object) -> EnumValueNode | None:
        return EnumValueNode(value=self._country) if node.value == ANY_COUNTRY else None
