"""Who may be believed to have opened the app: only whoever Shopify vouches for, now, to us."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.api import App
from connectors.shopify.id_tokens import LONGEST_TOKEN, BadIdToken, bearer, check

SECRET = "shpss_0123456789abcdef0123456789abcdef"
OLD_SECRET = "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"
APP = App("a-client-id", SECRET, old_secret=OLD_SECRET)
SHOP = "fern-and-ladle.myshopify.com"


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a right token, changed; None takes one out."""
    now = int(time.time())
    right = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": APP.client_id,
        "sub": "42",
        "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
        "sid": "aaea182f2732d44c23057c0fea584021a4485b2bd25d3eb7fd349313ad24c685",
        "exp": now + 60,
        "nbf": now,
        "iat": now,
    }
    return {name: value for name, value in {**right, **changed}.items() if value is not None}


def signed(said: Any, secret: str = SECRET, **header: Any) -> str:
    """A token with these claims, signed with HMAC-SHA256 whatever its header says."""
    head = {"alg": "HS256", "typ": "JWT", **header}
    parts = b".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (head, said))
    signature = jwt.get_algorithm_by_name("HS256").sign(parts, secret.encode())
    return (parts + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def assert_refused(token: str) -> None:
    with pytest.raises(BadIdToken) as refusal:
        check(token, APP)
    assert len(token) < 20 or token not in str(refusal.value)


def test_a_right_token_tells_shop_and_member_of_staff() -> None:
    token = signed(claims())
    read = check(token, APP)
    assert (read.shop, read.user_id, read.text) == (SHOP, "42", token)
    assert token not in repr(read)


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_the_secret_before_is_believed_while_secrets_are_rotated(secret: str) -> None:
    assert check(signed(claims(), secret), APP).shop == SHOP


def test_without_an_old_secret_nothing_signed_with_it_is_believed() -> None:
    with pytest.raises(BadIdToken):
        check(signed(claims(), OLD_SECRET), App(APP.client_id, SECRET))
    with pytest.raises(BadIdToken):
        check(signed(claims(), ""), App(APP.client_id, SECRET))


@pytest.mark.parametrize("secret", ["", "x", SECRET[:-1], SECRET.upper()])
def test_a_token_signed_by_somebody_else_is_refused(secret: str) -> None:
    assert_refused(signed(claims(), secret))


@pytest.mark.parametrize("name", ["iss", "dest", "aud", "sub", "jti", "sid", "exp", "nbf"])
def test_no_claim_may_be_missing(name: str) -> None:
    assert_refused(signed(claims(**{name: None})))


@pytest.mark.parametrize(
    "wrong",
    [
        # Far enough from now for however long it is until the test has its turn.
        {"exp": int(time.time()) - 60},
        {"nbf": int(time.time()) + 86_400},
        {"exp": 1e300},
        {"exp": -1},
        {"exp": "soon"},
        {"exp": 10**400},
        {"aud": "another-app"},
        {"aud": ["a-client-id"]},
        {"sub": 42},
        {"sub": ""},
        {"iss": 7},
        {"dest": ["https://fern-and-ladle.myshopify.com"]},
        {"sid": "s" * 300},
    ],
)
def test_a_claim_that_is_wrong_is_refused(wrong: dict[str, Any]) -> None:
    assert_refused(signed(claims(**wrong)))


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "https://evil.example/fern-and-ladle.myshopify.com",
        "https://fern-and-ladle.myshopify.com.evil.example",
        "https://evil.example#.myshopify.com",
        "https://evil.example?.myshopify.com",
        "https://evil.example\\.myshopify.com",
        "https://fern-and-ladle.myshopify.com@evil.example",
        "https://me:you@fern-and-ladle.myshopify.com",
        "https://fern-and-ladle.myshopify.com:8443",
        "https://fern-and-ladle.myshopify.com\n",
        "https://FERN-and-ladle.myshopify.com",
        "https://fërn.myshopify.com",
        "https://fern.and.ladle.myshopify.com",
        "https://myshopify.com",
        "https://.myshopify.com",
        "http://fern-and-ladle.myshopify.com",
        "//fern-and-ladle.myshopify.com",
        "fern-and-ladle.myshopify.com",
        "fern-and-ladle",
        "https://[",
        "",
    ],
)
def test_an_address_that_is_no_shops_is_refused_though_the_signature_is_right(address: str) -> None:
    assert_refused(signed(claims(iss=f"{address}/admin", dest=address)))
    assert_refused(signed(claims(dest=address)))
    assert_refused(signed(claims(iss=address)))


