"""What a store does, for metrics and traces."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event

from integration.observability import tracing
from integration.observability.catalogue import DATABASE_ERRORS


def observe(engine: Engine) -> None:
    """Count what the store refuses, and make its statements spans where traces are on."""

    @event.listens_for(engine, "handle_error")
    def _count(error: Any) -> None:
        DATABASE_ERRORS.add(type(error.original_exception).__name__)

    tracing.watch(engine)
