"""ID tokens: who has opened the app, in which shop, as App Bridge says it with every page and every call.

ShopifyAPI checks signature, audience, times and that issuer and destination agree. What it leaves open is closed here:
a missing `exp` or `nbf`, an address that only looks like a shop's, claims of the wrong type, a token that is no token.
https://shopify.dev/docs/apps/build/authentication-authorization/session-tokens
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from connectors.errors import ConnectorError
from connectors.shopify.api import App, is_shop

LONGEST_TOKEN = 4096
# Three parts in base64url. HMAC-SHA256 is 32 bytes, so that of the signature's last letter two bits are always zero:
# with any other letter it would be a second way to write the same token.
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)
_ADDRESS = re.compile(r"https://([^/?#]+)(?:/[a-z]*)?")
_NOT_SIGNED = "Signature verification failed"
_SAID = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
_TIME = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]


class BadIdToken(ConnectorError):
    """The token says nothing that may be believed; App Bridge can give a fresh one. The message never holds it."""


@dataclass(frozen=True, slots=True)
class IdToken:
    """A token that was found right. user_id: the member of staff. text: the token itself, to be exchanged."""

    shop: str
    user_id: str
    session_id: str
    token_id: str
    expires_at: datetime
    text: str = field(repr=False)


class _Claims(msgspec.Struct):
    iss: _SAID
    dest: _SAID
    aud: _SAID
    sub: _SAID
    jti: _SAID
    sid: _SAID
    exp: _TIME
    nbf: _TIME


def check(token: str, app: App) -> IdToken:
    """Who the token speaks of. Raises BadIdToken with a plain reason; never anything else, whatever the token is."""
    if len(token) > LONGEST_TOKEN:
        raise BadIdToken(f"the ID token is longer than {LONGEST_TOKEN} characters")
    if _FORM.fullmatch(token) is None:
        raise BadIdToken("the ID token is not made of three parts in base64url")
    try:
        claims = msgspec.convert(_decoded(token, app), _Claims)
    except msgspec.ValidationError as error:
        raise BadIdToken(f"a claim of the ID token is missing or wrong: {error}") from None
    shop = _shop_of(claims.dest)
    if _shop_of(claims.iss) != shop:
        raise BadIdToken("the ID token was issued by another shop than it is for")
    return IdToken(shop, claims.sub, claims.sid, claims.jti, datetime.fromtimestamp(claims.exp, UTC), token)


def bearer(header: str) -> str:
    """The token of an Authorization header. Raises BadIdToken where there is none."""
    kind, _, token = header.partition(" ")
    if kind != "Bearer" or not token:
        raise BadIdToken("the Authorization header holds no Bearer token")
    return token


def _decoded(token: str, app: App) -> dict[str, Any]:
    """The claims, by ShopifyAPI, with the app's new secret or the one before it."""
    from shopify import session_token  # 0.3 s, and only a merchant's first call needs it

    reasons = []
    for secret in app.secrets:
        try:
            claims: dict[str, Any] = session_token.decode_from_header(f"Bearer {token}", app.client_id, secret)
        except session_token.SessionTokenError as error:
            reasons.append(str(error))
        except Exception as error:  # noqa: BLE001 - a stranger's bytes: whatever stumbles over them, they are no token
            reasons.append(type(error).__name__)
        else:
            return claims
    # The secret that did sign it says more than the one that did not.
    told = next((each for each in reasons if each != _NOT_SIGNED), _NOT_SIGNED)
    raise BadIdToken(f"the ID token is not right: {told}")


def _shop_of(address: str) -> str:
    """The shop whose address this is. Raises BadIdToken unless it is one at Shopify, over HTTPS, without any frills."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not is_shop(found[1]):
        raise BadIdToken("the ID token names no shop at Shopify")
    return found[1]
