"""Plans are read and usage is reported over HTTP: within bounds, to Shopify alone, and each key once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from flask import Response
from graphql import NoDeprecatedCustomRule, parse, specified_rules, validate
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import PlatformError
from connectors.shopify.api import App
from connectors.shopify.billing.addresses import events_endpoint, partner_endpoint, pricing_page, token_endpoint
from connectors.shopify.billing.app_events import AppEvents, Usage
from connectors.shopify.billing.calls import ATTEMPTS, LONGEST_PAUSE_SECONDS
from connectors.shopify.billing.partner import Partner
from demo.shopify.partners import partner_schema
from demo.shopify.state import gid
from tests.played_billing import DOMAIN, BillingServer, billing_server

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPERATIONS = files("connectors.shopify.billing") / "operations"


@pytest.fixture(scope="module")
def _server() -> Iterator[BillingServer]:
    with billing_server(now=NOW) as server:
        yield server


@pytest.fixture
def server(_server: BillingServer) -> BillingServer:
    """The server as it is at first."""
    _server.faults.clear()
    _server.lost.clear()
    for kept in (_server.taken, _server.headers, _server.bodies, _server.partners.events, _server.partners.bearers):
        kept.clear()
    assert _server.shop.installation is not None
    _server.shop.installation.plan = ""
    return _server


class Waits(list[float]):
    """Pauses that were asked for, none of which is made."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def partner(server: BillingServer, waits: Waits) -> Partner:
    return Partner(server.app, server.partners.organization, server.partners.token, wait=waits)


def choose(server: BillingServer, plan: str) -> None:
    assert server.shop.installation is not None
    server.shop.installation.plan = plan


def ids(server: BillingServer) -> tuple[str, str]:
    return gid("App", server.shop.app_id), gid("Shop", server.shop.id)


def usage(server: BillingServer, key: str = "orders:1:2026-11-22", quantity: int = 7) -> Usage:
    return Usage(gid("Shop", server.shop.id), "orders", quantity, NOW - timedelta(hours=12), key)


@pytest.mark.parametrize("name", sorted(each.name for each in OPERATIONS.iterdir()))
def test_each_operation_is_valid_and_asks_for_nothing_deprecated(name: str) -> None:
    document = parse((OPERATIONS / name).read_text())
    assert validate(partner_schema(), document, [*specified_rules, NoDeprecatedCustomRule]) == []


def test_addresses_are_shopifys_own_unless_it_is_played() -> None:
    app = App("client", "secret", handle="shelfwise")
    assert partner_endpoint(app, "4321") == "https://partners.shopify.com/4321/api/2026-07/graphql.json"
    assert token_endpoint(app) == "https://api.shopify.com/auth/access_token"
    assert events_endpoint(app) == "https://api.shopify.com/app/2026-10/events"
    page = "https://admin.shopify.com/store/fern-and-ladle/charges/shelfwise/pricing_plans"
    assert pricing_page(app, DOMAIN) == page


def test_a_shop_without_a_plan_has_no_subscription(server: BillingServer, partner: Partner) -> None:
    assert partner.active_subscription(*ids(server)) is None


def test_a_plan_says_what_of_its_use_is_charged_and_until_when_it_is_tried(
    server: BillingServer, partner: Partner
) -> None:
    choose(server, "growth")
    found = partner.active_subscription(*ids(server))
    assert found is not None
    assert (found.plan, found.meters, found.ending) == ("growth", frozenset({"orders"}), False)
    assert found.trial_ends_at is not None
    assert found.trial_ends_at > NOW
    assert found.period_ends_at is None


def test_the_free_plan_is_a_plan_without_meters(server: BillingServer, partner: Partner) -> None:
    choose(server, "free")
    found = partner.active_subscription(*ids(server))
    assert found is not None
    assert (found.plan, found.meters) == ("free", frozenset())


@pytest.mark.parametrize(
    ("organization", "token", "reason"),
    [("4321", "another's", "PARTNER_TOKEN"), ("1", "prtapi_played", "PARTNER_ID"), ("../x", "prtapi_played", "404")],
)
def test_a_wrong_token_or_organization_is_said_and_not_tried_again(
    server: BillingServer, waits: Waits, organization: str, token: str, reason: str
) -> None:
    with pytest.raises(PlatformError, match=reason) as raised:
        Partner(server.app, organization, token, wait=waits).active_subscription(*ids(server))
    assert not raised.value.retryable
    assert waits == []


def test_a_server_that_fails_is_asked_again_and_then_left_alone(
    server: BillingServer, partner: Partner, waits: Waits
) -> None:
    server.fail("graphql.json", *[Response("", 503)] * (ATTEMPTS - 1))
    assert partner.active_subscription(*ids(server)) is None
    server.fail("graphql.json", *[Response("", 503)] * ATTEMPTS)
    with pytest.raises(PlatformError) as raised:
        partner.active_subscription(*ids(server))
    assert raised.value.retryable
    assert server.taken.count("graphql.json") == 2 * ATTEMPTS


def test_too_many_requests_are_waited_out_but_not_for_ever(
    server: BillingServer, partner: Partner, waits: Waits
) -> None:
    server.fail("graphql.json", Response("", 429, {"Retry-After": "7"}))
    assert partner.active_subscription(*ids(server)) is None
    assert waits == [7.0]
    server.fail("graphql.json", Response("", 429, {"Retry-After": str(LONGEST_PAUSE_SECONDS + 1)}))
    with pytest.raises(PlatformError):
        partner.active_subscription(*ids(server))
    assert waits == [7.0]


