"""Keys that one shop's merchant agreed to are never tried at another's address, whoever began the attempt there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from integration.app import create_app
from integration.services.woocommerce import attempts
from integration.settings import Settings
from integration.storage.database import Database

KEY, SECRET = f"ck_{'0' * 40}", f"cs_{'1' * 40}"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("agent", "answer"),
    [
        ("WordPress/7.0.4; https://shop.example", 200),
        ("WordPress/7.0.4; http://www.Shop.example/de", 200),
        ("WordPress/7.0.4; https://shop.example:8443", 200),
        ("", 200),
        ("Some security plugin", 200),
        ("WordPress/7.0.4; https://another.example", 401),
        ("WordPress/7.0.4; https://shop.example.another.example", 401),
        ("WordPress/7.0.4; https://[::1]", 401),
    ],
)
def test_keys_count_for_the_shop_that_sends_them(
    database: Database, settings: Settings, agent: str, answer: int
) -> None:
    app = create_app(replace(settings, public_url="https://app.example"))
    begun = attempts.begin(
        database,
        site="https://shop.example",
        return_to="",
        browser="somebody's",
        asker="somebody",
        now=datetime.now(UTC),
    )
    body = {
        "key_id": 1,
        "user_id": begun.token,
        "consumer_key": KEY,
        "consumer_secret": SECRET,
        "key_permissions": "read_write",
    }
    sent = app.test_client().post("/woocommerce/callback", json=body, headers={"User-Agent": agent})
    assert sent.status_code == answer, sent.text
    waits = attempts.due(database, settings, datetime.now(UTC))
    assert waits == ([begun.attempt_id] if answer == 200 else [])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("time", ["", "0", "-1", "99999999999", "999999999999", "9" * 400, "١٢٣", "1e9"])
def test_a_message_of_an_absurd_time_is_refused_like_any_other(settings: Settings, time: str) -> None:
    headers = {"X-Shelfwise-Time": time.encode().decode("latin-1"), "X-Shelfwise-Signature": "AAAA"}
    answer = create_app(settings).test_client().get("/woocommerce/shops/some-shop/state", headers=headers)
    assert answer.status_code in {401, 404}, answer.text
