"""Controls for tests and scripts, under /play: what no shop offers, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from demo.woocommerce.rest.calls import played
from demo.woocommerce.site import Site
from demo.woocommerce.trade import NotEnough, Wanted, cancel_order, place_order, refund_order

bp = Blueprint("controls", __name__, url_prefix="/play")
TROUBLES = frozenset(
    {
        *("maintenance", "firewall", "login_only", "no_rest", "notice", "bom", "strips_authorization", "unstable"),
        *("slow_seconds", "per_second"),
    }
)
SHOP = frozenset({"permalinks", "plugin", "callback_needs_tls", "has_variations_route"})
SENDER = frozenset({"automatic", "delay_seconds", "lost", "disorder"})


@bp.post("/<name>")
def control(name: str) -> ResponseReturnValue:
    """Do what the name says with the JSON body's values."""
    deed = _DEEDS.get(name)
    body = request.get_json(silent=True) or {}
    if deed is None or not isinstance(body, dict):
        abort(404)
    try:
        return jsonify(deed(played(), body))
    except (KeyError, TypeError, ValueError, NotEnough) as error:
        return {"error": f"{type(error).__name__}: {error}"}, 400


@bp.get("/state")
def state() -> ResponseReturnValue:
    """What there is, how it is linked, and what was sent."""
    site = played()
    sent = [{"topic": each.topic, "status": each.status, "webhook": each.webhook} for each in list(site.sender.sent)]
    shop = site.shop
    return {
        "address": shop.address,
        "products": sum(each.type != "variation" for each in list(shop.products.values())),
        "orders": len(shop.orders),
        "link": {name: value for name, value in (shop.link or {}).items() if name != "secret"},
        "webhooks": {each.topic: each.status for each in shop.webhooks.values()},
        "requests": site.requests,
        "sent": sent[-100:],
    }


def _key(site: Site, body: Mapping[str, Any]) -> Any:
    key = site.shop.keyring.make(body.get("permissions", "read_write"))
    return {"consumer_key": key.key, "consumer_secret": key.secret}


def _switch(site: Site, body: Mapping[str, Any]) -> Any:
    """Set any of the switches of troubles, shop, sender and plugin by their names."""
    for name, value in body.items():
        owner: Any = {
            **dict.fromkeys(TROUBLES, site.shop.troubles),
            **dict.fromkeys(SHOP, site.shop),
            **dict.fromkeys(SENDER, site.sender),
            "pushes": site.plugin,
        }[name]
        setattr(owner, name, type(getattr(owner, name))(value))
    if site.sender.automatic:
        site.sender.start()
    return {}


def _trouble(site: Site, body: Mapping[str, Any]) -> Any:
    site.shop.troubles.add(*(int(each) for each in body["statuses"]))
    return {}


def _stock(site: Site, body: Mapping[str, Any]) -> Any:
    changed = site.shop.change(int(body["id"]), stock=None if body["quantity"] is None else int(body["quantity"]))
    return {"id": changed.id, "stock": changed.stock}


def _order(site: Site, body: Mapping[str, Any]) -> Any:
    wanted = [Wanted(int(each["id"]), int(each.get("quantity", 1)), each.get("meta", {})) for each in body["lines"]]
    made = place_order(site.shop, wanted, country=body.get("country", ""), status=body.get("status", "processing"))
    return {"id": made.id, "lines": [each.id for each in made.lines]}


def _cancel(site: Site, body: Mapping[str, Any]) -> Any:
    return {"status": cancel_order(site.shop, int(body["id"])).status}


def _refund(site: Site, body: Mapping[str, Any]) -> Any:
    lines = {int(line): int(pieces) for line, pieces in body.get("lines", {}).items()}
    return {"id": refund_order(site.shop, int(body["id"]), lines).id}


def _product(site: Site, body: Mapping[str, Any]) -> Any:
    number = int(body["id"])
    deeds: Mapping[str, Callable[[int], Any]] = {
        "trash": site.shop.trash,
        "restore": site.shop.restore,
        "delete": site.shop.delete,
    }
    deeds[body["deed"]](number)
    return {}


def _deliver(site: Site, _body: Mapping[str, Any]) -> Any:
    return {"sent": [{"topic": each.topic, "status": each.status} for each in site.sender.deliver()]}


_DEEDS: Mapping[str, Callable[[Site, Mapping[str, Any]], Any]] = {
    "key": _key,
    "switch": _switch,
    "trouble": _trouble,
    "stock": _stock,
    "order": _order,
    "cancel": _cancel,
    "refund": _refund,
    "product": _product,
    "deliver": _deliver,
}