def test_a_token_that_one_shop_issued_for_another_is_refused() -> None:
    assert_refused(signed(claims(dest="https://another-shop.myshopify.com")))
    assert_refused(signed(claims(iss="https://another-shop.myshopify.com/admin")))


@pytest.mark.parametrize("algorithm", ["none", "None", "RS256", "HS512", "hs256", "", 5, None, ["HS256"]])
def test_no_other_algorithm_is_believed(algorithm: Any) -> None:
    assert_refused(signed(claims(), alg=algorithm))


def test_a_token_without_a_signature_is_refused() -> None:
    token = jwt.encode(claims(), "", algorithm="none")
    assert_refused(token)
    assert_refused(token + "A" * 43)


def test_a_key_that_the_token_itself_names_is_not_used() -> None:
    assert_refused(
        signed(claims(), "x" * 40, kid="../../dev/null", jwk={"kty": "oct", "k": "eA"}, jku="https://e.example")
    )
    assert_refused(signed(claims(), crit=["exp"]))


@pytest.mark.parametrize("at", range(5, 400, 13))
def test_one_changed_letter_is_enough(at: int) -> None:
    token = signed(claims())
    place = min(at, len(token) - 1)
    assert_refused(token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :])


def test_there_is_one_way_to_write_a_token() -> None:
    token = signed(claims())
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for other in (token[:-1] + each for each in letters if each != token[-1]):
        assert_refused(other)
    for other in (token + "=", token + "\n", " " + token, token + "!", token.replace(".", "..", 1), f"Bearer {token}"):
        assert_refused(other)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "\x00",
        "é" * 40,
        "A" * LONGEST_TOKEN,
        "A" * 1_000_000,
        f"{'W' * 2700}.e30.{'A' * 43}",
        f"e30.e30.{'A' * 43}",
        f"bnVsbA.bnVsbA.{'A' * 43}",
        f"{base64.urlsafe_b64encode(b'[' * 2500).decode().rstrip('=')}.e30.{'A' * 43}",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert_refused(token)


@pytest.mark.parametrize("said", [None, [], "claims", 5, {}, {"a": {"b": [[[[]]]]}}])
def test_claims_that_are_no_claims_are_refused(said: Any) -> None:
    assert_refused(signed(said))


@given(st.text(max_size=300))
def test_no_text_is_a_token(text: str) -> None:
    assert_refused(text)


@given(
    st.from_regex(r"[\w-]{1,80}\.[\w-]{1,200}\.[\w-]{43}", fullmatch=True, alphabet=st.characters(max_codepoint=127))
)
def test_what_has_the_form_of_a_token_is_none_yet(text: str) -> None:
    assert_refused(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(["iss", "dest", "aud", "sub", "jti", "sid", "exp", "nbf", "iat"]), value=json_values)
def test_whatever_stands_in_a_claim_it_is_refused_or_the_shop_is_the_same(name: str, value: Any) -> None:
    try:
        read = check(signed(claims(**{name: value})), APP)
    except BadIdToken:
        return
    assert read.shop == SHOP


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "bearer abc", "abc"])
def test_a_header_without_a_bearer_token_is_refused(header: str) -> None:
    with pytest.raises(BadIdToken):
        bearer(header)
