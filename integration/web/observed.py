"""Names every request, counts it and takes its time, so that its log lines and its figures can be found."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import request

from integration.observability import context, tracing
from integration.observability.catalogue import REQUEST_SECONDS, REQUESTS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROUTE = "shelfwise.route"
# What no route of ours answers: a stranger's words never become a label.
NO_ROUTE = "none"
HEADER = "X-Request-Id"


class Observed:
    """Wraps a WSGI app."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, and say in its answer what it is called."""
        name = context.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        statuses = ["500"]

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            statuses.append(status[:3])
            return start_response(status, [*headers, (HEADER, name)], exc_info)

        began = time.perf_counter()
        with context.about(request=name), tracing.request_span(environ) as span:
            try:
                return self._app(environ, start)
            finally:
                route = environ.get(ROUTE, NO_ROUTE)
                REQUESTS.add(route, statuses[-1])
                REQUEST_SECONDS.observe(time.perf_counter() - began, route)
                span.end(environ["REQUEST_METHOD"], route, statuses[-1])


def say_route() -> None:
    """Note which route a request is for, before it is answered."""
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
