"""The client of the Admin API: to whom it speaks, what it sends, and how it keeps to a shop's points."""

from __future__ import annotations

import logging

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import Access
from connectors.errors import PlatformError
from connectors.shopify.api import API_VERSION
from connectors.shopify.graphql.client import PATIENCE_SECONDS, Admin
from tests.scripted_shop import (
    GOOD,
    SHOP,
    THROTTLED,
    HangUp,
    Said,
    ScriptedShop,
    ShopData,
    failing,
    name_of,
    with_cost,
)

TOKEN = "shpat_secret"


class TestACall:
    def test_goes_to_the_pinned_version_with_the_token_in_its_header(self, shop: ScriptedShop) -> None:
        shop.will_say(GOOD)
        assert name_of(shop) == "Example"
        assert shop.paths == [f"/{SHOP}/admin/api/{API_VERSION}/graphql.json"]
        assert shop.headers[0]["x-shopify-access-token"] == TOKEN
        assert shop.headers[0]["user-agent"].startswith("Shelfwise")
        assert shop.asked[0]["query"].startswith("query Shop {")

    def test_never_tells_the_token_in_an_error_or_a_log(
        self, shop: ScriptedShop, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for said in (Said({}, 401), Said({}, 500), HangUp(), Said(b"<html>", 200), failing("ACCESS_DENIED")):
            shop.forget()
            shop.always = lambda _asked, said=said: said
            with pytest.raises(PlatformError) as caught:
                name_of(shop)
            assert TOKEN not in str(caught.value)
            assert TOKEN not in repr(caught.value.__cause__)
        assert TOKEN not in caplog.text

    def test_follows_no_redirect(self, shop: ScriptedShop) -> None:
        shop.will_say(Said(b"", 302, {"Location": f"http://127.0.0.1:{shop.port}/elsewhere"}))
        with pytest.raises(PlatformError, match="elsewhere"):
            name_of(shop)
        assert len(shop.paths) == 1

    @pytest.mark.parametrize(
        ("external_id", "address"),
        [
            (SHOP, "https://evil.example.com"),
            (SHOP, "https://other.myshopify.com"),
            (SHOP, f"https://evil.example.com/{SHOP}/more"),
            (SHOP, f"https://{SHOP}@evil.example.com"),
            (SHOP, f"file:///{SHOP}"),
            (SHOP, f"https://{SHOP}?"),
            ("evil.example.com", "https://evil.example.com"),
            ("EXAMPLE.myshopify.com", "https://EXAMPLE.myshopify.com"),
        ],
    )
    def test_is_sent_to_its_shop_alone(self, external_id: str, address: str) -> None:
        with pytest.raises(PlatformError, match="no address of the shop"):
            Admin(Access(external_id, address, lambda: TOKEN, lambda _: None))

    def test_carries_no_more_than_its_file_allows(self, shop: ScriptedShop) -> None:
        with pytest.raises(ValueError, match="at most 25"):
            shop.admin.run("metafields_set", {"metafields": [{}] * 26}, ShopData)
        assert not shop.asked


class TestPoints:
    def test_are_waited_for_before_a_call_would_be_refused(self, shop: ScriptedShop) -> None:
        shop.always = lambda _asked: with_cost(GOOD, requested=500, available=100)
        admin = shop.admin
        admin.run("shop", {}, ShopData)
        assert shop.waits == []
        admin.run("shop", {}, ShopData)
        assert shop.waits == [pytest.approx(4.01)]

    def test_are_estimated_for_an_operation_that_was_not_run_yet(self, shop: ScriptedShop) -> None:
        shop.will_say(with_cost(GOOD, requested=1, available=0), Said({"data": {}}))
        admin = shop.admin
        admin.run("shop", {}, ShopData)
        admin.run("published_lists", {"ids": ["gid://shopify/Product/1"] * 25}, msgspec.Struct)
        assert shop.waits == [pytest.approx((25 * 3 + 1) / 100)]

    def test_throttled_at_200_is_asked_again_once_the_bucket_holds_enough(self, shop: ScriptedShop) -> None:
        shop.will_say(with_cost(THROTTLED, requested=700, available=200), GOOD)
        assert name_of(shop) == "Example"
        assert shop.waits == [pytest.approx(5.01)]

    def test_a_mutation_that_was_throttled_is_asked_again(self, shop: ScriptedShop) -> None:
        shop.will_say(with_cost(THROTTLED, requested=10, available=0), Said({"data": {"bulkOperationRunQuery": {}}}))
        shop.admin.run("bulk_run", {"query": "{}"}, msgspec.Struct)
        assert len(shop.asked) == 2

    def test_throttled_without_a_word_of_the_bucket_waits_longer_each_time_and_ends(self, shop: ScriptedShop) -> None:
        shop.always = lambda _asked: THROTTLED
        with pytest.raises(PlatformError) as caught:
            name_of(shop)
        assert caught.value.retryable
        assert shop.waits[0] <= 1 < sum(shop.waits[:4]) < sum(shop.waits) <= PATIENCE_SECONDS

    def test_more_than_the_bucket_ever_holds_is_not_waited_for(self, shop: ScriptedShop) -> None:
        shop.will_say(with_cost(THROTTLED, requested=5000, available=2000))
        with pytest.raises(PlatformError, match="ask for less") as caught:
            name_of(shop)
        assert not caught.value.retryable
        assert not shop.waits

    def test_a_query_over_the_limit_of_one_call_is_not_asked_again(self, shop: ScriptedShop) -> None:
        shop.will_say(failing("MAX_COST_EXCEEDED", "Query cost is 1200, which exceeds the limit (1000)"))
        with pytest.raises(PlatformError, match="MAX_COST_EXCEEDED") as caught:
            name_of(shop)
        assert not caught.value.retryable

    def test_who_has_no_patience_is_told_at_once(self, shop: ScriptedShop) -> None:
        shop.will_say(with_cost(THROTTLED, requested=1000, available=0))
        with pytest.raises(PlatformError, match="patience") as caught:
            Admin(shop.access, patience_seconds=5, clock=lambda: shop.now).run("shop", {}, ShopData)
        assert caught.value.retryable
        assert not shop.waits

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        size=st.integers(100, 2000),
        rate=st.floats(0.5, 2000),
        left=st.floats(0, 1),
        costs=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 5)), min_size=1, max_size=8),
    )
    def test_never_refused_twice_in_a_row_whatever_calls_cost_and_however_the_bucket_fills(
        self, shop: ScriptedShop, size: int, rate: float, left: float, costs: list[tuple[float, float, float]]
    ) -> None:
        bucket = LeakyBucket(shop, size, rate, left)
        shop.always = bucket.answer
        admin = Admin(shop.access, patience_seconds=1e9, clock=lambda: shop.now)
        for requested, used, pause in costs:
            shop.now += pause
            bucket.asks(requested, used)
            admin.run("shop", {}, ShopData)
        assert bucket.refused_in_a_row <= 1


class LeakyBucket:
    """A shop's points, kept as Shopify keeps them: in whole points to whoever asks."""

    def __init__(self, shop: ScriptedShop, size: int, rate: float, left: float) -> None:
        shop.forget()
        self.shop, self.size, self.rate, self.left = shop, size, rate, left * size
        self.at = shop.now
        self.requested = self.used = self.refusals = self.refused_in_a_row = 0

    def asks(self, requested: float, used: float) -> None:
        # The client caps its waits; what takes a slow bucket longer than that is another test's matter.
        self.requested = max(1, int(requested * min(self.size, 50 * self.rate)))
        self.used = int(used * self.requested)

    def answer(self, _asked: object) -> Said:
        self.left = min(self.size, self.left + (self.shop.now - self.at) * self.rate)
        self.at = self.shop.now
        refused = self.requested > self.left
        self.refusals = self.refusals + 1 if refused else 0
        self.refused_in_a_row = max(self.refused_in_a_row, self.refusals)
        self.left -= 0 if refused else self.used
        said = THROTTLED if refused else GOOD
        return with_cost(said, self.requested, int(self.left), size=self.size, rate=self.rate)
