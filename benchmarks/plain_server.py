"""A Flask view that returns a constant, on the same server as the app: what slates are measured against.

`python -m benchmarks.plain_server`: SHELFWISE_ settings as for `shelfwise web`, PLAIN_BYTES the answer's length.
"""

from __future__ import annotations

import os

import msgspec
from flask import Flask, Response

from integration.cli.web import serve
from integration.settings import Settings

LENGTH = "PLAIN_BYTES"


def make_app() -> Flask:
    """One view, one constant JSON answer."""
    app = Flask("plain", static_folder=None)
    body = msgspec.json.encode({"items": "x" * max(0, int(os.environ[LENGTH]) - 12)})

    @app.get("/constant")
    def constant() -> Response:
        return Response(body, 200, {"Cache-Control": "no-store"}, "application/json")

    @app.get("/health")
    def health() -> Response:
        return Response("ok")

    return app


if __name__ == "__main__":
    serve(Settings.from_environ(os.environ), "benchmarks.plain_server:make_app")
