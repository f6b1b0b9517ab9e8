"""The App Events API: one call says how much of a meter a shop used. Shopify counts each key once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM, App
from connectors.shopify.billing.addresses import events_endpoint, token_endpoint
from connectors.shopify.billing.calls import Wait, call
from connectors.shopify.graphql.transport import HttpAnswer, open_session, post

LONGEST_KEY = 64
# A token is renewed so long before it ends.
MARGIN_SECONDS = 60.0
# What is wrong with an event itself, however often it is sent; anything else is mended on one side or the other.
REFUSED = frozenset({400, 404, 409, 410, 413, 422})
WHAT = "reporting usage"
SAID_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Usage:
    """So much of a meter, at a time. shop: Shopify's global id of it. key: at most 64 characters."""

    shop: str
    meter: str
    quantity: int
    happened_at: datetime
    key: str


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float = 0.0


class _Wrong(msgspec.Struct, frozen=True):
    field: str | None = None
    code: str = ""
    message: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""
    errors: tuple[_Wrong, ...] = ()


class AppEvents:
    """The app's own way in, for one thread. clock: steady seconds, by which its token gets old."""

    def __init__(self, app: App, *, wait: Wait = time.sleep, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._wait, self._clock = app, wait, clock
        self._session = open_session()
        self._token, self._token_until = "", 0.0

    def report(self, usage: Usage) -> None:
        """Say what was used. It is safe to say it again with the same key.

        Raises PlatformError: retryable where the same call may work later. That Shopify took it does not say that it
        charges for it: its answer comes before it looks whether the shop's plan has such a meter.
        """
        body = msgspec.json.encode(
            {
                "shop_id": usage.shop,
                "event_handle": usage.meter,
                "timestamp": usage.happened_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "idempotency_key": usage.key,
                "attributes": {"value": usage.quantity},
            }
        )
        answer = self._post(body)
        if answer.status == 401:
            self._token = ""
            answer = self._post(body)
        if not 200 <= answer.status < 300:
            raise PlatformError(PLATFORM, f"{WHAT}: {_said(answer)}", retryable=answer.status not in REFUSED)

    def _post(self, body: bytes) -> HttpAnswer:
        if not self._token or self._clock() >= self._token_until:
            self._renew()
        url, bearer = events_endpoint(self._app), f"Bearer {self._token}"
        return call(WHAT, lambda: post(self._session, url, body, bearer, header="Authorization"), self._wait)

    def _renew(self) -> None:
        asked = {"client_id": self._app.client_id, "client_secret": self._app.secret}
        body = msgspec.json.encode(asked | {"grant_type": "client_credentials"})
        url, what = token_endpoint(self._app), "getting the app's own token"
        answer = call(what, lambda: post(self._session, url, body), self._wait)
        if answer.status != 200:
            raise PlatformError(PLATFORM, f"{what}: HTTP {answer.status}", retryable=True)
        try:
            token = msgspec.json.decode(answer.body, type=_Token)
        except (msgspec.MsgspecError, RecursionError):
            raise PlatformError(PLATFORM, f"{what}: the answer is not of the expected shape", retryable=True) from None
        self._token = token.access_token
        self._token_until = self._clock() + token.expires_in - MARGIN_SECONDS


def _said(answer: HttpAnswer) -> str:
    try:
        refusal = msgspec.json.decode(answer.body, type=_Refusal)
    except (msgspec.MsgspecError, RecursionError):
        return f"HTTP {answer.status}"
    wrong = "; ".join(f"{each.field or 'request'} {each.code} {each.message}" for each in refusal.errors)
    return f"HTTP {answer.status} {refusal.error} {wrong}".strip()[:SAID_LENGTH]
