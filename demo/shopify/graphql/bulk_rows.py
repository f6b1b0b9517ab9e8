"""The rows of a bulk operation: the same resolvers as elsewhere, but each thing of a connection is a row of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.values import get_argument_values

from demo.shopify.graphql.connections import Connection
from demo.shopify.graphql.context import Context
from demo.shopify.graphql.resolving import allow, type_of, value_of
from demo.shopify.graphql.schema import admin_schema

# Ungrouped, the parents of a whole chunk come before their children.
CHUNK = 20
Row = dict[str, Any]


@dataclass(slots=True)
class _Field:
    """A field that is asked for: under which key, with which arguments, and what of it."""

    key: str
    name: str
    kind: Any
    args: Mapping[str, Any]
    leaf: bool
    connection: bool
    inner: _Plan | None


@dataclass(slots=True)
class _Plan:
    """A selection, worked out once for each type that it meets."""

    selections: list[SelectionSetNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    context: Context
    known: dict[str, list[_Field]] = field(default_factory=dict)

    def of(self, type_name: str) -> list[_Field]:
        """The fields for a type."""
        found = self.known.get(type_name)
        if found is None:
            fields: dict[str, _Field] = {}
            for each in self.selections:
                self._collect(each, type_name, fields)
            found = self.known[type_name] = list(fields.values())
        return found

    def _collect(self, selection: SelectionSetNode, type_name: str, into: dict[str, _Field]) -> None:
        for each in selection.selections:
            if not _included(each):
                continue
            if isinstance(each, FieldNode):
                made = self._field(each, type_name)
                into.setdefault(made.key, made)
            elif isinstance(each, FragmentSpreadNode | InlineFragmentNode):
                within = self.fragments[each.name.value] if isinstance(each, FragmentSpreadNode) else each
                if within.type_condition is None or _is(type_name, within.type_condition.name.value):
                    self._collect(within.selection_set, type_name, into)

    def _field(self, node: FieldNode, type_name: str) -> _Field:
        name = node.name.value
        key = node.alias.value if node.alias else name
        if name == "__typename":
            return _Field(key, name, None, {}, leaf=True, connection=False, inner=None)
        parent = admin_schema().type_map[type_name]
        assert isinstance(parent, GraphQLObjectType)
        definition = parent.fields[name]
        allow(self.context, type_name, name, definition.type)
        named = get_named_type(definition.type)
        inner = _Plan([node.selection_set], self.fragments, self.context) if node.selection_set else None
        connection = isinstance(named, GraphQLObjectType) and named.name.endswith("Connection")
        args = get_argument_values(definition, node)
        return _Field(key, name, definition.type, args, leaf=is_leaf_type(named), connection=connection, inner=inner)


def _included(node: SelectionNode) -> bool:
    """Whether @include and @skip leave it in; without variables they only hold what is written there."""
    include = get_directive_values(GraphQLIncludeDirective, node)
    skip = get_directive_values(GraphQLSkipDirective, node)
    return not ((include and not include["if"]) or (skip and skip["if"]))


def _is(type_name: str, wanted: str) -> bool:
    kind = admin_schema().type_map[wanted]
    return type_name == wanted or (
        is_abstract_type(kind) and any(each.name == type_name for each in admin_schema().get_possible_types(kind))
    )


@dataclass(frozen=True, slots=True)
class _Child:
    """A connection that was met in a row, and whose children its things are."""

    asked: _Field
    found: Connection
    parent: str | None


def rows(context: Context, document: DocumentNode, *, grouped: bool) -> Iterator[tuple[Row, bool]]:
    """Every row, and whether it is a root. Raises GraphQLError where a field is denied."""
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    plan = _Plan([operation.selection_set], fragments, context)
    with context.shop.lock:
        _row, children = _row_of(plan, "QueryRoot", None)
    for child in children:
        things = iter(child.found.things)
        while chunk := list(islice(things, CHUNK)):
            with context.shop.lock:
                found = list(_of_chunk(context, child, chunk, grouped=grouped))
            yield from found


def _of_chunk(context: Context, child: _Child, chunk: list[Any], *, grouped: bool) -> Iterator[tuple[Row, bool]]:
    waiting: list[_Child] = []
    for thing in chunk:
        row, children = _node_row(child, thing)
        yield row, child.parent is None
        if grouped:
            for each in children:
                yield from _of_chunk(context, each, list(each.found.things), grouped=True)
        else:
            waiting += children
    for each in waiting:
        yield from _of_chunk(context, each, list(each.found.things), grouped=False)


def _node_row(child: _Child, thing: Any) -> tuple[Row, list[_Child]]:
    kind = get_named_type(child.asked.kind)
    node = _node_plan(child.asked, kind)
    row, children = _row_of(node, _type_name(kind, thing), thing)
    if child.parent is not None:
        row["__parentId"] = child.parent
    return row, [_Child(each.asked, each.found, row.get("id")) for each in children]


def _node_plan(asked: _Field, kind: Any) -> _Plan:
    """What is asked of the things themselves: under `nodes`, or under `edges { node }`."""
    assert asked.inner is not None
    for each in asked.inner.of(kind.name):
        if each.name == "nodes" and each.inner:
            return each.inner
        if each.name == "edges" and each.inner:
            edge = get_named_type(each.kind)
            found = next((sub.inner for sub in each.inner.of(edge.name) if sub.name == "node"), None)
            if found is not None:
                return found
    return _Plan([], {}, asked.inner.context)


def _type_name(connection: Any, thing: Any) -> str:
    node = get_named_type(connection.fields["nodes"].type)
    return type_of(thing, None, None) if is_abstract_type(node) else str(node.name)  # type: ignore[arg-type]


def _row_of(plan: _Plan, type_name: str, source: Any) -> tuple[Row, list[_Child]]:
    row: Row = {}
    children: list[_Child] = []
    for asked in plan.of(type_name):
        if asked.name == "__typename":
            row[asked.key] = type_name
            continue
        value = value_of(plan.context, type_name, asked.name, asked.kind, source, asked.args)
        if asked.connection:
            if value is not None:
                children.append(_Child(asked, value, None))
        else:
            row[asked.key] = _completed(asked, value, children)
    return row, children


def _completed(asked: _Field, value: Any, children: list[_Child]) -> Any:
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return [_completed(asked, each, children) for each in value]
    if asked.leaf:
        return value
    assert asked.inner is not None
    kind = get_named_type(asked.kind)
    name = type_of(value, None, None) if is_abstract_type(kind) else kind.name  # type: ignore[arg-type]
    row, inner = _row_of(asked.inner, name, value)
    children += inner
    return row
