"""Shopify's side of billing on a real local server, which fails where a test says so."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from connectors.shopify.api import App
from demo.shopify.partners import PlayedPartners, blueprint
from demo.shopify.state import PlayedShop
from demo.shopify.things import Installation

DOMAIN = "fern-and-ladle.myshopify.com"


@dataclass
class BillingServer:
    """faults: answers given in place of the right ones, in turn, by the last part of the path.

    lost: paths whose faults are answered after the right thing was done. taken: the paths of all calls, in turn.
    """

    url: str
    shop: PlayedShop
    partners: PlayedPartners
    faults: dict[str, deque[Response]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def app(self) -> App:
        return App(self.partners.client_id, self.partners.client_secret, play_url=self.url)

    def fail(self, what: str, *answers: Response) -> None:
        """Answer the next calls of "graphql.json", "access_token" or "events" like this."""
        self.faults.setdefault(what, deque()).extend(answers)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def billing_server(*, now: datetime) -> Iterator[BillingServer]:
    """The server, with one shop in which the app is installed since `now`."""
    shop = PlayedShop(DOMAIN)
    shop.clock = lambda: now
    shop.installation = Installation(1, (), now)
    partners = PlayedPartners("client", "secret", lambda name: shop if name in {shop.domain, str(shop.id)} else None)
    app = Flask(__name__)
    app.register_blueprint(blueprint(partners))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    served = BillingServer(f"http://127.0.0.1:{server.server_port}", shop, partners)

    @app.before_request
    def _note() -> Response | None:
        what = request.path.rsplit("/", 1)[-1]
        served.taken.append(what)
        served.headers.append(dict(request.headers))
        served.bodies.append(request.get_data())
        return served.faults[what].popleft() if served.faults.get(what) and what not in served.lost else None

    @app.after_request
    def _lose(answer: Response) -> Response:
        what = request.path.rsplit("/", 1)[-1]
        return served.faults[what].popleft() if what in served.lost and served.faults.get(what) else answer

    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
