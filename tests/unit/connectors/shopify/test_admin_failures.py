"""What the client of the Admin API does with failures, refusals and strange answers, each sent by a real server."""

from __future__ import annotations

import gzip
import itertools
import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import AccessLost, PlatformError
from connectors.shopify.graphql import client as client_module
from connectors.shopify.graphql import transport
from connectors.shopify.graphql.client import ATTEMPTS, Admin
from connectors.shopify.graphql.documents import Document, document
from connectors.shopify.graphql.errors import ScopeMissing, ShopUnavailable, UserErrors
from tests.scripted_shop import (
    GOOD,
    SHOP,
    HangUp,
    Said,
    ScriptedShop,
    failing,
    name_of,
    update_pixel,
)

TOKEN = "shpat_secret"
COST_KEYS = ("cost", "requestedQueryCost", "throttleStatus", "currentlyAvailable", "restoreRate", "maximumAvailable")
KEYS = st.sampled_from([*COST_KEYS, "shop", "name", "search", "warnings", "message", "extensions", "code"])


class TestAFailure:
    @pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
    def test_of_the_platform_is_retried_with_growing_pauses(self, shop: ScriptedShop, status: int) -> None:
        shop.will_say(Said({}, status), Said({}, status), Said({}, status), GOOD)
        assert name_of(shop) == "Example"
        assert all(0.5 * 2**each <= waited <= 2**each for each, waited in enumerate(shop.waits))
        assert len(shop.waits) == 3

    def test_that_stays_is_told_as_one_that_may_pass(self, shop: ScriptedShop) -> None:
        shop.always = lambda _asked: Said({}, 503)
        with pytest.raises(PlatformError, match="503") as caught:
            name_of(shop)
        assert caught.value.retryable
        assert len(shop.asked) == ATTEMPTS

    @pytest.mark.parametrize(("told", "waited"), [("2.0", 2.0), ("0", None), ("999999", 60.0)])
    def test_at_429_waits_as_long_as_the_shop_says(self, shop: ScriptedShop, told: str, waited: float | None) -> None:
        shop.will_say(Said({}, 429, {"Retry-After": told}), GOOD)
        name_of(shop)
        assert shop.waits == ([] if waited is None else [waited])

    @pytest.mark.parametrize("told", ["nan", "-5", "soon", "Mon, 23 Nov 2026 12:00:00 GMT"])
    def test_at_429_with_a_strange_time_waits_by_its_own_measure(self, shop: ScriptedShop, told: str) -> None:
        shop.will_say(Said({}, 429, {"Retry-After": told}), GOOD)
        name_of(shop)
        assert 0.5 <= shop.waits[0] <= 1

    def test_of_the_line_is_retried(self, shop: ScriptedShop) -> None:
        shop.will_say(HangUp(), Said(GOOD.raw, promised=1_000_000), GOOD)
        assert name_of(shop) == "Example"

    def test_inside_shopify_is_retried(self, shop: ScriptedShop) -> None:
        shop.will_say(failing("INTERNAL_SERVER_ERROR"), failing("TIMEOUT"), GOOD)
        assert name_of(shop) == "Example"

    def test_to_reach_the_shop_at_all_is_retried_even_for_a_mutation(self, shop: ScriptedShop) -> None:
        access = replace(shop.access, address=f"http://127.0.0.1:1/{SHOP}")
        with pytest.raises(PlatformError) as caught:
            Admin(access, clock=lambda: shop.now).run("bulk_run", {"query": "{}"}, msgspec.Struct)
        assert caught.value.retryable
        assert len(shop.waits) == ATTEMPTS - 1

    @pytest.mark.parametrize("said", [Said({}, 502), HangUp(), failing("INTERNAL_SERVER_ERROR"), Said(b"<html>")])
    def test_of_a_mutation_that_may_have_been_done_is_not_retried(
        self, shop: ScriptedShop, said: Said | HangUp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client_module, "document", _unsafe)
        shop.will_say(said)
        with pytest.raises(PlatformError, match="may have been done or not") as caught:
            update_pixel(shop)
        assert not caught.value.retryable
        assert len(shop.asked) == 1

    @pytest.mark.parametrize("said", [Said({}, 502), HangUp(), failing("INTERNAL_SERVER_ERROR"), Said(b"<html>")])
    def test_of_a_mutation_that_is_safe_to_repeat_is_retried(self, shop: ScriptedShop, said: Said | HangUp) -> None:
        shop.will_say(said, Said({"data": {"webPixelUpdate": {"webPixel": {"id": "1"}, "userErrors": []}}}))
        assert update_pixel(shop) == "1"


