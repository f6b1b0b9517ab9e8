"""What a query costs by Shopify's published rules, before it is run and after it was.

An object is 1, a scalar or an enum nothing, a connection as many times its content as `first` or `last` says, and a
mutation 10. Shopify prices some connections lower than that: what fits here fits there.
https://shopify.dev/docs/api/usage/limits
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
)

MUTATION = 10
DEAREST = 1000.0
# A connection's edges are its nodes in another coat, and its page info is free.
FREE = frozenset({"edges", "pageInfo", "__typename"})
WRAPPERS = frozenset({"edges", "nodes", "node"})


@dataclass(slots=True)
class Price:
    """Adds up what an operation asks for. fragments and variables: the operation's."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def requested(self, operation: OperationDefinitionNode) -> int:
        """Points for all that it may answer."""
        mutation = operation.operation.value == "mutation"
        root = self.schema.mutation_type if mutation else self.schema.query_type
        if not mutation:
            return self._selection(operation.selection_set, root)
        return sum(MUTATION for each in operation.selection_set.selections if isinstance(each, FieldNode))

    def _selection(self, selection: SelectionSetNode | None, parent: Any) -> int:
        """Fields add up; of fragments on different types only the dearest counts."""
        total, dearest = 0, 0
        for each in selection.selections if selection else ():
            if isinstance(each, FieldNode):
                total += self._field(each, parent)
                continue
            if isinstance(each, FragmentSpreadNode):
                within: FragmentDefinitionNode | InlineFragmentNode = self.fragments[each.name.value]
            else:
                assert isinstance(each, InlineFragmentNode)
                within = each
            condition = within.type_condition
            kind = self.schema.type_map[condition.name.value] if condition else parent
            cost = self._selection(within.selection_set, kind)
            if is_abstract_type(parent) and kind is not parent:
                dearest = max(dearest, cost)
            else:
                total += cost
        return total + dearest

    def _field(self, node: FieldNode, parent: Any) -> int:
        name = node.name.value
        if name.startswith("__") or not (is_object_type(parent) or is_interface_type(parent)):
            return 0
        kind = get_named_type(parent.fields[name].type)
        if name == "pageInfo" or not is_composite_type(kind):
            return 0
        inner = self._selection(node.selection_set, kind)
        if isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection"):
            return 2 + self._times(node, 0) * max(inner, 1)
        wrapped = name in WRAPPERS and parent.name.endswith(("Connection", "Edge"))
        return inner if wrapped else self._times(node, 1) * (1 + inner)

    def _times(self, node: FieldNode, otherwise: int) -> int:
        """How many things a field may give: what `first` or `last` says, or as many as `ids` are asked for."""
        for argument in node.arguments or ():
            if argument.name.value in {"first", "last", "ids"}:
                value = argument.value
                said = self.variables.get(value.name.value) if isinstance(value, VariableNode) else value
                if isinstance(said, list):
                    return len(said)
                if isinstance(said, ListValueNode):
                    return len(said.values)
                number = getattr(said, "value", said)
                return int(str(number)) if str(number).isdigit() else otherwise
        return otherwise


def actual(data: Any, *, mutation: bool) -> int:
    """Points for what was answered: every object that is there."""
    if mutation:
        return MUTATION * sum(value is not None for value in (data or {}).values())
    return _objects(data) - 1 if data else 0


def _objects(value: Any, *, free: bool = False) -> int:
    if isinstance(value, list):
        return sum(_objects(each, free=free) for each in value)
    if not isinstance(value, dict):
        return 0
    wrapped = "nodes" in value or "edges" in value
    own = 0 if free else 2 if wrapped else 1
    return own + sum(_objects(each, free=key in FREE) for key, each in value.items())


@dataclass(slots=True)
class Bucket:
    """A leaky bucket of points for one app in one shop. rate: points that come back a second."""

    size: float = 2000.0
    rate: float = 100.0
    clock: Callable[[], float] = time.monotonic
    left: float = -1.0
    _at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def take(self, points: float) -> bool:
        """Hold points for a query; False where there are not enough."""
        with self._lock:
            self._fill()
            if points > self.left:
                return False
            self.left -= points
            return True

    def give_back(self, points: float) -> None:
        """Return what was held and not used."""
        with self._lock:
            self.left = min(self.size, self.left + points)

    def status(self) -> dict[str, float]:
        """The bucket as every answer tells it."""
        with self._lock:
            self._fill()
            return {"maximumAvailable": self.size, "currentlyAvailable": int(self.left), "restoreRate": self.rate}

    def _fill(self) -> None:
        now = self.clock()
        self.left = self.size if self.left < 0 else min(self.size, self.left + (now - self._at) * self.rate)
        self._at = now
