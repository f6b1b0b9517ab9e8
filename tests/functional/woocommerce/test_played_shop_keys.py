"""Keys, permissions, permalinks and troubles of the played shop."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlencode

import pytest
import requests

from tests.functional.woocommerce.conftest import Woo


def get(woo: Woo, path: str, query: dict[str, str] | None = None, **more: object) -> requests.Response:
    verify = str(woo.site.certificate) if woo.site.certificate else True
    address = f"{woo.address}{path}{'?' + urlencode(query) if query else ''}"
    return requests.get(address, timeout=10, verify=verify, **more)  # type: ignore[arg-type]


def signed(
    woo: Woo, path: str, query: dict[str, str], *, nonce: str = "n1", at: float = 0.0, secret: str = ""
) -> dict[str, str]:
    """The query with an OAuth 1.0a signature, worked out here from the standard."""
    own = {
        **query,
        "oauth_consumer_key": woo.key,
        "oauth_timestamp": str(int(time.time() + at)),
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA256",
    }
    pairs = "&".join(f"{quote(name, safe='~')}={quote(own[name], safe='~')}" for name in sorted(own))
    text = f"GET&{quote(woo.address + path, safe='~')}&{quote(pairs, safe='~')}"
    digest = hmac.new(f"{secret or woo.secret}&".encode(), text.encode(), sha256).digest()
    return {**own, "oauth_signature": base64.b64encode(digest).decode()}


PRODUCTS = "/wp-json/wc/v3/products"


def test_over_tls_keys_stand_in_the_header_or_in_the_query(woo_tls: Woo) -> None:
    assert get(woo_tls, PRODUCTS, auth=(woo_tls.key, woo_tls.secret)).ok
    assert get(woo_tls, PRODUCTS, {"consumer_key": woo_tls.key, "consumer_secret": woo_tls.secret}).ok
    woo_tls.state.troubles.strips_authorization = True
    assert get(woo_tls, PRODUCTS, auth=(woo_tls.key, woo_tls.secret)).json()["code"] == "woocommerce_rest_cannot_view"
    assert get(woo_tls, PRODUCTS, {"consumer_key": woo_tls.key, "consumer_secret": woo_tls.secret}).ok


def test_over_plain_http_only_a_signature_is_taken(woo: Woo) -> None:
    assert get(woo, PRODUCTS, auth=(woo.key, woo.secret)).status_code == 401
    assert get(woo, PRODUCTS, {"consumer_key": woo.key, "consumer_secret": woo.secret}).status_code == 401
    query = {"search": "a b+c&d~e", "_fields": "id,name", "include": "1,2"}
    assert get(woo, PRODUCTS, signed(woo, PRODUCTS, query)).ok
    # PHP signs name[] with the place of each value, so nobody who follows the standard can sign it.
    assert get(woo, PRODUCTS, signed(woo, PRODUCTS, {"include[]": "1"})).status_code == 401


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"secret": "cs_another"}, "provided signature does not match"),
        ({"at": -1000.0}, "Invalid timestamp"),
    ],
)
def test_a_wrong_signature_is_refused(woo: Woo, wrong: dict[str, str], message: str) -> None:
    found = get(woo, PRODUCTS, signed(woo, PRODUCTS, {}, **wrong))  # type: ignore[arg-type]
    assert found.status_code == 401
    assert message in found.json()["message"]


def test_a_signed_call_can_t_be_made_twice(woo: Woo) -> None:
    query = signed(woo, PRODUCTS, {})
    assert get(woo, PRODUCTS, query).ok
    assert "nonce has already been used" in get(woo, PRODUCTS, query).json()["message"]


def test_a_signature_is_of_its_own_query_alone(woo: Woo) -> None:
    query = signed(woo, PRODUCTS, {"per_page": "1"})
    assert get(woo, PRODUCTS, {**query, "per_page": "2"}).status_code == 401


@pytest.mark.parametrize(
    "path", ["customers?orderby=modified", "products/categories?orderby=date", "products?order=up"]
)
def test_lists_are_ordered_in_their_own_ways_alone(woo_tls: Woo, path: str) -> None:
    found = get(woo_tls, f"/wp-json/wc/v3/{path}", auth=(woo_tls.key, woo_tls.secret))
    assert (found.status_code, found.json()["code"]) == (400, "rest_invalid_param")


def test_a_key_that_reads_does_not_write(woo_tls: Woo) -> None:
    key = woo_tls.state.keyring.make("read")
    found = requests.post(
        f"{woo_tls.address}/wp-json/wc/v3/webhooks",
        json={},
        auth=(key.key, key.secret),
        verify=str(woo_tls.site.certificate),
        timeout=10,
    )
    assert (found.status_code, found.json()["message"]) == (
        401,
        "The API key provided does not have write permissions.",
    )


def test_without_permalinks_the_api_is_not_where_it_should_be_and_keys_are_not_looked_at(woo_tls: Woo) -> None:
    woo_tls.state.permalinks = False
    auth = (woo_tls.key, woo_tls.secret)
    lost = get(woo_tls, PRODUCTS, auth=auth)
    assert (lost.status_code, lost.headers["Content-Type"].partition(";")[0]) == (404, "text/html")
    assert get(woo_tls, "/", {"rest_route": "/wc/v3/products"}, auth=auth).status_code == 401
    assert get(woo_tls, "/", {"rest_route": "/"}).json()["namespaces"]


@pytest.mark.parametrize(
    ("trouble", "status", "words"),
    [
        ("maintenance", 503, "scheduled maintenance"),
        ("firewall", 403, "Forbidden"),
        ("login_only", 401, "not currently logged in"),
        ("no_rest", 404, "Page not found"),
        ("notice", 200, "<b>Notice</b>"),
    ],
)
def test_troubles_look_as_they_do(woo_tls: Woo, trouble: str, status: int, words: str) -> None:
    setattr(woo_tls.state.troubles, trouble, True)
    found = get(woo_tls, PRODUCTS, auth=(woo_tls.key, woo_tls.secret))
    assert found.status_code == status
    assert words in found.text


def test_single_troubles_are_over_after_their_answer(woo_tls: Woo) -> None:
    woo_tls.state.troubles.add(502, 429)
    statuses = [get(woo_tls, PRODUCTS, auth=(woo_tls.key, woo_tls.secret)).status_code for _ in range(3)]
    assert statuses == [502, 429, 200]


def test_keys_go_to_the_app_by_its_callback_and_the_merchant_goes_back(woo: Woo) -> None:
    asked = {
        "app_name": "Shelfwise",
        "scope": "read_write",
        "user_id": "token-1",
        "return_url": "https://app.example/back",
        "callback_url": "https://127.0.0.1:9/callback",
    }
    page = get(woo, "/wc-auth/v1/authorize", asked).text
    assert "Shelfwise would like to connect" in page
    before = dict(woo.state.keyring.keys)
    granted = {**asked, "wc_auth_nonce": woo.site.nonce}
    # Nobody listens there: no key may be left behind.
    failed = get(woo, "/wc-auth/v1/access_granted", granted, allow_redirects=False)
    assert failed.status_code == 401
    assert woo.state.keyring.keys == before
    plain = {**asked, "callback_url": "http://app.example/callback"}
    assert "needs to be over SSL" in get(woo, "/wc-auth/v1/authorize", plain).text


class Receiver(BaseHTTPRequestHandler):
    """An app that takes keys, and answers what it is told to."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.kept = (dict(self.headers), json.loads(self.rfile.read(length)))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Nothing."""


