"""Counts deliveries as they come in, and how long a platform waits for its answer."""

from __future__ import annotations

import time

from flask import Response, g, request

import connectors
from integration.observability.catalogue import ANSWER_SECONDS, RECEIVED
from integration.services.intake import Receipt

# What a stranger writes into an address is no connector.
UNKNOWN = "unknown"
REFUSED = {
    400: "bad_delivery",
    401: "bad_signature",
    404: "unknown_platform",
    413: "too_large",
    415: "wrong_type",
    429: "limited",
    503: "try_again",
}


def begin() -> None:
    """A delivery comes in."""
    g.began = time.perf_counter()


def note(receipt: Receipt) -> None:
    """It was taken; kept is what a drain has to apply, applied what took effect at once."""
    if receipt.repeat:
        g.outcome = "repeat"
    elif receipt.shop_id is None:
        g.outcome = "nothing_owed"
    elif receipt.parked:
        g.outcome = "parked"
    else:
        g.outcome = "kept" if receipt.waits else "applied"


def count(answer: Response) -> Response:
    """It is answered."""
    asked = (request.view_args or {}).get("platform", UNKNOWN)
    platform = asked if asked in connectors.platforms() else UNKNOWN
    taken = g.get("outcome", "other")
    RECEIVED.add(platform, taken if answer.status_code == 200 else REFUSED.get(answer.status_code, "error"))
    ANSWER_SECONDS.observe(time.perf_counter() - g.began, platform)
    return answer
