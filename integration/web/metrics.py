"""What a Prometheus server collects, for whoever knows the token."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import cast

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue

from integration.web.services import services

KEY = "shelfwise.metrics"
# What a scraper can read -> the text and its content type.
Collect = Callable[[str], tuple[bytes, str]]

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """All metrics of this machine's processes. Without a token that is set, there is no such address."""
    token = services().settings.metrics_token
    if not token:
        abort(404)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not compare_digest(given.strip().encode(), token.encode()):
        return Response("send the token of SHELFWISE_METRICS_TOKEN\n", 401, {"WWW-Authenticate": "Bearer"})
    text, content_type = cast("Collect", current_app.extensions[KEY])(request.headers.get("Accept", ""))
    return Response(text, 200, {"Cache-Control": "no-store", "Content-Type": content_type})
