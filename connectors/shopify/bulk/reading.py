"""One kind of thing read by a bulk operation: started or found, waited for, downloaded, told page by page."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.base import Access, Page
from connectors.errors import PlatformError
from connectors.records import Change, RecordKind, Refetch
from connectors.shopify import positions
from connectors.shopify.api import PLATFORM
from connectors.shopify.bulk.download import AddressExpired, Download
from connectors.shopify.bulk.lines import Group, Groups, lines_of
from connectors.shopify.bulk.operations import Operation, find_or_start, pauses, raise_if_dead, status_of, until_done
from connectors.shopify.gids import bare
from connectors.shopify.graphql.client import Admin
from connectors.shopify.positions import InBulk, Terms

# A webhook waits for at most one page: some tenth of a second of writing.
PAGE_ROWS = 2500
ADDRESSES = 5

Tell = Callable[[Sequence[Group], InBulk], Sequence[Change]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked in bulk. root: what the objects are.

    prepare: the query, and the terms on which it asks. rows: the type of a line, given those terms. tell: what whole
    objects amount to.
    """

    root: RecordKind
    prepare: Callable[[], tuple[str, Terms | None]]
    rows: Callable[[Terms | None], Any]
    tell: Tell


class BulkReading:
    """Reads one question's answer. A position of an operation that is dead begins a new one."""

    def __init__(self, admin: Admin, access: Access, question: Question) -> None:
        self._admin, self._access, self._question = admin, access, question

    def pages(self, position: InBulk | None) -> Iterator[Page]:
        """Pages from a position on. Pages without changes say that Shopify is still computing."""
        operation = self._known(position)
        if operation is None or position is None:
            operation, position = yield from self._started()
        for seen in until_done(self._admin, operation, self._access.wait):
            operation = seen
            yield _waiting(position, operation)
        if operation.objects or operation.url is not None:
            yield from self._downloaded(operation, position)

    def _known(self, position: InBulk | None) -> Operation | None:
        """The operation that a position speaks of, if anything can still come of it."""
        operation = status_of(self._admin, position.operation) if position else None
        try:
            if operation is not None:
                raise_if_dead(operation)
        except PlatformError:
            return None
        return operation

    def _started(self) -> Generator[Page, None, tuple[Operation, InBulk]]:
        query, terms = self._question.prepare()
        for pause in pauses():
            operation = find_or_start(self._admin, query)
            if operation is not None:
                position = InBulk(operation.id, operation.created_at, terms=terms)
                yield _waiting(position, operation)
                return operation, position
            yield Page((), "", 0)
            self._access.wait(pause)
        raise AssertionError("pauses have no end")

    def _downloaded(self, operation: Operation, position: InBulk) -> Iterator[Page]:
        for _ in range(ADDRESSES if operation.url is not None else 0):
            try:
                for page in self._told(operation, position):
                    yield page
                    position = page_position(page)
            except AddressExpired:
                again = status_of(self._admin, operation.id)
                if again is None or again.url is None:
                    break
                raise_if_dead(again)
                operation = again
            else:
                return
        # It will not come back: the next attempt begins with another operation.
        yield Page((), "", position.read)
        raise PlatformError(PLATFORM, "the result of a bulk operation is gone", retryable=True)

    def _told(self, operation: Operation, position: InBulk) -> Iterator[Page]:
        assert operation.url is not None
        decode = msgspec.json.Decoder(self._question.rows(position.terms)).decode
        groups = Groups(decode, start=position.offset, read=position.read)
        download = Download(
            operation.url, operation.size_bytes, shop_address=self._access.address, wait=self._access.wait
        )
        try:
            for batch in _batches(groups.of(lines_of(download.blocks(position.offset)))):
                changes = self._changes(batch, position)
                after = msgspec.structs.replace(position, offset=groups.start, read=groups.read)
                yield Page(changes, positions.text(after), after.read, operation.objects)
        finally:
            download.close()

    def _changes(self, batch: Sequence[Group], position: InBulk) -> Sequence[Change]:
        whole = [group for group in batch if group.root is not None and not group.is_broken]
        again = [group for group in batch if group.root is None or group.is_broken]
        return [
            *self._question.tell(whole, position),
            *(Refetch(self._question.root, bare(group.id)) for group in again),
        ]


def page_position(page: Page) -> InBulk:
    """The position of a page that a bulk reading told."""
    position = positions.parse(page.position)
    assert isinstance(position, InBulk)
    return position


def _waiting(position: InBulk, operation: Operation) -> Page:
    return Page((), positions.text(position), position.read, operation.objects or None)


def _batches(groups: Iterator[Group]) -> Iterator[list[Group]]:
    batch: list[Group] = []
    rows = 0
    for group in groups:
        batch.append(group)
        rows += group.rows
        if rows >= PAGE_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch
