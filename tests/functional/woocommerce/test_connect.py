"""Connecting a shop: the merchant's way through our pages and their shop's, and what is left of it when it fails."""

from __future__ import annotations

import io
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from connectors.woocommerce.failures import Failure
from integration.jobs import connecting
from integration.services import set_up
from integration.services.access import access_to
from integration.services.woocommerce import attempts, connect
from integration.services.woocommerce.attempts import ATTEMPT
from integration.services.woocommerce.words import WORDS
from integration.storage.access_writes import CONNECTION, SHOP, TOKEN
from integration.storage.readings import Reading
from integration.storage.upsert import table_of
from tests.merchants import HTTPS, Merchant

if TYPE_CHECKING:
    from tests.functional.woocommerce.conftest import Woo

READING = table_of(Reading)
TOPICS = 11
# Of pages and calls: what the store does for them is tried on both kinds elsewhere.
ONE_STORE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_by_consent_a_shop_is_connected_its_webhooks_are_made_and_it_is_due_to_be_read(
    merchant: Merchant, woo: Woo
) -> None:
    token = merchant.token(woo.address)
    asked = merchant.client.post("/woocommerce/connect", data={"token": token})
    where = urlsplit(asked.headers["Location"])
    query = parse_qs(where.query)
    assert asked.status_code == 303
    assert asked.headers["Location"].startswith(f"{woo.address}/wc-auth/v1/authorize?")
    assert query["user_id"] == [token]
    assert query["callback_url"] == [f"{HTTPS}/woocommerce/callback"]
    assert merchant.calls_back(token, woo.key, woo.secret) == 200
    assert [each.failure for each in merchant.works() if each] == [""]
    back = merchant.client.get(f"/woocommerce/connected?success=1&user_id={token}", follow_redirects=True)
    assert "Your shop is connected" in back.text
    (shop,) = merchant.rows(sa.select(SHOP))
    assert (shop.key, shop.currency, shop.storefront_url) == ("127-0-0-1", woo.state.currency, woo.address)
    wanted = f"{HTTPS}/webhooks/woocommerce/127-0-0-1"
    assert [each.delivery_url for each in woo.state.webhooks.values()] == [wanted] * TOPICS
    assert {row.kind for row in merchant.rows(sa.select(READING))} >= {"products", "orders"}
    access = access_to(merchant.database, merchant.vault, merchant.settings, shop.id)
    assert (access.address, access.token()) == (woo.address, f"{woo.key}:{woo.secret}")


@ONE_STORE
def test_pasted_keys_come_to_the_same(merchant: Merchant, woo: Woo) -> None:
    page = merchant.pastes(woo.address, f"  {woo.key} ", f"{woo.secret}\n")
    assert "keys are tested" in page.text
    merchant.works()
    assert len(woo.state.webhooks) == TOPICS
    again = merchant.client.get(page.request.path)
    assert "Your shop is connected" in again.text
    assert woo.key not in again.text + page.text
    assert woo.secret not in again.text + page.text


@ONE_STORE
def test_keys_are_nowhere_in_clear_and_gone_once_they_are_kept_with_the_shop(merchant: Merchant, woo: Woo) -> None:
    token = merchant.token(woo.address)
    merchant.calls_back(token, woo.key, woo.secret)
    (attempt,) = merchant.rows(sa.select(ATTEMPT))
    assert token not in str(attempt)
    assert woo.secret not in str(attempt)
    merchant.works()
    (attempt,) = merchant.rows(sa.select(ATTEMPT))
    assert attempt.api_keys is None
    (kept,) = merchant.rows(sa.select(TOKEN.c.token))
    assert woo.secret.encode() not in kept.token


def test_a_repeated_callback_changes_nothing_and_other_keys_for_the_same_word_are_refused(
    merchant: Merchant, woo: Woo
) -> None:
    token = merchant.token(woo.address)
    assert [merchant.calls_back(token, woo.key, woo.secret) for _ in range(3)] == [200, 200, 200]
    assert merchant.calls_back(token, "ck_" + "a" * 40, "cs_" + "b" * 40) == 401
    merchant.works()
    assert merchant.calls_back(token, woo.key, woo.secret) == 200
    assert len(merchant.rows(sa.select(SHOP))) == 1
    assert merchant.works() == []


