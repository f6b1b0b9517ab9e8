"""Products that were deleted while no webhook of it arrived: a list of what changed does not hold what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from connectors.records import RecordKind, Removed
from connectors.shopify.gids import bare, kind_of
from connectors.shopify.graphql.client import Admin
from connectors.shopify.paging import PageInfo

_DELETED = "destroy"


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    action: str
    created_at: datetime
    subject_id: str = ""


class _Events(msgspec.Struct, frozen=True, rename="camel"):
    page_info: PageInfo
    nodes: tuple[_Event, ...]


class _Answer(msgspec.Struct, frozen=True):
    events: _Events | None = None


def deleted_products(admin: Admin, since: datetime) -> Iterator[Removed]:
    """The products deleted since a time, oldest first. Shopify tells of a year. Raises PlatformError, AccessLost."""
    search = f"action:{_DELETED} AND subject_type:PRODUCT AND created_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
    after: str | None = None
    while events := admin.run("deleted_products", {"query": search, "after": after}, _Answer).events:
        for each in events.nodes:
            # A search that was not understood finds other events too.
            if each.action == _DELETED and kind_of(each.subject_id) == "Product":
                yield Removed(RecordKind.PRODUCT, bare(each.subject_id), each.created_at)
        if not events.page_info.has_next_page:
            return
        after = events.page_info.end_cursor
