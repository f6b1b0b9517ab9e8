"""What Shopify takes as the query of a bulk operation, and what it says of one that it does not take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_interface_type,
    is_list_type,
    is_object_type,
    parse,
    validate,
)

from demo.shopify.graphql.schema import admin_schema

MOST_CONNECTIONS = 5
DEEPEST = 2
WITHOUT_ID = (
    "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be of 'ID' "
    "return type. Connection fields without 'id': {}."
)
IN_LIST = "Queries that contain a connection field within a list field are not currently supported."


@dataclass(slots=True)
class _Survey:
    """What was met on the way through a query. depth: of connections within connections, the outermost is 0."""

    fragments: dict[str, FragmentDefinitionNode]
    connections: int = 0
    wrong: list[str] = field(default_factory=list)

    def look(self, selection: SelectionSetNode | None, parent: Any, depth: int, *, in_list: bool) -> None:
        """Go through a selection; depth: how many connections it is in."""
        for each in selection.selections if selection else ():
            if isinstance(each, FieldNode):
                self._field(each, parent, depth, in_list=in_list)
            elif isinstance(each, FragmentSpreadNode | InlineFragmentNode):
                within = self.fragments[each.name.value] if isinstance(each, FragmentSpreadNode) else each
                kind = within.type_condition
                inner = admin_schema().type_map[kind.name.value] if kind else parent
                self.look(within.selection_set, inner, depth, in_list=in_list)

    def _field(self, node: FieldNode, parent: Any, depth: int, *, in_list: bool) -> None:
        name = node.name.value
        if name.startswith("__") or not (is_object_type(parent) or is_interface_type(parent)):
            return
        kind = parent.fields[name].type
        named = get_named_type(kind)
        if isinstance(named, GraphQLObjectType) and named.name.endswith("Connection"):
            self._connection(node, named, depth, in_list=in_list)
        else:
            plain_list = is_list_type(get_nullable_type(kind)) and name not in {"nodes", "edges"}
            self.look(node.selection_set, named, depth, in_list=in_list or plain_list)

    def _connection(self, node: FieldNode, kind: Any, depth: int, *, in_list: bool) -> None:
        self.connections += 1
        if in_list:
            self.wrong.append(
                "Queries that contain a connection field within a list field are not currently supported."
            )
        if depth > DEEPEST:
            self.wrong.append(f"Bulk queries cannot contain connections nested more than {DEEPEST} levels deep.")
        before = self.connections
        self.look(node.selection_set, kind, depth + 1, in_list=False)
        if self.connections > before and "id" not in _selected(node):
            self.wrong.append(WITHOUT_ID.format(node.name.value))


def _selected(node: FieldNode) -> set[str]:
    """Names of the fields of a connection's node that are asked for without another name."""
    found: set[str] = set()
    for each in node.selection_set.selections if node.selection_set else ():
        if not isinstance(each, FieldNode):
            continue
        if each.name.value == "edges":
            found |= _selected(each)
        elif each.name.value in {"node", "nodes"} and each.selection_set:
            inner = [sub for sub in each.selection_set.selections if isinstance(sub, FieldNode)]
            found |= {sub.name.value for sub in inner if sub.alias is None}
    return found


def judge(text: str) -> tuple[DocumentNode | None, list[str]]:
    """The query's document, and everything that keeps it from being run."""
    try:
        document = parse(text, max_tokens=10_000)
    except GraphQLError as error:
        return None, [f"Invalid bulk query: {error.message}"]
    wrong = [f"Invalid bulk query: {each.message}" for each in validate(admin_schema(), document, max_errors=5)]
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation.value != "query":
        wrong.append("Bulk queries must contain exactly one query operation.")
    if wrong:
        return None, wrong
    operation = operations[0]
    roots = [each for each in operation.selection_set.selections if isinstance(each, FieldNode)]
    if operation.variable_definitions:
        wrong.append("Bulk queries cannot have variables.")
    if any(each.name.value in {"node", "nodes"} for each in roots):
        wrong.append("Bulk queries cannot use the top level 'node' or 'nodes' fields.")
    return document, wrong + _survey(document, operation)


def _survey(document: DocumentNode, operation: OperationDefinitionNode) -> list[str]:
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    survey = _Survey(fragments)
    survey.look(operation.selection_set, admin_schema().query_type, 0, in_list=False)
    if not survey.connections:
        survey.wrong.append("Bulk queries must contain at least one connection.")
    if survey.connections > MOST_CONNECTIONS:
        survey.wrong.append(f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections.")
    return list(dict.fromkeys(survey.wrong))
