"""One call of the Admin API: its document is read, judged, priced, run and answered as Shopify answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    execute_sync,
    parse,
    specified_rules,
    validate,
)

from demo.shopify.graphql import registered
from demo.shopify.graphql.context import Context
from demo.shopify.graphql.cost import DEAREST, Bucket, Price, actual
from demo.shopify.graphql.resolving import resolve, type_of
from demo.shopify.graphql.schema import admin_schema

RULES = (*specified_rules, NoDeprecatedCustomRule)
LIMITS = "https://shopify.dev/api/usage/rate-limits"
LONGEST_DOCUMENT = 50_000

registered.all_fields()


def answer(context: Context, bucket: Bucket, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer's JSON; its HTTP status is always 200. body: query, variables, operationName."""
    query, variables = body.get("query"), body.get("variables") or {}
    if not isinstance(query, str) or not isinstance(variables, dict):
        return _errors([{"message": "Required parameter missing or invalid: query"}])
    document, wrong = read(query)
    if document is None or wrong:
        return _errors(wrong)
    operation = _operation(document, body.get("operationName"))
    if operation is None:
        return _errors([{"message": "An operation name is required", "extensions": {"code": "BAD_REQUEST"}}])
    return _priced(context, bucket, document, operation, variables)


def _priced(
    context: Context,
    bucket: Bucket,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: dict[str, Any],
) -> dict[str, Any]:
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    defaults = {
        each.variable.name.value: getattr(each.default_value, "value", None)
        for each in operation.variable_definitions or ()
        if each.default_value
    }
    cost = Price(admin_schema(), fragments, {**defaults, **variables}).requested(operation)
    if cost > DEAREST:
        return _errors([_too_dear(cost)])
    if not bucket.take(cost):
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": LIMITS}}
        return {"errors": [error], "extensions": {"cost": _cost(cost, None, bucket)}}
    with context.shop.lock:
        result = execute_sync(
            admin_schema(),
            document,
            context_value=context,
            variable_values=variables,
            operation_name=operation.name.value if operation.name else None,
            field_resolver=resolve,
            type_resolver=type_of,
        )
    spent = min(actual(result.data, mutation=operation.operation.value == "mutation"), cost)
    bucket.give_back(cost - spent)
    found: dict[str, Any] = {"data": result.data} if result.data is not None or not result.errors else {}
    if result.errors:
        found["errors"] = [_shown(each) for each in result.errors]
    return {**found, "extensions": {"cost": _cost(cost, spent, bucket)}}


@lru_cache(maxsize=500)
def read(query: str) -> tuple[DocumentNode | None, list[dict[str, Any]]]:
    """A document and what is wrong with it by the schema, where nothing deprecated may be asked for."""
    if len(query) > LONGEST_DOCUMENT:
        return None, [{"message": f"Query is longer than {LONGEST_DOCUMENT} characters"}]
    try:
        document = parse(query, max_tokens=10_000)
    except GraphQLError as error:
        return None, [_shown(error)]
    return document, [_shown(each) for each in validate(admin_schema(), document, RULES, max_errors=20)]


def _operation(document: DocumentNode, name: Any) -> OperationDefinitionNode | None:
    every = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    named = [each for each in every if each.name and each.name.value == name]
    return named[0] if named else every[0] if len(every) == 1 and not name else None


def _cost(requested: int, spent: int | None, bucket: Bucket) -> dict[str, Any]:
    return {"requestedQueryCost": requested, "actualQueryCost": spent, "throttleStatus": bucket.status()}


def _too_dear(cost: int) -> dict[str, Any]:
    limit = int(DEAREST)
    return {
        "message": f"Query cost is {cost}, which exceeds the single query max cost limit ({limit}).",
        "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": limit, "documentation": LIMITS},
    }


def _shown(error: GraphQLError) -> dict[str, Any]:
    """An error as Shopify writes it: always with extensions, with a code where it has one."""
    found: dict[str, Any] = {**error.formatted}
    if "Cannot query field" in error.message:
        parts = error.message.split("'")
        found["message"] = f"Field '{parts[1]}' doesn't exist on type '{parts[3]}'"
        found["extensions"] = {"code": "undefinedField", "typeName": parts[3], "fieldName": parts[1]}
    found.setdefault("extensions", {"code": "BAD_REQUEST" if error.path is None else "INTERNAL_SERVER_ERROR"})
    return found


def _errors(errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"errors": errors}
