"""What a line of the log is about: the request or job that runs, its shop, its delivery. Each thread has its own."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Any] = MappingProxyType({})
_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=NOTHING)

# What whoever stands before us may call a request; anything else is given a name of ours.
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@contextmanager
def about(**fields: str | int) -> Iterator[None]:
    """Every line within is about these too, such as `shop=7, delivery=12`."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def current() -> Mapping[str, Any]:
    """What a line that is written now is about."""
    return _about.get()


def request_id(given: str = "") -> str:
    """The name that a request was given on its way to us, if it is one, else a new one."""
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