def _unsafe(name: str) -> Document:
    return replace(document(name), repeatable=False)


class TestARefusal:
    @pytest.mark.parametrize("status", [401, 403])
    def test_of_the_token_is_told_once_and_never_retried(self, shop: ScriptedShop, status: int) -> None:
        shop.will_say(Said({"errors": "[API] Invalid API key or access token"}, status))
        with pytest.raises(AccessLost):
            name_of(shop)
        assert len(shop.asked) == 1
        assert shop.refused == [TOKEN]

    def test_by_a_guard_on_the_way_does_not_count_against_the_token(self, shop: ScriptedShop) -> None:
        shop.will_say(Said(b"<html>Your address is blocked", 403, {"Content-Type": "text/html"}))
        with pytest.raises(AccessLost):
            name_of(shop)
        assert not shop.refused

    def test_of_a_token_that_was_renewed_meanwhile_is_tried_once_more(self, shop: ScriptedShop) -> None:
        shop.tokens = iter(["old", "new"])
        shop.will_say(Said({}, 401), GOOD)
        assert name_of(shop) == "Example"
        assert [each["x-shopify-access-token"] for each in shop.headers] == ["old", "new"]
        assert not shop.refused

    def test_of_each_of_ever_new_tokens_ends(self, shop: ScriptedShop) -> None:
        shop.tokens = iter(str(each) for each in range(100))
        shop.always = lambda _asked: Said({}, 401)
        with pytest.raises(AccessLost):
            name_of(shop)
        assert len(shop.asked) == 2
        assert shop.refused == ["1"]

    @pytest.mark.parametrize("token", ["", "shpat_\u20ac", "two\r\nlines"])
    def test_is_what_becomes_of_a_token_that_is_none(self, shop: ScriptedShop, token: str) -> None:
        shop.tokens = itertools.repeat(token)
        shop.always = lambda _asked: Said({}, 401)
        with pytest.raises(PlatformError):
            name_of(shop)

    @pytest.mark.parametrize("status", [402, 423])
    def test_by_a_frozen_or_locked_shop_is_not_retried(self, shop: ScriptedShop, status: int) -> None:
        shop.will_say(Said({}, status))
        with pytest.raises(ShopUnavailable) as caught:
            name_of(shop)
        assert not caught.value.retryable

    def test_by_an_inactive_shop_is_the_same(self, shop: ScriptedShop) -> None:
        shop.will_say(failing("SHOP_INACTIVE"))
        with pytest.raises(ShopUnavailable):
            name_of(shop)

    @pytest.mark.parametrize("status", [400, 404, 406, 410, 422, 430])
    def test_by_another_status_is_told(self, shop: ScriptedShop, status: int) -> None:
        shop.will_say(Said({}, status))
        with pytest.raises(PlatformError, match=str(status)) as caught:
            name_of(shop)
        assert not caught.value.retryable

    def test_for_want_of_a_scope_names_the_operation_and_what_it_needs(self, shop: ScriptedShop) -> None:
        shop.will_say(failing("ACCESS_DENIED", data={"shop": None}, requiredAccess="`read_products` access scope."))
        with pytest.raises(ScopeMissing, match=r"shop needs access .* `read_products`") as caught:
            name_of(shop)
        assert caught.value.operation == "shop"

    def test_leaves_data_beside_errors_alone(self, shop: ScriptedShop) -> None:
        shop.will_say(failing("", "Field went wrong", data={"shop": {"name": "half"}}))
        with pytest.raises(PlatformError, match="Field went wrong"):
            name_of(shop)

    @pytest.mark.parametrize("errors", ["Not Found", {"query": "Required parameter missing"}])
    def test_may_be_no_list_at_all(self, shop: ScriptedShop, errors: object) -> None:
        shop.will_say(Said({"errors": errors}))
        with pytest.raises(PlatformError, match=r"Not Found|Required parameter"):
            name_of(shop)

    def test_of_what_a_mutation_asked_for_carries_all_that_was_said(self, shop: ScriptedShop) -> None:
        errors = [{"field": ["id"], "message": "Pixel not found", "code": "NOT_FOUND", "elementIndex": 3, "new": 1}]
        shop.will_say(Said({"data": {"webPixelUpdate": {"webPixel": None, "userErrors": errors}}}))
        with pytest.raises(UserErrors, match="Pixel not found") as caught:
            update_pixel(shop)
        assert caught.value.codes == {"NOT_FOUND"}
        assert caught.value.errors[0].field == ("id",)
        assert caught.value.errors[0].element_index == 3