def test_of_keys_that_come_at_once_for_the_same_word_one_pair_is_taken(merchant: Merchant, woo: Woo) -> None:
    token = merchant.token(woo.address)
    with ThreadPoolExecutor(8) as pool:
        pairs = [(f"ck_{number:040d}", f"cs_{number:040d}") for number in range(8)]
        answers = list(pool.map(lambda pair: merchant.calls_back(token, *pair), pairs))
    assert sorted(answers) == [200] + [401] * 7


@ONE_STORE
def test_an_address_in_the_way_of_pasted_keys_is_told_of_at_once(merchant: Merchant, woo: Woo) -> None:
    woo.state.permalinks = False
    page = merchant.pastes(woo.address, woo.key, woo.secret)
    assert "Permalinks are off" in page.text
    assert woo.secret not in page.text
    assert merchant.works() == []


@ONE_STORE
def test_a_word_that_was_never_given_or_is_too_old_is_refused(merchant: Merchant, woo: Woo) -> None:
    token = merchant.token(woo.address)
    assert merchant.calls_back("guessed", woo.key, woo.secret) == 401
    merchant.now += timedelta(minutes=31)
    assert merchant.calls_back(token, woo.key, woo.secret) == 401
    assert merchant.client.post("/woocommerce/connect", data={"token": token}).status_code == 403
    assert merchant.rows(sa.select(SHOP)) == []


@ONE_STORE
def test_a_callback_that_is_none_is_refused(merchant: Merchant) -> None:
    for body in (
        b"",
        b"{}",
        b"[]",
        b"\xff\x00",
        b"[" * 4000,
        b'{"user_id":1,"consumer_key":"ck_","consumer_secret":"cs_"}',
        b'{"user_id":"x","consumer_key":"ck_aaaaaaaaaa","consumer_secret":null}',
    ):
        answer = merchant.app.test_client().post("/woocommerce/callback", data=body)
        assert answer.status_code == 400, body
        assert b"bad_callback" in answer.data


@ONE_STORE
def test_a_huge_callback_is_not_read(merchant: Merchant) -> None:
    assert merchant.app.test_client().post("/woocommerce/callback", data=b" " * 5000).status_code == 413


@ONE_STORE
def test_keys_of_another_shop_connect_nothing(merchant: Merchant, woo: Woo) -> None:
    token = merchant.token(woo.address)
    merchant.calls_back(token, "ck_" + "0" * 40, "cs_" + "0" * 40)
    merchant.works()
    page = merchant.client.get(f"/woocommerce/connected?success=1&user_id={token}", follow_redirects=True)
    assert "Your shop does not take these keys" in page.text
    assert merchant.rows(sa.select(SHOP)) == []
    assert woo.state.webhooks == {}


@ONE_STORE
def test_keys_that_only_read_are_told_so(merchant: Merchant, woo: Woo) -> None:
    own = woo.state.keyring.make(permissions="read")
    page = merchant.pastes(woo.address, own.key, own.secret)
    merchant.works()
    assert "These keys may only read" in merchant.client.get(page.request.path).text
    assert merchant.rows(sa.select(SHOP)) == []


def test_who_tries_too_often_has_to_wait(merchant: Merchant, woo: Woo) -> None:
    answers = [merchant.begin(woo.address).status_code for _ in range(attempts.MOST_OF_SITE + 2)]
    assert answers == [200] * attempts.MOST_OF_SITE + [429, 429]
    merchant.now += attempts.WINDOW + timedelta(seconds=1)
    assert merchant.begin(woo.address).status_code == 200


def test_two_workers_connect_a_shop_once(merchant: Merchant, woo: Woo) -> None:
    token = merchant.token(woo.address)
    merchant.calls_back(token, woo.key, woo.secret)
    (attempt,) = merchant.rows(sa.select(ATTEMPT))
    assert attempts.take(merchant.database, attempt.id, merchant.now) is not None
    assert connect.finish(merchant.database, merchant.vault, merchant.settings, attempt.id) is None
    # The first one vanished: after its lease another one goes on.
    merchant.now += attempts.LEASE + timedelta(seconds=1)
    assert attempts.due(merchant.database, merchant.settings, merchant.now) == [attempt.id]


@ONE_STORE
def test_the_job_connects_and_has_the_shop_set_up_and_read(
    merchant: Merchant, woo: Woo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration.jobs.queues import connect as to_redis
    from integration.jobs.queues import is_announced

    token = merchant.token(woo.address)
    merchant.calls_back(token, woo.key, woo.secret)
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEYS", "PUBLIC_URL"):
        monkeypatch.setenv(f"SHELFWISE_{name}", getattr(merchant.settings, name.lower()))
    monkeypatch.setenv("SHELFWISE_ALLOW_LOOPBACK", "1")
    (attempt,) = merchant.rows(sa.select(ATTEMPT))
    assert connecting.connect(attempt.id) == "connected: 127-0-0-1"
    with to_redis(merchant.settings) as redis:
        assert is_announced(redis, "set-up", 1)
        assert is_announced(redis, "read", 1)


def test_connecting_again_takes_the_new_keys_and_repairs_the_webhooks(merchant: Merchant, woo: Woo) -> None:
    merchant.pastes(woo.address, woo.key, woo.secret)
    merchant.works()
    first = dict(woo.state.webhooks)
    for webhook in list(first.values())[:3]:
        webhook.status = "disabled"
    newer = woo.state.keyring.make()
    merchant.pastes(woo.address, newer.key, newer.secret)
    merchant.works()
    assert len(merchant.rows(sa.select(SHOP))) == 1
    assert set(woo.state.webhooks) == set(first)
    assert {each.status for each in woo.state.webhooks.values()} == {"active"}
    access = access_to(merchant.database, merchant.vault, merchant.settings, 1)
    assert access.token() == f"{newer.key}:{newer.secret}"


@ONE_STORE
def test_webhooks_that_the_shop_disabled_are_revived_the_next_day(merchant: Merchant, woo: Woo) -> None:
    merchant.pastes(woo.address, woo.key, woo.secret)
    merchant.works()
    for webhook in woo.state.webhooks.values():
        webhook.status = "disabled"
    due = merchant.now + timedelta(days=1, minutes=1)
    assert set_up.due(merchant.database, merchant.settings, due) == [1]
    set_up.set_up(merchant.database, merchant.vault, merchant.settings, 1)
    assert {each.status for each in woo.state.webhooks.values()} == {"active"}
    assert merchant.rows(sa.select(CONNECTION.c.details))[0].details["webhooks"]["active"] == TOPICS


@ONE_STORE
def test_what_comes_in_the_way_while_keys_are_tested_can_be_tried_again_with_the_same_keys(
    merchant: Merchant, woo: Woo
) -> None:
    page = merchant.pastes(woo.address, woo.key, woo.secret)
    woo.state.troubles.firewall = True
    merchant.works()
    failed = merchant.client.get(page.request.path).text
    assert "Something in your shop blocks us" in failed
    woo.state.troubles.firewall = False
    form = re.search(r'name="attempt" value="(\d+)"><input type="hidden" name="check" value="(\w+)"', failed)
    assert form
    merchant.client.post("/woocommerce/connect/again", data={"attempt": form[1], "check": form[2]})
    merchant.works()
    assert "Your shop is connected" in merchant.client.get(page.request.path).text


@ONE_STORE
def test_keys_that_were_never_tested_to_the_end_are_forgotten_after_a_day(merchant: Merchant, woo: Woo) -> None:
    merchant.pastes(woo.address, woo.key, woo.secret)
    woo.state.troubles.firewall = True
    merchant.works()
    assert merchant.rows(sa.select(ATTEMPT.c.api_keys))[0].api_keys is not None
    later = merchant.now + attempts.KEPT + timedelta(minutes=1)
    assert attempts.due(merchant.database, merchant.settings, later) == []
    assert merchant.rows(sa.select(ATTEMPT)) == []


@ONE_STORE
def test_the_plugin_is_handed_out_with_the_address_of_this_installation(merchant: Merchant) -> None:
    answer = merchant.client.get("/install/woocommerce/plugin.zip")
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as zipped:
        assert HTTPS in zipped.read("shelfwise/config.php").decode()


@ONE_STORE
def test_a_certificate_that_signs_itself_is_refused_in_clear_words(merchant: Merchant, woo_tls: Woo) -> None:
    page = merchant.begin(woo_tls.address)
    assert "certificate is not trusted" in page.text


@ONE_STORE
def test_a_name_that_no_server_has_and_a_port_where_nobody_listens_are_told_apart(merchant: Merchant) -> None:
    assert "No shop was found there" in merchant.begin("https://no-such-shop.invalid").text
    assert "Your shop does not answer" in merchant.begin("http://127.0.0.1:1025").text


def test_every_kind_of_failure_has_words_of_its_own() -> None:
    asked_before_keys_or_by_them = set(Failure) - {Failure.NO_SUCH_THING, Failure.BAD_REQUEST}
    assert asked_before_keys_or_by_them == set(WORDS)
    assert len({each.title for each in WORDS.values()}) == len(WORDS)
