"""Starting, watching and cancelling bulk operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.shopify.bulk import BulkOperation, Refused
from demo.shopify.graphql.connections import Connection
from demo.shopify.graphql.context import Context, field_of, paged, plain
from demo.shopify.graphql.search import Fields, matcher
from demo.shopify.state import gid

Args = Mapping[str, Any]

plain(
    "BulkOperation",
    status="status",
    errorCode="error_code",
    createdAt="created_at",
    completedAt="completed_at",
    query="query",
    url="url",
    partialDataUrl="partial_url",
)

_SEARCHED: Fields = {
    "status": lambda each: each.status,
    "created_at": lambda each: each.created_at,
    "id": lambda each: each.id,
}


@field_of("BulkOperation.id")
def _id(_context: Context, operation: BulkOperation, _args: Args) -> str:
    return gid("BulkOperation", operation.id)


@field_of("BulkOperation.type")
def _type(_context: Context, _operation: BulkOperation, _args: Args) -> str:
    return "QUERY"


@field_of("BulkOperation.objectCount")
def _objects(_context: Context, operation: BulkOperation, _args: Args) -> str:
    return str(operation.objects)


@field_of("BulkOperation.rootObjectCount")
def _roots(_context: Context, operation: BulkOperation, _args: Args) -> str:
    return str(operation.roots)


@field_of("BulkOperation.fileSize")
def _size(_context: Context, operation: BulkOperation, _args: Args) -> str | None:
    return str(operation.size) if operation.url else None


@field_of("QueryRoot.bulkOperation")
def _one(context: Context, _root: Any, args: Args) -> BulkOperation | None:
    return context.platform.bulk.find(context.shop, args["id"])


@field_of("QueryRoot.bulkOperations")
def _all(context: Context, _root: Any, args: Args) -> Connection:
    found = context.platform.bulk.of(context.shop)
    return paged(context, list(filter(matcher(args.get("query"), _SEARCHED), found)), args)


@field_of("Mutation.bulkOperationRunQuery")
def _run(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    try:
        started = context.platform.bulk.start(context, args["query"], grouped=args["groupObjects"])
    except Refused as refusal:
        errors = [{"field": ["query"], "message": each, "code": refusal.code} for each in refusal.messages]
        return {"bulkOperation": None, "userErrors": errors}
    return {"bulkOperation": started, "userErrors": []}


@field_of("Mutation.bulkOperationCancel")
def _cancel(context: Context, _root: Any, args: Args) -> dict[str, Any]:
    found = context.platform.bulk.find(context.shop, args["id"])
    if found is None:
        return {"bulkOperation": None, "userErrors": [{"field": ["id"], "message": "Bulk operation does not exist"}]}
    if not found.cancel():
        message = f"A bulk operation cannot be canceled when it is {found.status.lower()}"
        return {"bulkOperation": found, "userErrors": [{"field": None, "message": message}]}
    return {"bulkOperation": found, "userErrors": []}