@pytest.mark.parametrize(("status", "ends"), [(200, "success=1"), (204, "unable to send the consumer data")])
def test_an_app_gets_keys_if_it_answers_exactly_200(woo: Woo, status: int, ends: str) -> None:
    woo.state.callback_needs_tls = False
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as app:
        app.status = status  # type: ignore[attr-defined]
        thread = threading.Thread(target=app.handle_request)
        thread.start()
        asked = {
            "app_name": "Shelfwise",
            "scope": "read_write",
            "user_id": "token-1",
            "return_url": f"{woo.address}/shop/",
            "callback_url": f"http://127.0.0.1:{app.server_port}/callback",
        }
        found = get(woo, "/wc-auth/v1/access_granted", {**asked, "wc_auth_nonce": woo.site.nonce})
        thread.join()
    assert ends in found.url + found.text
    headers, told = app.kept  # type: ignore[attr-defined]
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert set(told) == {"key_id", "user_id", "consumer_key", "consumer_secret", "key_permissions"}
    assert (told["consumer_key"] in woo.state.keyring.keys) == (status == 200)


def test_a_shopper_buys_what_a_slate_offered(woo: Woo) -> None:
    product = woo.product()
    had = product.stock or 0
    with requests.Session() as shopper:
        nonce = shopper.get(f"{woo.address}/wp-json/wc/store/v1/cart", timeout=10).headers["Nonce"]
        where = f"{woo.address}/product/{product.slug}/"
        assert product.name in shopper.get(where, params={"shelfwise": "0192-abc:3"}, timeout=10).text
        added = shopper.post(
            f"{woo.address}/wp-json/wc/store/v1/cart/add-item",
            json={"id": product.id, "quantity": 1},
            headers={"Nonce": nonce},
            timeout=10,
        )
        assert (added.status_code, added.json()["items_count"]) == (201, 1)
        thanks = shopper.post(f"{woo.address}/checkout/", timeout=10)
    order = list(woo.state.orders.values())[-1]
    assert f"Order {order.id} is received" in thanks.text
    assert order.lines[0].meta == {"_shelfwise": "0192-abc:3"}
    assert product.stock == had - 1


def test_controls_change_what_a_script_can_t_reach(woo: Woo) -> None:
    product = woo.product()
    requests.post(f"{woo.address}/play/stock", json={"id": product.id, "quantity": 0}, timeout=10).raise_for_status()
    assert woo.state.stock_status(product) == "outofstock"
    requests.post(f"{woo.address}/play/switch", json={"permalinks": False}, timeout=10).raise_for_status()
    assert not woo.state.permalinks
    assert requests.post(f"{woo.address}/play/switch", json={"nothing": 1}, timeout=10).status_code == 400
