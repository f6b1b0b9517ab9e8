"""Bulk operations of the played platform: run beside everything else, kept as files under addresses that expire."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from graphql import GraphQLError

from demo.shopify.state import PlayedShop, number_of

if TYPE_CHECKING:
    from graphql import DocumentNode

    from demo.shopify.graphql.context import Context

AT_ONCE = 5
KEPT_SECONDS = 7 * 86_400
RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})


class Refused(Exception):
    """Shopify does not run this query. code: as in BulkOperationUserErrorCode."""

    def __init__(self, messages: list[str], code: str) -> None:
        super().__init__("; ".join(messages))
        self.messages, self.code = messages, code


@dataclass(slots=True)
class BulkOperation:
    """One operation, as it stands. objects and roots: rows so far."""

    id: int
    query: str
    grouped: bool
    file: Path
    created_at: datetime
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: datetime | None = None
    objects: int = 0
    roots: int = 0
    size: int = 0
    url: str | None = None
    partial_url: str | None = None
    finished: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> bool:
        """Ask it to stop; False where it has ended."""
        if self.status not in RUNNING:
            return False
        self.status = "CANCELING"
        return True


@dataclass(frozen=True, slots=True)
class Failure:
    """How the next operation is to fail: with which code, after how many rows."""

    code: str = "INTERNAL_SERVER_ERROR"
    after: int = 0


class BulkOperations:
    """All operations of all shops. `gate`: while it is closed, those that were started wait."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._key = token_hex(16).encode()
        self._lock = threading.Lock()
        self._operations: dict[tuple[str, int], BulkOperation] = {}
        self.failures: deque[Failure] = deque()
        self.gate = threading.Event()
        self.gate.set()
        self.kept_seconds = float(KEPT_SECONDS)

    def of(self, shop: PlayedShop) -> list[BulkOperation]:
        """A shop's operations, oldest first."""
        return [each for (domain, _), each in list(self._operations.items()) if domain == shop.domain]

    def find(self, shop: PlayedShop, global_id: str) -> BulkOperation | None:
        """The operation of a global id."""
        return self._operations.get((shop.domain, number_of(global_id)))

    def start(self, context: Context, query: str, *, grouped: bool) -> BulkOperation:
        """Begin one. Raises Refused."""
        from demo.shopify.graphql.bulk_rules import judge

        document, wrong = judge(query)
        if document is None or wrong:
            raise Refused(wrong, "INVALID")
        shop = context.shop
        with self._lock:
            if sum(each.status in RUNNING for each in self.of(shop)) >= AT_ONCE:
                raise Refused([f"A maximum of {AT_ONCE} bulk query operations can run at once."], "LIMIT_REACHED")
            number = shop.new_id()
            operation = BulkOperation(number, query, grouped, self._folder / f"{number}.jsonl", shop.clock())
            self._operations[shop.domain, number] = operation
        everything = replace(context, everything=True)
        threading.Thread(target=self._run, args=(everything, operation, document), daemon=True).start()
        return operation

    def address(self, shop: PlayedShop, operation: BulkOperation) -> str:
        """Where the result can be fetched for a while, without a token."""
        until = int(time.time() + self.kept_seconds)
        signed = f"Expires={until}&Signature={self._sign(operation, until)}"
        return f"{self._url}/{shop.domain}/bulk/{operation.id}.jsonl?{signed}"

    def may_fetch(self, operation: BulkOperation, until: str, signature: str) -> bool:
        """Whether an address was ours, and is not too old."""
        if not until.isascii() or not until.isdigit() or not signature.isascii():
            return False
        right = hmac.compare_digest(signature, self._sign(operation, int(until)))
        return right and int(until) > time.time() and operation.status != "EXPIRED"

    def expire(self, shop: PlayedShop) -> None:
        """Make every address that a shop was given worthless, as after seven days."""
        for each in self.of(shop):
            each.file.unlink(missing_ok=True)
            each.status = "EXPIRED" if each.status not in RUNNING else each.status

    def _sign(self, operation: BulkOperation, until: int) -> str:
        return hmac.new(self._key, f"{operation.id}:{until}".encode(), sha256).hexdigest()

    def _run(self, context: Context, operation: BulkOperation, document: DocumentNode) -> None:
        from demo.shopify.graphql.bulk_rows import rows

        self.gate.wait()
        failure = self.failures.popleft() if self.failures else None
        if operation.status == "CREATED":
            operation.status = "RUNNING"
        ended = "COMPLETED"
        try:
            with operation.file.open("w", encoding="utf-8") as output:
                for row, root in rows(context, document, grouped=operation.grouped):
                    if operation.status == "CANCELING" or (failure and operation.objects >= failure.after):
                        break
                    output.write(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n")
                    operation.objects += 1
                    operation.roots += root
        except GraphQLError as error:
            failure = Failure(str((error.extensions or {}).get("code", "INTERNAL_SERVER_ERROR")))
        ended = "CANCELED" if operation.status == "CANCELING" else "FAILED" if failure else ended
        operation.error_code = failure.code if failure and ended == "FAILED" else None
        self._finish(context.shop, operation, ended)

    def _finish(self, shop: PlayedShop, operation: BulkOperation, status: str) -> None:
        operation.size = operation.file.stat().st_size
        address = self.address(shop, operation) if operation.size else None
        operation.url = address if status == "COMPLETED" else None
        operation.partial_url = address if status == "FAILED" else None
        operation.completed_at = shop.clock()
        operation.status = status
        shop.tell("bulk_operations/finish", operation)
        operation.finished.set()
