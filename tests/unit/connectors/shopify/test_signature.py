"""Who may say that Shopify sent it: right signatures are taken, and no other, as the official library judges too."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopify_app.verify.webhook import verify_webhook_req

from connectors.errors import BadSignature
from connectors.shopify.signature import is_signed, sign
from connectors.shopify.webhooks import ShopifyWebhooks

SECRET, OLD = "shpss_new", "shpss_old"
SECRETS = st.text(min_size=1, max_size=40)


@given(body=st.binary(max_size=300), secret=SECRETS, others=st.lists(st.text(max_size=10), max_size=3))
def test_what_one_of_the_secrets_signed_is_signed(body: bytes, secret: str, others: list[str]) -> None:
    assert is_signed(sign(secret, body), body, [*others, secret])


@given(body=st.binary(max_size=300), given_signature=st.text(max_size=60), secrets=st.lists(SECRETS, max_size=3))
def test_no_other_text_is_a_signature(body: bytes, given_signature: str, secrets: list[str]) -> None:
    assert is_signed(given_signature, body, secrets) == (given_signature in {sign(each, body) for each in secrets})


@given(body=st.binary(min_size=1, max_size=200), secret=SECRETS, data=st.data())
def test_a_single_changed_bit_breaks_it(body: bytes, secret: str, data: st.DataObject) -> None:
    signature = sign(secret, body)
    place = data.draw(st.integers(0, len(body) * 8 - 1))
    changed = bytearray(body)
    changed[place // 8] ^= 1 << place % 8
    assert not is_signed(signature, bytes(changed), [secret])
    raw = bytearray(base64.b64decode(signature))
    raw[place // 8 % 32] ^= 1 << place % 8
    assert not is_signed(base64.b64encode(bytes(raw)).decode(), body, [secret])


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_an_empty_secret_signs_nothing(secrets: tuple[str, ...]) -> None:
    assert not is_signed(sign("", b"{}"), b"{}", secrets)


@given(body=st.text(max_size=200), signed_with=st.sampled_from([SECRET, OLD, "somebody else's"]), spoiled=st.booleans())
def test_the_official_library_judges_alike_where_it_can(body: str, signed_with: str, spoiled: bool) -> None:
    try:
        raw = body.encode()
    except UnicodeEncodeError:
        return
    signature = sign(signed_with, raw)[:: -1 if spoiled else 1]
    headers = {
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": "a.myshopify.com",
        "X-Shopify-Topic": "x/y",
        "X-Shopify-Webhook-Id": "1",
    }
    asked = {"method": "POST", "headers": headers, "url": "https://app.example/webhooks/shopify", "body": body}
    known = {"client_id": "id", "client_secret": SECRET, "old_client_secret": OLD}
    theirs = verify_webhook_req(asked, known).ok  # type: ignore[arg-type]
    try:
        ShopifyWebhooks().verify(headers, raw, (SECRET, OLD))
    except BadSignature:
        assert not theirs
    else:
        assert theirs
