"""One slate at a time in each process, without the framework in between."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from integration.web.services import Services
from integration.web.storefront import HEADERS, slate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WIDGET = "/v1/slates"
SLATES = frozenset({WIDGET, "/shopify/proxy/slates", "/shopify/proxy/slates.liquid"})


class SlatesInTurn:
    """Wraps a WSGI app so that of its threads only one computes a slate, and answers the widget's itself.

    Slates are all computation, and each hands the interpreter on whenever it reads the store: two threads that compute
    at once spend a third of their time on taking it from each other. The other threads are there for requests that
    wait, such as a webhook for the store's write lock.

    A widget's slate is asked for on every page view, and a quarter of its time would be Flask's. Whatever has no slate
    for an answer goes to Flask all the same, which says what is wrong.
    """

    def __init__(self, app: WSGIApplication, here: Services) -> None:
        self._app, self._here = app, here
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, a slate in its turn."""
        path = environ["PATH_INFO"]
        if path not in SLATES:
            return self._app(environ, start_response)
        with self._turn:
            body = self._slate(environ) if path == WIDGET and environ["REQUEST_METHOD"] == "GET" else None
            if body is None:
                return self._app(environ, start_response)
        told = {**HEADERS, "Content-Type": "application/json", "Content-Length": str(len(body))}
        start_response("200 OK", [*told.items()])
        return [body]

    def _slate(self, environ: WSGIEnvironment) -> bytes | None:
        try:
            return slate(self._here, environ)
        except Exception:  # noqa: BLE001 - asked again through Flask, it answers and logs as for any other route
            return None
