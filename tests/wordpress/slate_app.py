"""An app for the plugin to ask, which answers as a test says: slates of given products, late answers, nonsense."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SLATE = "0193a7c1f00d4bada11ce5e1f00dcafe"


@dataclass
class SlateApp:
    """What is answered, and what was asked. delay: seconds before an answer. body: instead of a slate."""

    url: str
    products: list[int] = field(default_factory=list)
    reason: dict[str, Any] = field(default_factory=lambda: {"kind": "similar", "because": "1"})
    personal: dict[str, Any] = field(default_factory=lambda: {"kind": "session", "because": "2"})
    status: int = 200
    delay: float = 0.0
    body: bytes | None = None
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def slate(self, query: dict[str, list[str]]) -> bytes:
        """The answer to a question."""
        if self.body is not None:
            return self.body
        seen = {int(each) for name in ("product", "cart") for each in query.get(name, [])}
        products = [each for each in self.products if each not in seen]
        if "visitor" in query:
            products.reverse()
        reason = self.personal if "visitor" in query else self.reason
        items = [{"product": str(each), "reason": reason} for each in products]
        return json.dumps({"slate": SLATE, "items": items[: int(query["count"][0])]}).encode()

    def kinds(self) -> list[str]:
        """The kinds of all events so far."""
        return [str(event["kind"]) for batch in self.events for event in batch["events"]]


@contextmanager
def serve_slates() -> Iterator[SlateApp]:
    """An app on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is kept."""

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            app.asked.append(query)
            time.sleep(app.delay)
            self._answer(app.status, app.slate(query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/v1/events":
                app.events.append(json.loads(body))
            self._answer(202, b"{}")

        def _answer(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                """Whoever asked waits no longer."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    app = SlateApp(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()
