"""Tokens of the played platform: ID tokens of its admin, and access tokens that expire and are renewed by rotation."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from demo.shopify.state import PlayedShop

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 -- the name of a kind
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ID_TOKEN_SECONDS = 60
ACCESS_SECONDS = 3600
REFRESH_DAYS = 90
# So long after its first use an old refresh token still works, unless the new one is used before.
REUSE_DAYS = 30
USER = "42"


class Denied(Exception):
    """No token is given. code: as OAuth names it."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


@dataclass(slots=True)
class Access:
    """An access token's rights."""

    shop: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


@dataclass(slots=True)
class Refresh:
    """A refresh token. before: the one that it came from; dead: it may never be used again."""

    shop: str
    expires_at: datetime
    before: str = ""
    first_used: datetime | None = None
    dead: bool = False


class Tokens:
    """Every token that was given out and is not revoked."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._client_id = client_id
        self.client_secret = client_secret
        self._lock = threading.Lock()
        self._access: dict[str, Access] = {}
        self._refresh: dict[str, Refresh] = {}

    def id_token(self, shop: PlayedShop, **changed: Any) -> str:
        """What the admin says of who opened the app, signed. changed: claims that are to be wrong."""
        now = int(shop.clock().timestamp())
        claims = {
            "iss": f"https://{shop.domain}/admin",
            "dest": f"https://{shop.domain}",
            "aud": self._client_id,
            "sub": USER,
            "exp": now + ID_TOKEN_SECONDS,
            "nbf": now,
            "iat": now,
            "jti": str(uuid.uuid4()),
            "sid": str(uuid.uuid4()),
        }
        return jwt.encode({**claims, **changed}, self.client_secret, algorithm="HS256")

    def answer(self, shop: PlayedShop, form: Mapping[str, Any]) -> dict[str, Any]:
        """What a token request is answered with. Raises Denied."""
        if form.get("client_id") != self._client_id or form.get("client_secret") != self.client_secret:
            raise Denied("invalid_client", "Client authentication failed", 401)
        if form.get("grant_type") == EXCHANGE:
            return self._exchange(shop, form)
        if form.get("grant_type") == "refresh_token":
            return self._renew(shop, str(form.get("refresh_token", "")))
        raise Denied("unsupported_grant_type", "The grant type is not supported")

    def scopes(self, shop: PlayedShop, token: str) -> tuple[str, ...] | None:
        """What a token may do in a shop; None where it is unknown, of another shop, or has expired."""
        found = self._access.get(token)
        if found is None or found.shop != shop.domain:
            return None
        if found.expires_at is not None and found.expires_at <= shop.clock():
            return None
        return shop.installation.scopes if shop.installation else None

    def expire(self, shop: PlayedShop, *, refresh: bool = False) -> None:
        """Make every access token of a shop as old as can be; with `refresh` those that would renew them too."""
        with self._lock:
            past = shop.clock() - timedelta(seconds=1)
            for access in self._access.values():
                access.expires_at = past if access.shop == shop.domain else access.expires_at
            for each in self._refresh.values():
                each.dead = each.dead or (refresh and each.shop == shop.domain)

    def revoke(self, shop: PlayedShop) -> None:
        """Take all of a shop's tokens back: the app has left."""
        with self._lock:
            self._access = {name: each for name, each in self._access.items() if each.shop != shop.domain}
            self._refresh = {name: each for name, each in self._refresh.items() if each.shop != shop.domain}

    def _exchange(self, shop: PlayedShop, form: Mapping[str, Any]) -> dict[str, Any]:
        if form.get("subject_token_type") != ID_TOKEN or form.get("requested_token_type") != OFFLINE:
            raise Denied("invalid_request", "Only an ID token can be exchanged, for an offline token")
        self._check(shop, str(form.get("subject_token", "")))
        if shop.installation is None:
            raise Denied("invalid_request", "The app is not installed in this shop")
        return self._issue(shop, expiring=str(form.get("expiring", "")) in {"1", "true", "True"})

    def _check(self, shop: PlayedShop, token: str) -> None:
        try:
            claims = jwt.decode(
                token,
                self.client_secret,
                algorithms=["HS256"],
                audience=self._client_id,
                options={"require": ["iss", "dest", "exp", "nbf"], "verify_exp": False, "verify_nbf": False},
            )
        except jwt.InvalidTokenError as error:
            raise Denied("invalid_subject_token", str(error)) from None
        now = shop.clock().timestamp()
        if not claims["nbf"] - 10 <= now < claims["exp"]:
            raise Denied("invalid_subject_token", "The ID token is not valid at this time")
        if (claims["dest"], claims["iss"]) != (f"https://{shop.domain}", f"https://{shop.domain}/admin"):
            raise Denied("invalid_subject_token", "The ID token is of another shop")

    def _renew(self, shop: PlayedShop, token: str) -> dict[str, Any]:
        with self._lock:
            found, now = self._refresh.get(token), shop.clock()
            if found is None or found.shop != shop.domain or found.dead or found.expires_at <= now:
                raise Denied("invalid_grant", "The refresh token is invalid, expired or revoked", 401)
            found.first_used = found.first_used or now
            if found.first_used + timedelta(days=REUSE_DAYS) <= now:
                raise Denied("invalid_grant", "The refresh token was replaced", 401)
            if found.before in self._refresh:
                self._refresh[found.before].dead = True
        return self._issue(shop, expiring=True, before=token)

    def _issue(self, shop: PlayedShop, *, expiring: bool, before: str = "") -> dict[str, Any]:
        installed, now = shop.installation, shop.clock()
        if installed is None:
            raise Denied("invalid_request", "The app is not installed in this shop")
        access, refresh = f"shpat_{secrets.token_hex(16)}", f"shprt_{secrets.token_hex(16)}"
        with self._lock:
            until = now + timedelta(seconds=ACCESS_SECONDS) if expiring else None
            self._access[access] = Access(shop.domain, installed.scopes, until)
            if expiring:
                self._refresh[refresh] = Refresh(shop.domain, now + timedelta(days=REFRESH_DAYS), before)
        answer: dict[str, Any] = {"access_token": access, "scope": ",".join(installed.scopes)}
        if expiring:
            answer |= {"expires_in": ACCESS_SECONDS, "refresh_token": refresh}
            answer |= {"refresh_token_expires_in": REFRESH_DAYS * 86_400}
        return answer
