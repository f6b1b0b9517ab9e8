"""One slate at a time in each process."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SLATES = frozenset({"/v1/slates", "/shopify/proxy/slates", "/shopify/proxy/slates.liquid"})


class SlatesInTurn:
    """Wraps a WSGI app so that of its threads only one computes a slate.

    Slates are all computation, and each hands the interpreter on whenever it reads the store: two threads that compute
    at once spend a third of their time on taking it from each other. The other threads are there for requests that
    wait, such as a webhook for the store's write lock.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, a slate in its turn."""
        if environ["PATH_INFO"] not in SLATES:
            return self._app(environ, start_response)
        with self._turn:
            return self._app(environ, start_response)
