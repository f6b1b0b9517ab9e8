"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue

from integration.services.readiness import Readiness

KEY = "shelfwise.readiness"

bp = Blueprint("health", __name__)


@bp.get("/health")
def health() -> ResponseReturnValue:
    """The process answers."""
    return _uncached(jsonify(status="ok")), 200


@bp.get("/ready")
def ready() -> ResponseReturnValue:
    """Requests may be sent here: 200, and 503 where not. The parts say what is wrong, and what that means."""
    report = cast("Readiness", current_app.extensions[KEY]).report()
    answer = jsonify(status=report.state, **report.parts)
    return _uncached(answer), 200 if report.is_ready else 503


def _uncached(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
