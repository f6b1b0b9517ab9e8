"""Getting the tokens that call a shop: an ID token exchanged for them, and their renewal.

Done by shopifyapp, with our own HTTP client. What it leaves open is closed here: an answer that is no JSON object or
lacks a token ends in an error that says whether to try again, and never in an empty token that would be stored.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from connectors.base import Tokens
from connectors.errors import AccessLost, PlatformError
from connectors.shopify.api import PLATFORM, App
from connectors.shopify.id_tokens import BadIdToken, IdToken

if TYPE_CHECKING:
    import httpx
    from shopify_app import ShopifyApp, TokenExchangeResult

# Of each attempt's connecting, sending and answering; shopifyapp makes up to three, all within a renewal's lease.
ATTEMPT_SECONDS = 5.0
_DOMAIN = ".myshopify.com"
_REFUSED = {
    "invalid_grant": "Shopify no longer takes the refresh token",
    "refresh_token_expired": "the refresh token has expired",
}
# What may be over in a while.
_PASSING = frozenset({"network_error", "server_error", "rate_limit_exceeded"})
_Given = Annotated[str, msgspec.Meta(min_length=1)]


class _Got(msgspec.Struct):
    token: _Given
    expires: datetime
    refresh_token: _Given
    refresh_token_expires: datetime
    scope: str


def exchange(app: App, id_token: IdToken) -> Tokens:
    """Expiring offline tokens for the shop that an ID token speaks of.

    Raises BadIdToken where Shopify does not take it (App Bridge gives a fresh one), or PlatformError.
    """
    details = {"exchangeable": True, "token": id_token.text, "claims": {"dest": f"https://{id_token.shop}"}}
    with _readable():
        result = _asked(
            app,
            lambda shopify, client: shopify.exchange_using_token_exchange(
                access_mode="offline", id_token=details, expiring=True, http_client=client
            ),
        )
        if result.log.code == "invalid_subject_token":
            raise BadIdToken("Shopify does not take the ID token")
        return _tokens(result)


def renew(app: App, shop: str, refresh_token: str) -> Tokens:
    """A new pair for a shop's refresh token, which stays usable until the new one is first used.

    Raises AccessLost where Shopify takes the refresh token no longer, or PlatformError.
    """
    # Without a time of expiry the library does not judge whether it is time to renew: we do.
    held = {"shop": shop.removesuffix(_DOMAIN), "refresh_token": refresh_token, "access_mode": "offline"}
    with _readable():
        result = _asked(
            app,
            lambda shopify, client: shopify.refresh_token_exchanged_access_token(
                {**held, "expires": "", "refresh_token_expires": ""}, http_client=client
            ),
        )
        if reason := _REFUSED.get(result.log.code):
            raise AccessLost(PLATFORM, reason)
        return _tokens(result)


@contextmanager
def _readable() -> Iterator[None]:
    """The library takes every answer for a JSON object with numbers where numbers belong; one that isn't is told."""
    try:
        yield
    except (ArithmeticError, AttributeError, TypeError, ValueError, msgspec.ValidationError) as error:
        # Not the error's own words, which may quote a token.
        message = f"an answer about tokens can't be read ({type(error).__name__})"
        raise PlatformError(PLATFORM, message, retryable=True) from None


def _asked(app: App, ask: Callable[[ShopifyApp, httpx.Client], TokenExchangeResult]) -> TokenExchangeResult:
    import httpx
    from shopify_app import ShopifyApp

    to_play = {"request": [_towards(app)]} if app.play_url else {}
    with httpx.Client(timeout=ATTEMPT_SECONDS, event_hooks=to_play) as client:
        return ask(ShopifyApp(app.client_id, app.secret), client)


def _towards(app: App) -> Callable[[httpx.Request], None]:
    """Sends a request to the server that plays Shopify."""

    def send_there(request: httpx.Request) -> None:
        import httpx

        request.url = httpx.URL(app.address(request.url.host) + request.url.path)
        request.headers["Host"] = request.url.netloc.decode()

    return send_there


def _tokens(result: TokenExchangeResult) -> Tokens:
    if not result.ok or result.access_token is None:
        raise PlatformError(PLATFORM, _reason(result), retryable=_is_passing(result))
    got = msgspec.convert(asdict(result.access_token), _Got)
    scopes = tuple(sorted(each.strip() for each in got.scope.split(",") if each.strip()))
    return Tokens(got.token, got.expires, got.refresh_token, got.refresh_token_expires, scopes)


def _status(result: TokenExchangeResult) -> int:
    return result.http_logs[-1].res.status if result.http_logs else 0


def _is_passing(result: TokenExchangeResult) -> bool:
    return result.log.code in _PASSING or _status(result) >= 500 or _status(result) == 429


def _reason(result: TokenExchangeResult) -> str:
    """Why there are no tokens, without anything of theirs."""
    if result.log.code == "network_error":
        return "its address for tokens can't be reached"
    if result.log.code == "invalid_client":
        return (
            "it does not know this client ID with this client secret, or the shop has removed the app; "
            "compare SHELFWISE_SHOPIFY_CLIENT_ID and SHELFWISE_SHOPIFY_CLIENT_SECRET with the Dev Dashboard"
        )
    return f"its address for tokens answered {_status(result)} ({result.log.code})"
