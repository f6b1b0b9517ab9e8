"""A shop that answers what a test tells it to, over real HTTP on a port of its own."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from connectors.base import Access
from connectors.shopify.graphql.client import Admin

SHOP = "example.myshopify.com"


@dataclass(frozen=True)
class Said:
    """One answer. body: JSON, or raw bytes.

    promised: the length that is told where it is not that of the body. keeps: seconds until the line is closed then.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None
    keeps: float = 0.0

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class HangUp:
    """No answer: the connection is reset once the request was read."""


Answering = Callable[[Mapping[str, Any]], Said | HangUp]


def _same_token() -> Iterator[str]:
    return itertools.repeat("shpat_secret")


@dataclass
class ScriptedShop:
    """answers: given one after the other; always: given once those are through."""

    port: int
    answers: deque[Said | HangUp] = field(default_factory=deque)
    always: Answering | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tokens: Iterator[str] = field(default_factory=_same_token)
    now: float = 0.0

    def forget(self) -> None:
        """Begin anew."""
        for kept in (self.answers, self.asked, self.headers, self.paths, self.waits, self.refused):
            kept.clear()
        self.always, self.now, self.tokens = None, 0.0, _same_token()

    def will_say(self, *answers: Said | HangUp) -> None:
        self.answers.extend(answers)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    @property
    def access(self) -> Access:
        address = f"http://127.0.0.1:{self.port}/{SHOP}"
        return Access(SHOP, address, lambda: next(self.tokens), self.wait, self.refused.append)

    @property
    def admin(self) -> Admin:
        return Admin(self.access, clock=lambda: self.now)

    def answer(self, body: bytes) -> Said | HangUp:
        asked = json.loads(body)
        self.asked.append(asked)
        if self.answers:
            return self.answers.popleft()
        assert self.always is not None, "the shop was asked once too often"
        return self.always(asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    shop: ScriptedShop

    def do_POST(self) -> None:
        self.shop.paths.append(self.path)
        self.shop.headers.append({name.lower(): value for name, value in self.headers.items()})
        said = self.shop.answer(self.rfile.read(int(self.headers["Content-Length"])))
        if isinstance(said, HangUp):
            # With nothing lingering, closing resets the connection.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in {"Content-Type": "application/json", **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.raw) if said.promised is None else said.promised))
        self.end_headers()
        self.wfile.write(said.raw)
        time.sleep(said.keeps)
        self.close_connection = said.promised is not None

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever had enough of an answer hangs up."""


@contextmanager
def scripted_shop() -> Iterator[ScriptedShop]:
    """The shop, answering until the end."""
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    handler.shop = ScriptedShop(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield handler.shop  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Named(msgspec.Struct):
    name: str


class ShopData(msgspec.Struct):
    shop: Named


class Pixel(msgspec.Struct):
    id: str


class Updated(msgspec.Struct, rename="camel"):
    web_pixel: Pixel


class PixelData(msgspec.Struct, rename="camel"):
    web_pixel_update: Updated


GOOD = Said({"data": {"shop": {"name": "Example", "yet_unknown": 1}}, "brand_new": {}})


def name_of(shop: ScriptedShop) -> str:
    return shop.admin.run("shop", {}, ShopData).shop.name


def update_pixel(shop: ScriptedShop) -> str:
    variables = {"id": "gid://shopify/WebPixel/1", "pixel": {"settings": "{}"}}
    return shop.admin.run("web_pixel_update", variables, PixelData).web_pixel_update.web_pixel.id


def failing(code: str = "", message: str = "No", data: Any = None, **details: str) -> Said:
    extensions = {"code": code, **details} if code else {}
    return Said({"data": data, "errors": [{"message": message, "extensions": extensions}]})


def with_cost(said: Said, requested: float, available: float, *, size: float = 2000, rate: float = 100) -> Said:
    status = {"maximumAvailable": size, "currentlyAvailable": available, "restoreRate": rate}
    return replace(
        said, body={**said.body, "extensions": {"cost": {"requestedQueryCost": requested, "throttleStatus": status}}}
    )


THROTTLED = failing("THROTTLED", "Throttled")
