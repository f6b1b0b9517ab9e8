"""Shopify's side of billing, played: the Partner API, the App Events API, and the page on which a plan is chosen.

What the Partner API answers is made by executing the operation against the published schema; events are checked and
counted as the reference page says, each key once.
"""

from __future__ import annotations

import gzip
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from graphql import GraphQLSchema, build_schema, graphql_sync

from demo.shopify.state import PlayedShop, gid, number_of

LONGEST_KEY = 64
AHEAD = timedelta(minutes=5)
TOKEN_SECONDS = 3599
TRIAL_DAYS = 14
PERIOD_DAYS = 30
MAX_ATTRIBUTES = 15


@dataclass(frozen=True, slots=True)
class PlayedPlan:
    """A plan as it would be defined in the Partner Dashboard. meters: what of its use is charged."""

    handle: str
    name: str
    price: str
    meters: tuple[str, ...] = ()


PLANS = (PlayedPlan("free", "Free", "0.00"), PlayedPlan("growth", "Growth", "19.00", ("orders",)))


@cache
def partner_schema() -> GraphQLSchema:
    """The schema of the Partner API, version 2026-07."""
    packed = files("demo.shopify").joinpath("schema", "partner_schema.graphql.gz").read_bytes()
    return build_schema(gzip.decompress(packed).decode(), assume_valid=True)


