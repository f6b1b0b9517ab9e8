"""Webhooks by REST: made, listed, changed and deleted, with the recorded errors and a ping on making one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint
from flask.typing import ResponseReturnValue

from demo.woocommerce.bodies.others import HOOKS, webhook_body
from demo.woocommerce.rest.calls import answer, asked, given, listed, missing, played, shop
from demo.woocommerce.rest.collections import HOOKS as WAYS
from demo.woocommerce.rest.collections import Dated, RestError
from demo.woocommerce.things import Webhook

bp = Blueprint("hooks", __name__, url_prefix="/wp-json/wc/v3/webhooks")
DATED: Dated[Webhook] = Dated(lambda each: each.id, lambda each: each.created, lambda each: each.modified, WAYS)
STATUSES = ("all", "active", "paused", "disabled")


@bp.get("")
def webhooks() -> ResponseReturnValue:
    """All webhooks, whoever made them."""
    status = asked().one_of("status", STATUSES, "all")
    return listed(
        "webhooks",
        lambda: [each for each in shop().webhooks.values() if status in {"all", each.status}],
        webhook_body,
        DATED,
    )


@bp.post("")
def create() -> ResponseReturnValue:
    """Make one. Its address is pinged at once; whatever that answers, the webhook stays active."""
    return answer(_create(given()), 201)


@bp.get("/<int:number>")
def webhook(number: int) -> ResponseReturnValue:
    """One webhook."""
    return answer(webhook_body(shop(), _found(number)))


@bp.route("/<int:number>", methods=["PUT", "POST", "PATCH"])
def change(number: int) -> ResponseReturnValue:
    """Change one; a status of "active" revives it."""
    return answer(_change(number, given()))


@bp.delete("/<int:number>")
def delete(number: int) -> ResponseReturnValue:
    """Delete one: there is no trash for webhooks."""
    found = _found(number)
    force = asked().given.get("force", "") or (given().get("force", "") if asked().given.get("force") is None else "")
    if str(force).lower() not in {"1", "true"}:
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    return answer(_delete(found))


@bp.post("/batch")
def batch() -> ResponseReturnValue:
    """Several deeds at once; one that fails says so in its place."""
    body = given()
    found: dict[str, list[Any]] = {}
    for name, deed in (
        ("create", _create),
        ("update", lambda each: _change(int(each["id"]), each)),
        ("delete", lambda each: _delete(_found(int(each)))),
    ):
        if name in body:
            found[name] = [_tried(deed, each) for each in body[name]]
    return answer(found)


def _tried(deed: Any, each: Any) -> Any:
    try:
        return deed(each)
    except RestError as error:
        return {"id": each.get("id", 0) if isinstance(each, dict) else each, "error": error.body}


def _found(number: int) -> Webhook:
    found = shop().webhooks.get(number)
    if found is None:
        raise missing("shop_webhook")
    return found


def _create(body: dict[str, Any]) -> Any:
    topic, address = _topic(body.get("topic")), _address(body.get("delivery_url"))
    name, status = str(body.get("name") or ""), str(body.get("status") or "")
    made = shop().add_webhook(topic, address, str(body.get("secret") or ""), name=name, status=status)
    played().sender.ping(made)
    return webhook_body(shop(), made)


def _change(number: int, body: dict[str, Any]) -> Any:
    found = _found(number)
    with shop().lock:
        if "topic" in body:
            found.topic = _topic(body["topic"])
        if "delivery_url" in body:
            found.delivery_url = _address(body["delivery_url"])
        if body.get("secret"):
            found.secret = str(body["secret"])
        found.name = str(body.get("name") or found.name)
        status = body.get("status", found.status)
        if status not in STATUSES[1:]:
            raise RestError("woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.", 400)
        if status != found.status:
            found.status, found.failures = status, 0
        found.modified = shop().clock()
        shop().changed()
    return webhook_body(shop(), found)


def _delete(found: Webhook) -> Any:
    body = webhook_body(shop(), found)
    with shop().lock:
        shop().webhooks.pop(found.id, None)
        shop().changed()
    return body


def _topic(given_topic: object) -> str:
    topic = str(given_topic or "")
    # Of actions anything goes: "action.woocommerce_add_to_cart".
    if topic not in HOOKS and not (topic.startswith("action.") and len(topic) > len("action.")):
        raise RestError(
            "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic is required and must be valid.", 400
        )
    return topic


def _address(given_address: object) -> str:
    address = str(given_address or "")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(each.isspace() for each in address):
        raise RestError(
            "woocommerce_rest_shop_webhook_invalid_delivery_url",
            "Webhook delivery URL must be a valid URL starting with http:// or https://.",
            400,
        )
    return address
