"""Tokens are got and renewed, and every answer that is none of these says whether to try again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.errors import AccessLost, PlatformError
from connectors.shopify import tokens
from connectors.shopify.api import App
from connectors.shopify.id_tokens import BadIdToken, IdToken, check
from tests.functional.shopify.conftest import Play

SHOP = "fern-and-ladle.myshopify.com"
RIGHT: dict[str, Any] = {
    "access_token": "shpat_new",
    "scope": "read_orders,write_products",
    "expires_in": 3600,
    "refresh_token": "shprt_new",
    "refresh_token_expires_in": 90 * 86_400,
}
Answers = Callable[..., App]


def app_of(play: Play) -> App:
    return App(play.client_id, play.client_secret, play_url=play.url)


def opened(app: App) -> IdToken:
    return IdToken(SHOP, "42", "s", "j", datetime.now(UTC), "an ID token")


@pytest.fixture
def answers() -> Iterator[Answers]:
    """Makes an app whose shops answer each request for tokens with a status and a body; the last one stays."""
    servers: list[ThreadingHTTPServer] = []

    def make(*canned: tuple[int, bytes | str | Any]) -> App:
        waiting = list(canned)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return App(
            "id", "a secret that nobody else has, of some length", play_url=f"http://127.0.0.1:{server.server_port}"
        )

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_id_token_is_exchanged_for_a_pair_that_expires(play: Play) -> None:
    play.install()
    app = app_of(play)
    got = tokens.exchange(app, check(play.id_token(), app))
    assert got.expires_at is not None
    assert timedelta(minutes=59) < got.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert got.refresh_expires_at is not None
    assert got.refresh_expires_at - datetime.now(UTC) > timedelta(days=89)
    assert "read_orders" in got.scopes
    assert got.token not in repr(got)
    assert got.refresh_token not in repr(got)


def test_a_pair_is_renewed_by_another_and_the_old_one_still_works_until_then(play: Play) -> None:
    play.install()
    app = app_of(play)
    first = tokens.exchange(app, check(play.id_token(), app))
    lost_on_the_way = tokens.renew(app, SHOP, first.refresh_token)
    second = tokens.renew(app, SHOP, first.refresh_token)
    assert len({first.token, lost_on_the_way.token, second.token}) == 3
    tokens.renew(app, SHOP, second.refresh_token)
    with pytest.raises(AccessLost):
        tokens.renew(app, SHOP, first.refresh_token)


def test_an_id_token_that_shopify_refuses_is_to_be_fetched_again(play: Play) -> None:
    play.install()
    stale = IdToken(SHOP, "42", "s", "j", datetime.now(UTC), play.id_token(exp=1))
    with pytest.raises(BadIdToken):
        tokens.exchange(app_of(play), stale)


def test_a_refresh_token_that_was_taken_back_is_lost_for_good(play: Play) -> None:
    play.install()
    app = app_of(play)
    got = tokens.exchange(app, check(play.id_token(), app))
    play.uninstall()
    with pytest.raises(AccessLost):
        tokens.renew(app, SHOP, got.refresh_token)


def test_a_wrong_client_secret_is_the_operators_to_mend_and_costs_no_shop_its_access(play: Play) -> None:
    play.install()
    wrong = App(play.client_id, "shpss_some other secret, of some length", play_url=play.url)
    with pytest.raises(PlatformError, match="SHELFWISE_SHOPIFY_CLIENT_SECRET") as refusal:
        tokens.renew(wrong, SHOP, "shprt_x")
    assert not isinstance(refusal.value, AccessLost)
    assert not refusal.value.retryable


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b"\xff\xfe"),
        (200, []),
        (200, "text"),
        (200, None),
        (200, {}),
        (200, {**RIGHT, "access_token": ""}),
        (200, {**RIGHT, "access_token": 5}),
        (200, {**RIGHT, "access_token": ["shpat_new"]}),
        (200, {**RIGHT, "refresh_token": None}),
        (200, {**RIGHT, "expires_in": "soon"}),
        (200, {**RIGHT, "expires_in": 1e300}),
        (200, {**RIGHT, "expires_in": {}}),
        (200, {**RIGHT, "refresh_token_expires_in": []}),
        (200, {**RIGHT, "scope": 5}),
        (500, b"oops"),
        (502, b"<html>"),
        (503, []),
        (429, {"error": "slow down"}),
    ],
)
def test_an_answer_that_makes_no_sense_is_to_be_tried_again_and_is_never_kept(
    answers: Answers, status: int, body: Any
) -> None:
    app = answers((status, body))
    with pytest.raises(PlatformError) as refusal:
        tokens.renew(app, SHOP, "shprt_old")
    assert refusal.value.retryable
    assert not isinstance(refusal.value, AccessLost)
    assert "shpat_new" not in str(refusal.value)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 418])
def test_a_refusal_without_a_known_reason_costs_no_shop_its_access(answers: Answers, status: int) -> None:
    with pytest.raises(PlatformError) as refusal:
        tokens.renew(answers((status, {"error": "whatever"})), SHOP, "shprt_old")
    assert not isinstance(refusal.value, AccessLost)
    assert str(status) in str(refusal.value)


def test_a_server_in_trouble_is_asked_again_at_once(answers: Answers) -> None:
    app = answers((503, b""), (502, b""), (200, RIGHT))
    assert tokens.renew(app, SHOP, "shprt_old").token == "shpat_new"


def test_an_exchange_is_held_to_the_same(answers: Answers) -> None:
    app = answers((200, {**RIGHT, "access_token": None}))
    with pytest.raises(PlatformError) as refusal:
        tokens.exchange(app, opened(app))
    assert refusal.value.retryable
    app = answers((200, RIGHT))
    assert tokens.exchange(app, opened(app)).scopes == ("read_orders", "write_products")


def test_nobody_at_home_is_to_be_tried_again() -> None:
    app = App("id", "a secret that nobody else has, of some length", play_url="http://127.0.0.1:9")
    with pytest.raises(PlatformError, match="can't be reached") as refusal:
        tokens.renew(app, SHOP, "shprt_old")
    assert refusal.value.retryable
