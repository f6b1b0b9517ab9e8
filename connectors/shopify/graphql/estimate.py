"""What a call costs at most, read from its text by Shopify's published rules: for the first time that it is run.

An object is one point, a scalar none, a mutation ten, and a connection two and its nodes as often as `first` or `last`
says. Shopify takes far less for long connections; an answer tells what it was.
https://shopify.dev/docs/api/usage/limits
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    parse,
)

MUTATION_POINTS = 10
CONNECTION_POINTS = 2
_SIZES = frozenset({"first", "last"})
# What wraps a connection's nodes costs nothing itself.
_FREE = frozenset({"edges", "pageInfo"})


def most_points(text: str, variables: Mapping[str, Any]) -> int:
    """The points of an operation. variables: those that say how much is asked; lists count by their length."""
    operation = next(each for each in parse(text).definitions if isinstance(each, OperationDefinitionNode))
    if operation.operation is OperationType.MUTATION:
        return MUTATION_POINTS * len(operation.selection_set.selections)
    return _selection(operation.selection_set, variables)


def _selection(selected: SelectionSetNode | None, variables: Mapping[str, Any]) -> int:
    points = 0
    for each in selected.selections if selected else ():
        if isinstance(each, FieldNode):
            points += _field(each, variables)
        elif isinstance(each, InlineFragmentNode):
            points += _selection(each.selection_set, variables)
    return points


def _field(field: FieldNode, variables: Mapping[str, Any]) -> int:
    if field.selection_set is None or field.name.value == "pageInfo":
        return 0
    inner = _selection(field.selection_set, variables)
    if field.name.value in _FREE:
        return inner
    arguments = {each.name.value: each.value for each in field.arguments or ()}
    for name in _SIZES & arguments.keys():
        return CONNECTION_POINTS + _number(arguments[name], variables) * max(inner, 1)
    times = _number(arguments["ids"], variables) if "ids" in arguments else 1
    return times * (1 + inner)


def _number(value: ValueNode, variables: Mapping[str, Any]) -> int:
    if isinstance(value, IntValueNode):
        return int(value.value)
    if isinstance(value, ListValueNode):
        return len(value.values)
    given = variables.get(value.name.value) if isinstance(value, VariableNode) else None
    return given if isinstance(given, int) else len(given or ())
