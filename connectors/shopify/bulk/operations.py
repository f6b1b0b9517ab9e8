"""Starting a bulk operation, finding one that was started before, and waiting until it is done.

https://shopify.dev/docs/api/usage/bulk-operations: five run at once for an app in a shop; a result is kept for seven
days, its address for less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM
from connectors.shopify.graphql.client import Admin
from connectors.shopify.graphql.errors import ScopeMissing, UserErrors

UNDER_WAY = frozenset({"CREATED", "RUNNING", "CANCELING"})
NO_PLACE = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 20.0
GROWTH = 1.5


class Operation(msgspec.Struct, frozen=True, rename="camel"):
    """A bulk operation as Shopify has it. Counts come as text. url: of the whole result, None where it is empty."""

    id: str
    status: str
    created_at: datetime
    error_code: str | None = None
    root_object_count: int | str = 0
    file_size: int | str | None = None
    url: str | None = None
    query: str = ""

    @property
    def objects(self) -> int:
        """How many things it has found, not counting their parts."""
        return int(self.root_object_count)

    @property
    def size_bytes(self) -> int | None:
        """How long the result is."""
        return None if self.file_size is None else int(self.file_size)

    @property
    def is_done(self) -> bool:
        """Whether all of its result can be had."""
        return self.status == "COMPLETED"


class _Run(msgspec.Struct, frozen=True, rename="camel"):
    class Payload(msgspec.Struct, frozen=True, rename="camel"):
        bulk_operation: Operation | None = None

    bulk_operation_run_query: Payload | None = None


class _One(msgspec.Struct, frozen=True, rename="camel"):
    bulk_operation: Operation | None = None


class _Several(msgspec.Struct, frozen=True, rename="camel"):
    class Page(msgspec.Struct, frozen=True):
        nodes: tuple[Operation, ...] = ()

    bulk_operations: Page


def find_or_start(admin: Admin, query: str) -> Operation | None:
    """The operation of this query that already runs, or a new one; None while the app has no place for one more."""
    if found := _under_way(admin, query):
        return found
    try:
        answer = admin.run("bulk_run", {"query": query}, _Run).bulk_operation_run_query
    except UserErrors as error:
        if error.codes & NO_PLACE:
            return _under_way(admin, query)
        raise
    if answer is None or answer.bulk_operation is None:
        raise PlatformError(PLATFORM, "a bulk operation was neither started nor refused", retryable=True)
    return answer.bulk_operation


def status_of(admin: Admin, operation_id: str) -> Operation | None:
    """How an operation stands; None where Shopify knows it no longer."""
    return admin.run("bulk_status", {"id": operation_id}, _One).bulk_operation


def until_done(admin: Admin, operation: Operation, wait: Callable[[float], None]) -> Iterator[Operation]:
    """Look at an operation again and again, less and less often, until it is done. Yields it after each look.

    Raises PlatformError when it can't be done any more; ScopeMissing where it asked for what was not granted.
    """
    for pause in pauses():
        raise_if_dead(operation)
        if operation.is_done:
            return
        wait(pause)
        seen = status_of(admin, operation.id)
        if seen is None:
            raise PlatformError(PLATFORM, "a bulk operation has vanished", retryable=True)
        operation = seen
        yield operation


def pauses() -> Iterator[float]:
    """Seconds between looks, without end."""
    seconds = FIRST_PAUSE_SECONDS
    while True:
        yield seconds
        seconds = min(seconds * GROWTH, LONGEST_PAUSE_SECONDS)


def raise_if_dead(operation: Operation) -> None:
    """Raise what a failed, cancelled or expired operation amounts to.

    Its partial result is not used: it does not say what it lacks, and a new operation tells everything.
    """
    if operation.is_done or operation.status in UNDER_WAY:
        return
    if operation.error_code == "ACCESS_DENIED":
        raise ScopeMissing("a bulk operation", "one of the fields that it asks for")
    why = f" ({operation.error_code})" if operation.error_code else ""
    raise PlatformError(PLATFORM, f"a bulk operation ended as {operation.status}{why}", retryable=True)


def _under_way(admin: Admin, query: str) -> Operation | None:
    wanted = query.split()
    for operation in admin.run("bulk_running", {}, _Several).bulk_operations.nodes:
        if operation.status in {"CREATED", "RUNNING"} and operation.query.split() == wanted:
            return operation
    return None
