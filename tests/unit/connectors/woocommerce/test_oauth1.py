"""Signatures of calls over plain http: RFC 5849's own example, and what WooCommerce makes of parameters."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from connectors.woocommerce.keys import Keys
from connectors.woocommerce.oauth1 import base_string, signed

KEYS = Keys("ck_" + "1" * 40, "cs_" + "2" * 40)
URL = "http://shop.example/store/wp-json/wc/v3/products"


def test_the_text_that_is_signed_is_that_of_the_rfc() -> None:
    # Section 3.4.1.1, whose body and query parameters are all given here.
    parameters = [
        ("b5", "=%3D"),
        ("a3", "a"),
        ("c@", ""),
        ("a2", "r b"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    assert base_string("post", "http://example.com/request", parameters) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26"
        "c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
        "oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(max_size=12), max_size=5))
def test_a_signature_is_what_woocommerce_computes_of_the_parameters(parameters: dict[str, str]) -> None:
    told = signed("GET", URL, parameters, KEYS, at=1_700_000_000, nonce="n")
    signature = told.pop("oauth_signature")

    def php(text: str) -> str:
        return quote(text, safe="-._~")

    # Its way: each name and value escaped, "%" escaped again, joined by "=" and "&" that are escaped once.
    ordered = sorted((php(name), php(value)) for name, value in told.items())
    joined = "%26".join(f"{name.replace('%', '%25')}%3D{value.replace('%', '%25')}" for name, value in ordered)
    text = f"GET&{php(URL)}&{joined}"
    wanted = b64encode(hmac.digest(f"{KEYS.secret}&".encode(), text.encode(), hashlib.sha256)).decode()
    assert signature == wanted


def test_no_two_calls_have_the_same_nonce() -> None:
    assert len({signed("GET", URL, {}, KEYS)["oauth_nonce"] for _ in range(50)}) == 50


def test_the_secret_is_in_no_parameter() -> None:
    assert KEYS.secret not in str(signed("GET", URL, {"page": "1"}, KEYS))
    assert KEYS.secret not in repr(KEYS)