@dataclass(slots=True)
class PlayedPartners:
    """The organization that owns the app, and what was told to it. find: a played shop by its domain or its number."""

    client_id: str
    client_secret: str
    find: Callable[[str], PlayedShop | None]
    organization: str = "4321"
    token: str = "prtapi_played"  # noqa: S105
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    bearers: set[str] = field(default_factory=set)

    def used(self, shop: PlayedShop, meter: str) -> int:
        """How much of a meter a shop would be charged for."""
        return sum(
            int(each["attributes"]["value"])
            for each in self.events.values()
            if each["event_handle"] == meter and number_of(str(each["shop_id"])) == shop.id
        )

    # The Partner API.

    def graphql(self, organization: str, version: str) -> ResponseReturnValue:
        """POST /partners/ORGANIZATION/api/VERSION/graphql.json."""
        if organization != self.organization or version != "2026-07":
            return {"errors": "Not Found"}, 404
        if not _same(request.headers.get("X-Shopify-Access-Token", ""), self.token):
            return {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401
        asked = request.get_json()
        root = {"activeSubscription": self._subscription}
        result = graphql_sync(partner_schema(), asked["query"], root, variable_values=asked.get("variables"))
        return dict(result.formatted)

    def _subscription(self, _info: Any, *, appId: str, shopId: str) -> dict[str, Any] | None:  # noqa: N803
        shop = self.find(str(number_of(shopId)))
        installed = shop.installation if shop else None
        plan = next((each for each in PLANS if installed and each.handle == installed.plan), None)
        if shop is None or installed is None or plan is None or appId != gid("App", shop.app_id):
            return None
        return _subscribed(shop, plan, installed.installed_at)

    # The App Events API.

    def access_token(self) -> ResponseReturnValue:
        """POST /partners/auth/access_token."""
        asked = request.get_json()
        if not request.headers.get("User-Agent"):
            return Response("You do not have permission to access this website", 403)
        right = _same(asked.get("client_id", ""), self.client_id) and _same(
            asked.get("client_secret", ""), self.client_secret
        )
        if not right or asked.get("grant_type") != "client_credentials":
            return {"error": "invalid_client"}, 401
        bearer = secrets.token_hex(16)
        self.bearers.add(bearer)
        return {"access_token": bearer, "scope": "write_global_api_app_events", "expires_in": TOKEN_SECONDS}

    def event(self, _version: str) -> ResponseReturnValue:
        """POST /partners/app/VERSION/events."""
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.bearers:
            return {"success": False, "error": "Unauthorized"}, 401
        told = request.get_json()
        if wrong := self._wrong(told):
            return {"success": False, "error": "Invalid request", "errors": wrong}, 422
        self.events.setdefault(told["idempotency_key"], told)
        return {"success": True}, 202

    def _wrong(self, told: dict[str, Any]) -> list[dict[str, str]]:
        needed = ("shop_id", "event_handle", "timestamp", "idempotency_key", "attributes")
        wrong = [_error(name, "missing", "is missing") for name in needed if not told.get(name)]
        if wrong:
            return wrong
        if len(told["idempotency_key"]) > LONGEST_KEY:
            wrong.append(_error("idempotency_key", "invalid", f"is longer than {LONGEST_KEY} characters"))
        shop = self.find(str(number_of(told["shop_id"])))
        if shop is None or shop.installation is None:
            wrong.append(_error("shop_id", "not_installed", "the app is not installed there"))
        elif datetime.fromisoformat(told["timestamp"]) > shop.clock() + AHEAD:
            wrong.append(_error("timestamp", "invalid", "is too far in the future"))
        if len(told["attributes"]) > MAX_ATTRIBUTES or told["attributes"].get("value", 0) <= 0:
            wrong.append(_error("attributes", "invalid", "value must be greater than 0"))
        return wrong

    # The page on which the merchant chooses.

    def pricing_page(self, shop: str, handle: str) -> ResponseReturnValue:
        """GET and POST /SHOP/admin/charges/HANDLE/pricing_plans."""
        played = self.find(shop)
        if played is None or played.installation is None:
            abort(404)
        chosen = request.form.get("plan", "")
        if request.method == "POST" and chosen in {each.handle for each in PLANS}:
            played.installation.plan = chosen
            return redirect(f"/{shop}/admin/apps/{handle}?plan_handle={chosen}", 303)
        page = {"shop": played, "installed": played.installation, "handle": handle, "root": f"/{shop}"}
        return render_template("demo/shopify/plans.html", plans=PLANS, **page)


def blueprint(partners: PlayedPartners) -> Blueprint:
    """All of it, to be registered with the server that plays Shopify."""
    bp = Blueprint("partners", __name__, template_folder=str(files("templates")))
    rules: tuple[tuple[str, Callable[..., ResponseReturnValue], tuple[str, ...]], ...] = (
        ("/partners/<organization>/api/<version>/graphql.json", partners.graphql, ("POST",)),
        ("/partners/auth/access_token", partners.access_token, ("POST",)),
        ("/partners/app/<_version>/events", partners.event, ("POST",)),
        ("/<shop>/admin/charges/<handle>/pricing_plans", partners.pricing_page, ("GET", "POST")),
    )
    for rule, view, methods in rules:
        bp.add_url_rule(rule, view.__name__, view, methods=methods)
    return bp


def _subscribed(shop: PlayedShop, plan: PlayedPlan, since: datetime) -> dict[str, Any]:
    trial_ends = since + timedelta(days=TRIAL_DAYS)
    on_trial = plan.price != "0.00" and trial_ends > shop.clock()
    cycle = {"startTime": since.isoformat(), "endTime": (since + timedelta(days=PERIOD_DAYS)).isoformat()}
    fixed = {"__typename": "FlatRatePrice", "active": True, "amount": plan.price, "currency": "USD"}
    tiers = [{"upTo": None, "amountPerUnit": "0.01", "amount": None}]
    metered = {"__typename": "TieredPrice", "active": True, "currency": "USD", "tiersMode": "VOLUME", "tiers": tiers}
    return {
        "app": {"apiKey": "", "id": gid("App", shop.app_id), "name": "Shelfwise"},
        "shop": {"id": gid("Shop", shop.id), "myshopifyDomain": shop.domain, "name": shop.name},
        "billingPeriod": "EVERY_30_DAYS",
        "cancelAtEndOfCycle": False,
        "trialEndsAt": trial_ends.isoformat() if on_trial else None,
        "currentBillingCycle": None if on_trial else cycle,
        "items": [
            {"handle": plan.handle, "description": plan.name, "price": fixed},
            *({"handle": meter, "description": meter, "price": metered} for meter in plan.meters),
        ],
    }


def _error(name: str, code: str, message: str) -> dict[str, str]:
    return {"field": name, "code": code, "message": message}


def _same(told: str, right: str) -> bool:
    return hmac.compare_digest(told.encode(), right.encode())
