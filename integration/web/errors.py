"""Errors as JSON: a code for programs and one sentence for people."""

from __future__ import annotations

import logging

import msgspec
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from integration.services.shops import UnknownShop
from integration.services.slates import NoSuchShop

log = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True):
    """What went wrong. `error`: a code; `message`: what to do about it."""

    error: str
    message: str


class BadRequest(Exception):
    """The request can't be understood; the message says what is wrong with it."""


def answer(status: int, error: str, message: str) -> Response:
    """A JSON error. Storefront calls come from other origins, which must be able to read it."""
    body = msgspec.json.encode(Problem(error, message))
    return Response(body, status, {"Access-Control-Allow-Origin": "*"}, "application/json")


def register(app: Flask) -> None:
    """Turn every error into JSON."""

    @app.errorhandler(BadRequest)
    def _bad_request(error: BadRequest) -> Response:
        return answer(400, "bad_request", str(error))

    @app.errorhandler(NoSuchShop)
    @app.errorhandler(UnknownShop)
    def _no_shop(_error: Exception) -> Response:
        return answer(404, "unknown_shop", "no shop has this key; it stands in the widget's code")

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        made = answer(error.code or 500, error.name.lower().replace(" ", "_"), error.description or error.name)
        made.headers.extend(
            [(name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After", "Location"}]
        )
        return made

    @app.errorhandler(Exception)
    def _unforeseen(error: Exception) -> Response:
        log.error("a request failed", exc_info=error)
        return answer(500, "internal_error", "something went wrong here; it was logged")