def test_a_server_that_is_not_there_is_a_failure_that_may_pass(waits: Waits) -> None:
    app = App("client", "secret", play_url="http://127.0.0.1:9")
    with pytest.raises(PlatformError) as raised:
        Partner(app, "4321", "token", wait=waits).active_subscription("gid://shopify/App/1", "gid://shopify/Shop/1")
    assert raised.value.retryable


def test_a_redirect_is_not_followed_with_our_token(server: BillingServer, partner: Partner) -> None:
    server.fail("graphql.json", Response("", 302, {"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(PlatformError):
        partner.active_subscription(*ids(server))
    assert server.taken == ["graphql.json"]


def test_an_answer_about_another_shop_is_not_believed(server: BillingServer, partner: Partner) -> None:
    about = {"app": {"id": ids(server)[0]}, "shop": {"id": gid("Shop", 1)}, "cancelAtEndOfCycle": False}
    rest: dict[str, object] = {"trialEndsAt": None, "currentBillingCycle": None, "items": []}
    server.fail("graphql.json", Response(json.dumps({"data": {"activeSubscription": about | rest}})))
    with pytest.raises(PlatformError, match="another shop"):
        partner.active_subscription(*ids(server))


@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.dictionaries(
                    st.sampled_from(["data", "errors", "activeSubscription", "items", "app", "id"]), inner, max_size=4
                )
                | st.lists(inner, max_size=3)
            ),
            max_leaves=8,
        ).map(lambda each: json.dumps(each).encode()),
        st.integers(1, 30_000).map(lambda depth: b"[" * depth),
    )
)
def test_whatever_is_answered_is_a_plan_no_plan_or_an_error(_server: BillingServer, body: bytes) -> None:
    _server.faults.clear()
    _server.fail("graphql.json", Response(body, 200))
    partner = Partner(_server.app, "4321", "prtapi_played", wait=Waits())
    said = ""
    try:
        assert partner.active_subscription(*ids(_server)) is None
    except PlatformError as error:
        said = str(error)
    assert len(said) < 1000


def test_usage_is_counted_once_however_often_it_is_reported(server: BillingServer) -> None:
    events = AppEvents(server.app)
    for _ in range(3):
        events.report(usage(server))
    AppEvents(server.app).report(usage(server))
    assert server.partners.used(server.shop, "orders") == 7


def test_a_report_says_no_more_than_what_is_counted(server: BillingServer) -> None:
    AppEvents(server.app).report(usage(server))
    assert json.loads(server.bodies[-1]) == {
        "shop_id": gid("Shop", server.shop.id),
        "event_handle": "orders",
        "timestamp": "2026-11-23T00:00:00Z",
        "idempotency_key": "orders:1:2026-11-22",
        "attributes": {"value": 7},
    }
    assert server.headers[-1]["User-Agent"]
    assert "X-Shopify-Access-Token" not in server.headers[-1]


def test_one_token_serves_many_reports_until_it_is_old(server: BillingServer) -> None:
    time = [0.0]
    events = AppEvents(server.app, clock=lambda: time[0])
    events.report(usage(server, "a"))
    events.report(usage(server, "b"))
    assert server.taken.count("access_token") == 1
    time[0] = 3590.0
    events.report(usage(server, "c"))
    assert server.taken.count("access_token") == 2


def test_a_token_that_is_taken_no_longer_is_renewed_once(server: BillingServer) -> None:
    events = AppEvents(server.app)
    events.report(usage(server, "a"))
    server.partners.bearers.clear()
    events.report(usage(server, "b"))
    assert server.partners.used(server.shop, "orders") == 14
    server.fail("events", *[Response("", 401)] * 9)
    with pytest.raises(PlatformError) as raised:
        events.report(usage(server, "c"))
    assert raised.value.retryable
    assert server.taken.count("access_token") == 3


def test_a_wrong_secret_of_the_app_may_be_mended_later(server: BillingServer) -> None:
    events = AppEvents(App("client", "wrong", play_url=server.url))
    with pytest.raises(PlatformError, match="token") as raised:
        events.report(usage(server))
    assert raised.value.retryable
    assert "wrong" not in str(raised.value)


def test_what_shopify_refuses_is_said_and_not_sent_again(server: BillingServer, waits: Waits) -> None:
    with pytest.raises(PlatformError, match="idempotency_key") as raised:
        AppEvents(server.app, wait=waits).report(usage(server, "k" * 65))
    assert not raised.value.retryable
    assert waits == []


def test_an_answer_that_is_lost_is_asked_for_again_and_counted_once(server: BillingServer, waits: Waits) -> None:
    server.lost.add("events")
    server.fail("events", Response("", 502), Response("", 504))
    AppEvents(server.app, wait=waits).report(usage(server))
    assert server.taken.count("events") == 3
    assert server.partners.used(server.shop, "orders") == 7


@pytest.mark.parametrize("answer", [b"", b"null", b'{"access_token": 5}', b"[" * 20_000, b'{"access_token": "a\\nb"}'])
def test_a_token_that_is_none_is_a_failure(server: BillingServer, waits: Waits, answer: bytes) -> None:
    server.fail("access_token", *[Response(answer, 200)] * 3)
    with pytest.raises(PlatformError) as raised:
        AppEvents(server.app, wait=waits).report(usage(server))
    assert raised.value.retryable
