"""An app that keeps what the plugin says to it, to the byte, and answers as a test says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATE = {
    "connected": True,
    "steps": [
        {
            "name": "Reading your products",
            "done": True,
            "state": "done",
            "read": 12,
            "expected": 12,
            "sentence": "12 read.",
        }
    ],
    "trouble": [],
    "webhooks": {"active": 7, "of": 7, "last_delivery_at": None},
    "products": 12,
    "orders": 5000,
    "trained_at": None,
    "links": {},
}


def signature(secret: str, text: bytes) -> str:
    """What the plugin has to sign with, made by another hand than its own."""
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class Said:
    """One request of the plugin."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body, read."""
        return json.loads(self.body)


@dataclass
class Ear:
    """What was said so far, and how the app answers. delay: seconds. state: what `state` is answered with."""

    url: str
    said: list[Said] = field(default_factory=list)
    status: int = 200
    delay: float = 0.0
    state: Any = field(default_factory=lambda: dict(STATE))

    def pushed(self, count: int = 1, *, seconds: float = 3.0) -> list[Said]:
        """The stock messages, once so many are there."""
        end = time.monotonic() + seconds
        while len(found := [each for each in self.said if each.path.startswith("/webhooks/")]) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} messages came"
            time.sleep(0.01)
        return found

    def items(self) -> dict[int, dict[str, Any]]:
        """The newest that was told of each product."""
        return {item["id"]: item for each in self.pushed() for item in each.json["items"]}


@contextmanager
def listen() -> Iterator[Ear]:
    """An app on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: what was said is kept."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            ear.said.append(Said(self.command, self.path, dict(self.headers), body))
            time.sleep(ear.delay)
            answer = json.dumps(ear.state).encode()
            try:
                self.send_response(ear.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except (BrokenPipeError, ConnectionResetError):
                """Whoever asked waits no longer."""

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ear = Ear(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield ear
    finally:
        server.shutdown()
        server.server_close()