class TestAnAnswer:
    @pytest.mark.parametrize("data", [None, {}, {"shop": None}, {"shop": {"name": 7}}, [], "text"])
    def test_of_another_shape_names_the_operation(self, shop: ScriptedShop, data: object) -> None:
        shop.will_say(Said({"data": data}))
        with pytest.raises(PlatformError, match=r"shopify: shop: .*expected shape") as caught:
            name_of(shop)
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        "body",
        [b"", b"<html>", b'{"data": ', b"\xff\xfe", b'"\xff"', b"[" * 100_000, b'{"data":' * 50_000, b"null", b"[]"],
    )
    def test_that_is_no_json_is_asked_for_again_and_then_told(self, shop: ScriptedShop, body: bytes) -> None:
        shop.always = lambda _asked: Said(body)
        with pytest.raises(PlatformError, match="no GraphQL answer"):
            name_of(shop)
        assert len(shop.asked) == ATTEMPTS

    @pytest.mark.parametrize("zipped", [False, True])
    def test_that_is_huge_is_not_taken(self, shop: ScriptedShop, monkeypatch: pytest.MonkeyPatch, zipped: bool) -> None:
        monkeypatch.setattr(transport, "LARGEST_ANSWER_BYTES", 200_000)
        body = b" " * 400_000
        shop.will_say(Said(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if zipped else Said(body))
        with pytest.raises(PlatformError, match="larger than") as caught:
            name_of(shop)
        assert not caught.value.retryable

    def test_that_drips_is_given_up(self, shop: ScriptedShop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(transport, "ANSWER_SECONDS", -1.0)
        shop.always = lambda _asked: GOOD
        with pytest.raises(PlatformError, match="seconds") as caught:
            name_of(shop)
        assert caught.value.retryable

    def test_that_never_comes_is_given_up(self, shop: ScriptedShop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(transport, "READ_SECONDS", 0.05)
        monkeypatch.setattr(client_module, "ATTEMPTS", 2)
        shop.always = lambda _asked: Said(b"", promised=10, keeps=0.2)
        with pytest.raises(PlatformError, match="broke off"):
            name_of(shop)

    def test_from_a_later_version_is_warned_of_once(self, shop: ScriptedShop, caplog: pytest.LogCaptureFixture) -> None:
        headers = {"X-Shopify-API-Version": "2027-07", "X-Shopify-API-Deprecated-Reason": "https://shopify.dev/x"}
        shop.always = lambda _asked: replace(GOOD, headers=headers)
        name_of(shop)
        name_of(shop)
        assert [each.levelname for each in caplog.records] == ["WARNING", "WARNING"]
        assert "2027-07" in caplog.text
        assert "https://shopify.dev/x" in caplog.text

    def test_that_passed_over_a_part_of_a_search_is_warned_of(
        self, shop: ScriptedShop, caplog: pytest.LogCaptureFixture
    ) -> None:
        warnings = [{"field": "updatedat", "message": "Invalid search field for this query."}]
        search = [{"path": ["products"], "query": "updatedat:>1", "warnings": warnings}]
        shop.will_say(Said({**GOOD.body, "extensions": {"search": search}}))
        name_of(shop)
        assert "updatedat" in caplog.text

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        body=st.fixed_dictionaries(
            {},
            optional={
                each: st.recursive(
                    st.none()
                    | st.booleans()
                    | st.integers()
                    | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
                    max_leaves=12,
                )
                for each in ("data", "errors", "extensions")
            },
        ),
        status=st.sampled_from([200, 200, 200, 404, 429, 503]),
    )
    def test_of_any_kind_ends_in_data_or_in_a_platform_error(
        self, shop: ScriptedShop, body: dict[str, Any], status: int
    ) -> None:
        shop.forget()
        shop.always = lambda _asked: Said(json.dumps(body).encode(), status)
        try:
            name_of(shop)
        except PlatformError:
            assert len(shop.asked) <= ATTEMPTS
