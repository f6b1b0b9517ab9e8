"""Runs the played platform as a server, in a thread of this process or until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from demo.shopify.platform import Platform
from demo.shopify.web import create_app


class _Quiet(WSGIRequestHandler):
    """Keeps connections open, as Shopify does, and says nothing of what it answers."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 -- werkzeug's own name
        """Nothing."""


def open_server(host: str, port: int) -> BaseWSGIServer:
    """A server that listens, with nothing to answer yet. port: 0 for a free one."""
    return make_server(host, port, lambda _environ, _start: [], threaded=True, request_handler=_Quiet)


def serve(server: BaseWSGIServer) -> None:
    """Answer until the server is shut down."""
    server.serve_forever(poll_interval=0.05)


@contextmanager
def running(client_id: str, client_secret: str, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[Platform]:
    """A platform that answers in a thread of this process, without shops yet."""
    server = open_server(host, port)
    platform = Platform(f"http://{host}:{server.server_port}", client_id, client_secret)
    server.app = create_app(platform)
    thread = threading.Thread(target=serve, args=(server,), daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        platform.close()
