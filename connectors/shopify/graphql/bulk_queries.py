"""Queries of bulk operations, which take no variables: values are written into them."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import (
    REMOVE,
    BooleanValueNode,
    EnumValueNode,
    IntValueNode,
    Node,
    StringValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    assert_name,
    parse,
    print_ast,
    visit,
)

from connectors.shopify.graphql.documents import document


class EnumValue(str):
    """A value of one of Shopify's enums, such as a country's code."""

    __slots__ = ()


Value = str | int | bool | EnumValue


def bulk_query(name: str, values: Mapping[str, Value]) -> str:
    """The text of `operations/bulk/NAME.graphql` with a value for each variable that the file declares.

    Raises UnknownOperation; KeyError where a value is missing.
    """
    return print_ast(visit(parse(document(f"bulk/{name}").text), _FillIn(values)))


class _FillIn(Visitor):
    """Puts values where variables stand. A text becomes one string literal, whatever is in it."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        super().__init__()
        self._values = values

    def enter_variable_definition(self, _node: VariableDefinitionNode, *_: object) -> object:
        return REMOVE

    def enter_variable(self, node: VariableNode, *_: object) -> Node:
        value = self._values[node.name.value]
        if isinstance(value, bool):
            return BooleanValueNode(value=value)
        if isinstance(value, EnumValue):
            return EnumValueNode(value=assert_name(value))
        return IntValueNode(value=str(value)) if isinstance(value, int) else StringValueNode(value=value)
