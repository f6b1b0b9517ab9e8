"""What a shop's plugin asks and says, signed with the shop's own secret."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from connectors.addresses import BadAddress
from integration.services.progress import State, Step
from integration.services.woocommerce.state import NotSigned, Told, believed, standing
from integration.web.errors import answer
from integration.web.services import services

bp = Blueprint("woocommerce_plugin", __name__, url_prefix="/woocommerce/shops")
log = logging.getLogger(__name__)

LARGEST = 10_000


class _Moved(msgspec.Struct, frozen=True):
    home: str


@bp.get("/<key>/state")
def state(key: str) -> ResponseReturnValue:
    """How the shop stands, for its plugin's page."""
    try:
        told = _believed(key)
    except NotSigned:
        return _refused()
    here = services()
    found = standing(here.database, told.shop_id, told.key, here.clock())
    body = {
        "connected": found.connected,
        "steps": [_step(each) for each in found.steps],
        "trouble": found.trouble,
        "webhooks": found.webhooks,
        "products": found.products,
        "orders": found.orders,
        "trained_at": found.trained_at,
        "links": {},
    }
    return _json(body)


@bp.post("/<key>/disconnect")
def disconnect(key: str) -> ResponseReturnValue:
    """The merchant ends it: webhooks and keys go, by a job that calls the shop once this is answered."""
    from integration.services.woocommerce.leaving import ask_to_leave

    try:
        told = _believed(key)
    except NotSigned:
        return _refused()
    here = services()
    leaves = ask_to_leave(here.database.of(told.shop_id), told.shop_id, told.at, here.clock())
    if leaves:
        here.announce("set-up", told.shop_id)
    return _json({"connected": not leaves})


@bp.post("/<key>/moved")
def moved(key: str) -> ResponseReturnValue:
    """The shop is at another address from now on; it is called there once its keys are found to do."""
    from integration.services.woocommerce.connect import site_of
    from integration.services.woocommerce.leaving import ask_to_move

    try:
        told = _believed(key)
        site = site_of(msgspec.json.decode(request.get_data(), type=_Moved).home)
    except NotSigned:
        return _refused()
    except (msgspec.MsgspecError, RecursionError):
        return answer(400, "bad_request", 'send {"home": the address of the shop}')
    except BadAddress as error:
        return answer(400, "bad_address", str(error))
    here = services()
    ask_to_move(here.database.of(told.shop_id), told.shop_id, site, here.clock())
    here.announce("set-up", told.shop_id)
    return _json({"moving_to": site})


def _believed(key: str) -> Told:
    here, headers = services(), dict(request.headers)
    if (request.content_length or 0) > LARGEST:
        raise NotSigned
    return believed(here.database, here.vault, key, request.path, headers, request.get_data(), here.clock())


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.title,
        "done": step.state is State.DONE,
        "state": step.state,
        "read": step.read,
        "expected": step.expected,
        "fraction": step.fraction,
        "sentence": step.detail,
    }


def _refused() -> Response:
    return answer(401, "bad_signature", "this is not signed with the shop's secret within the last five minutes")


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), 200, {"Cache-Control": "no-store"}, content_type="application/json")
