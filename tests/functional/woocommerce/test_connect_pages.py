"""The pages for connecting a shop: who may see them, what they keep to themselves, what they say of trouble."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask

from integration.services.woocommerce.attempts import ATTEMPT
from integration.settings import Settings
from tests.merchants import HTTPS, Merchant

if TYPE_CHECKING:
    from tests.functional.woocommerce.conftest import Woo

# Of pages and calls: what the store does for them is tried on both kinds elsewhere.
ONE_STORE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@ONE_STORE
def test_another_browser_sees_nothing_of_an_attempt(merchant: Merchant, woo: Woo) -> None:
    token = merchant.token(woo.address)
    merchant.calls_back(token, woo.key, woo.secret)
    (attempt,) = merchant.rows(sa.select(ATTEMPT))
    stranger = merchant.app.test_client()
    addresses = (f"/woocommerce/connected?success=1&user_id={token}", f"/woocommerce/connect/{attempt.id}")
    assert [stranger.get(each).status_code for each in addresses] == [403, 403]
    assert stranger.post("/woocommerce/connect", data={"token": token}).status_code == 403
    assert stranger.post("/woocommerce/connect/again", data={"attempt": attempt.id}).status_code == 403


@ONE_STORE
def test_who_does_not_agree_is_told_that_nothing_happened(merchant: Merchant, woo: Woo) -> None:
    token = merchant.token(woo.address)
    page = merchant.client.get(f"/woocommerce/connected?success=0&user_id={token}")
    assert "Your shop is not connected" in page.text
    assert f"{woo.address}/wp-admin/" in page.text


@ONE_STORE
def test_the_way_back_leads_to_the_shops_own_admin_alone(merchant: Merchant, woo: Woo) -> None:
    own = f"{woo.address}/wp-admin/admin.php?page=shelfwise"
    assert own in merchant.begin(woo.address, **{"return": own}).text
    for foreign in (
        "https://evil.example/wp-admin/",
        f"{woo.address}.evil.example/wp-admin/",
        f"{woo.address}@evil.example/wp-admin/",
        "javascript:alert(1)//wp-admin/",
        f"{woo.address}/evil?/wp-admin/",
        f'{woo.address}/wp-admin/"><script>alert(1)</script>',
        "//evil.example/wp-admin/",
    ):
        page = merchant.begin(woo.address, **{"return": foreign}).text
        assert "evil" not in page
        assert "alert(1)" not in page


@ONE_STORE
def test_what_is_typed_in_is_never_markup(merchant: Merchant) -> None:
    page = merchant.begin('"><script>alert(1)</script>')
    assert page.status_code == 400
    assert "<script" not in page.text
    pasted = merchant.pastes('"><script>alert(1)</script>', "ck_x", "cs_y")
    assert "<script" not in pasted.text


@ONE_STORE
def test_pages_can_be_framed_by_nobody_and_load_nothing_from_elsewhere(merchant: Merchant, woo: Woo) -> None:
    for path in (f"/woocommerce/connect?site={woo.address}", "/woocommerce/connect/keys", "/install/woocommerce"):
        page = merchant.client.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert not re.findall(r'(?:src|<link[^>]* href)="https?:', page.text)


@ONE_STORE
def test_the_browsers_cookie_is_out_of_reach_of_scripts_and_other_sites(merchant: Merchant, woo: Woo) -> None:
    cookie = merchant.begin(woo.address).headers["Set-Cookie"]
    assert all(each in cookie for each in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/woocommerce"))


@ONE_STORE
def test_a_form_of_another_site_is_not_taken(merchant: Merchant, woo: Woo) -> None:
    merchant.client.get("/woocommerce/connect/keys")
    sent = {"site": woo.address, "key": woo.key, "secret": woo.secret, "check": "0" * 64}
    assert merchant.client.post("/woocommerce/connect/keys", data=sent).status_code == 403
    assert merchant.rows(sa.select(ATTEMPT)) == []


@ONE_STORE
def test_addresses_inside_of_networks_are_never_called(merchant: Merchant) -> None:
    for inside in ("http://10.0.0.1", "http://169.254.169.254", "http://192.168.1.1:8080", "http://[fd00::1]"):
        page = merchant.begin(inside)
        assert page.status_code == 422
        assert "That address can" in page.text


@ONE_STORE
def test_loopback_is_called_only_where_the_operator_says_so(
    settings: Settings, make_app: Callable[..., Flask], woo: Woo
) -> None:
    app = make_app(replace(settings, public_url=HTTPS))
    page = app.test_client().get("/woocommerce/connect", query_string={"site": woo.address})
    assert page.status_code == 422
    assert "That address can" in page.text


@ONE_STORE
def test_without_https_of_our_own_the_page_leads_to_pasted_keys(
    settings: Settings, make_app: Callable[..., Flask], woo: Woo
) -> None:
    client = make_app(replace(settings, allow_loopback=True)).test_client()
    page = client.get("/woocommerce/connect", query_string={"site": woo.address}).text
    assert 'name="token"' not in page
    assert "/woocommerce/connect/keys?" in page


TROUBLES = {
    "Permalinks are off": ("permalinks", False),
    "Your shop is in maintenance mode": ("maintenance", True),
    "Something in your shop blocks us": ("firewall", True),
}


@ONE_STORE
def test_what_is_in_the_way_of_a_shop_is_said_with_what_to_do_before_anything_is_asked(
    merchant: Merchant, woo: Woo
) -> None:
    for words, (name, value) in TROUBLES.items():
        switched = woo.state if name == "permalinks" else woo.state.troubles
        setattr(switched, name, value)
        page = merchant.begin(woo.address)
        assert page.status_code == 422
        assert words in page.text
        assert "What to do." in page.text
        assert f"/woocommerce/connect?site={quote(woo.address, safe='')}" in page.text
        setattr(switched, name, not value)
