"""Connections that come in pages."""

from __future__ import annotations

import msgspec


class PageInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Whether there is more, and after what."""

    has_next_page: bool
    end_cursor: str | None = None
