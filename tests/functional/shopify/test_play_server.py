"""The played Shopify keeps Shopify's rules: what it refuses here, the real one refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from connectors.shopify.signature import is_signed
from demo.shopify.bulk import Failure
from demo.shopify.state import gid
from demo.shopify.trade import cancel_order, edit_order, refund_order
from tests.functional.shopify.conftest import Play

Ask = Callable[..., Any]

RUN_BULK = """mutation ($q: String!, $g: Boolean!) { bulkOperationRunQuery(query: $q, groupObjects: $g) {
    bulkOperation { id } userErrors { message code } } }"""
SET_METAFIELDS = """mutation ($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
    metafields { compareDigest namespace } userErrors { code field } } }"""
SUBSCRIBE = """mutation {
    webhookSubscriptionCreate(topic: SHOP_UPDATE, webhookSubscription: {uri: "https://app.example/own"}) {
    userErrors { message } } }"""
BY_CHANGE = """query ($after: String) { products(first: 5, after: $after, sortKey: UPDATED_AT) {
    nodes { id } pageInfo { hasNextPage endCursor } } }"""
NOT_KEPT = """{ shop { features { storefront } } products(first: 3) { nodes {
    id seo { title } media(first: 2) { nodes { id status } } options { id name optionValues { id name } } } } }"""


@pytest.fixture
def ask(play: Play) -> Ask:
    """Asks the Admin API with a fresh token."""
    token = play.token()

    def asked(query: str, *, version: str = "2026-10", token: str = token, **variables: Any) -> requests.Response:
        return requests.post(
            f"{play.url}/{play.shop}/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables},
            headers={"X-Shopify-Access-Token": token},
            timeout=10,
        )

    return asked


def errors_of(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200
    return [each["extensions"]["code"] for each in answer.json()["errors"]]


def bulk(ask: Ask, play: Play, query: str, *, grouped: bool = True) -> Any:
    """Run a bulk operation to its end."""
    answer = ask(RUN_BULK, q=query, g=grouped).json()["data"]["bulkOperationRunQuery"]
    assert answer["userErrors"] == []
    operation = play.platform.bulk.find(play.state, answer["bulkOperation"]["id"])
    assert operation is not None
    assert operation.finished.wait(10)
    return operation


def test_a_field_that_is_not_in_the_schema_is_named(ask: Ask) -> None:
    answer = ask("{ shop { colour } }")
    assert answer.json()["errors"][0]["extensions"] == {
        "code": "undefinedField",
        "typeName": "Shop",
        "fieldName": "colour",
    }


def test_what_is_deprecated_is_refused(ask: Ask) -> None:
    assert "deprecated" in ask("{ products(first: 1) { nodes { totalVariants } } }").json()["errors"][0]["message"]


def test_another_version_or_token_is_refused(ask: Ask, play: Play) -> None:
    assert ask("{ shop { id } }", version="2020-01").status_code == 404
    assert ask("{ shop { id } }", token="shpat_made-up").status_code == 401
    play.expire_tokens()
    assert ask("{ shop { id } }").status_code == 401


def test_a_token_opens_no_other_shop_and_none_after_the_app_has_left(ask: Ask, play: Play) -> None:
    play.uninstall()
    play.install()
    assert ask("{ shop { id } }").status_code == 401


def test_a_scope_that_was_not_granted_is_missed_by_name(play: Play, ask: Ask) -> None:
    play.install("read_products")
    answer = ask("{ orders(first: 1) { nodes { id } } }")
    assert errors_of(answer) == ["ACCESS_DENIED"]
    assert "read_orders" in answer.json()["errors"][0]["message"]


def test_orders_older_than_sixty_days_are_seen_with_a_scope_of_their_own(play: Play, ask: Ask) -> None:
    def count() -> int:
        answer: int = ask("{ ordersCount { count } }").json()["data"]["ordersCount"]["count"]
        return answer

    recent = count()
    play.grant_everything()
    assert recent < count() == len(play.state.orders)


def test_nobody_is_named_to_an_app_of_level_one(ask: Ask) -> None:
    answer = ask("{ customers(first: 3) { nodes { id firstName defaultEmailAddress { emailAddress } } } }").json()
    assert all(each["firstName"] is None for each in answer["data"]["customers"]["nodes"])
    assert all(each["defaultEmailAddress"] is None for each in answer["data"]["customers"]["nodes"])


def test_points_are_held_given_back_and_refused_when_they_run_out(ask: Ask, play: Play) -> None:
    play.set_costs(size=60, rate=0.001)
    query = "{ products(first: 50) { nodes { id } } }"
    first = ask(query).json()["extensions"]["cost"]
    assert first["requestedQueryCost"] == 52
    assert first["actualQueryCost"] < 52
    assert first["throttleStatus"]["currentlyAvailable"] == 60 - first["actualQueryCost"]
    refused = ask(query)
    assert errors_of(refused) == ["THROTTLED"]
    assert refused.json()["extensions"]["cost"]["actualQueryCost"] is None


def test_a_query_that_costs_more_than_a_call_may_is_not_run(ask: Ask) -> None:
    query = "{ products(first: 100) { nodes { id variants(first: 100) { nodes { id } } } } }"
    assert errors_of(ask(query)) == ["MAX_COST_EXCEEDED"]


def test_what_is_made_up_is_of_its_type_and_always_the_same(ask: Ask) -> None:
    once, again = ask(NOT_KEPT).json(), ask(NOT_KEPT).json()
    assert "errors" not in once
    assert once["data"] == again["data"]


def test_pages_lose_nothing_when_things_change_between_them(ask: Ask, play: Play) -> None:
    page = ask(BY_CHANGE).json()["data"]["products"]
    seen = [each["id"] for each in page["nodes"]]
    play.state.change_product(int(seen[0].rpartition("/")[2]), title="Renamed meanwhile")
    while page["pageInfo"]["hasNextPage"]:
        page = ask(BY_CHANGE, after=page["pageInfo"]["endCursor"]).json()["data"]["products"]
        seen += [each["id"] for each in page["nodes"]]
    assert set(seen) == {gid("Product", each) for each in play.state.products}


@pytest.mark.parametrize("grouped", [True, False])
def test_a_bulk_operation_tells_what_pages_tell(ask: Ask, play: Play, grouped: bool) -> None:
    node = "id title status variants%s { %s id price inventoryItem { id tracked } %s }"
    rows = "{ products { edges { node { " + node % ("", "edges { node {", "} }") + " } } } }"
    paged = "{ products(first: 24) { nodes { " + node % ("(first: 12)", "nodes {", "}") + " } } }"
    operation = bulk(ask, play, rows, grouped=grouped)
    lines = [json.loads(line) for line in requests.get(operation.url, timeout=10).text.splitlines()]
    products = {each["id"]: {**each, "variants": {"nodes": []}} for each in lines if "__parentId" not in each}
    for each in lines:
        if "__parentId" in each:
            products[each.pop("__parentId")]["variants"]["nodes"].append(each)
    assert list(products.values()) == ask(paged).json()["data"]["products"]["nodes"]
    assert (operation.objects, operation.roots) == (len(lines), len(products))


def test_every_parent_stands_before_its_children(ask: Ask, play: Play) -> None:
    query = "{ products { edges { node { id variants { edges { node { id } } } } } } }"
    operation = bulk(ask, play, query, grouped=False)
    seen: set[str] = set()
    for line in requests.get(operation.url, timeout=10).text.splitlines():
        row = json.loads(line)
        assert row.get("__parentId") in {None, *seen}
        seen.add(row["id"])


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{ shop { id } }", "at least one connection"),
        ("{ products { edges { node { title variants { edges { node { id } } } } } } }", "must select the 'id'"),
        (
            "{ orders { edges { node { id refunds { id refundLineItems { edges { node { quantity } } } } } } } }",
            "within a list",
        ),
        ("{ products { edges { node { nonsense } } } }", "nonsense"),
        ("mutation { webPixelDelete(id: 1) { deletedWebPixelId } }", "exactly one query"),
        ("{ products {", "Syntax Error"),
    ],
)
def test_a_bulk_query_against_the_rules_is_refused(ask: Ask, query: str, reason: str) -> None:
    errors = ask(RUN_BULK, q=query, g=True).json()["data"]["bulkOperationRunQuery"]["userErrors"]
    assert reason in " ".join(each["message"] for each in errors)
    assert {each["code"] for each in errors} == {"INVALID"}


def test_a_result_is_fetched_in_parts_and_its_address_expires(ask: Ask, play: Play) -> None:
    operation = bulk(ask, play, "{ products { edges { node { id } } } }")
    part = requests.get(operation.url, headers={"Range": "bytes=10-19"}, timeout=10)
    assert (part.status_code, len(part.content)) == (206, 10)
    assert requests.get(operation.url.replace("Signature=", "Signature=0"), timeout=10).status_code == 400
    play.platform.bulk.expire(play.state)
    assert requests.get(operation.url, timeout=10).status_code == 400


def test_a_sixth_operation_waits_for_the_others(ask: Ask, play: Play) -> None:
    play.platform.bulk.gate.clear()
    query = "{ products { edges { node { id } } } }"
    answers = [ask(RUN_BULK, q=query, g=True).json()["data"]["bulkOperationRunQuery"] for _ in range(6)]
    assert [bool(each["userErrors"]) for each in answers] == [False] * 5 + [True]
    cancel = "mutation ($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
    answer = ask(cancel, id=answers[0]["bulkOperation"]["id"]).json()["data"]["bulkOperationCancel"]
    assert answer["bulkOperation"]["status"] == "CANCELING"
    play.platform.bulk.gate.set()
    for each in play.platform.bulk.of(play.state):
        assert each.finished.wait(10)
    ended = [each.status for each in play.platform.bulk.of(play.state)]
    assert ended == ["CANCELED", *["COMPLETED"] * 4]


def test_an_operation_fails_on_demand_with_what_it_had(ask: Ask, play: Play) -> None:
    play.platform.bulk.failures.append(Failure(after=3))
    operation = bulk(ask, play, "{ products { edges { node { id } } } }")
    assert (operation.status, operation.error_code, operation.url) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert len(requests.get(operation.partial_url, timeout=10).text.splitlines()) == 3


def test_metafields_are_set_all_or_none_and_only_where_nobody_was_quicker(ask: Ask, play: Play) -> None:
    owner = gid("Product", play.variant().product_id)
    one = {"ownerId": owner, "namespace": "$app:shelfwise", "key": "related", "type": "list.product_reference"}
    new = {**one, "value": json.dumps([owner]), "compareDigest": None}
    set_once = ask(SET_METAFIELDS, m=[new]).json()["data"]["metafieldsSet"]
    assert set_once["metafields"][0]["namespace"] == f"app--{play.state.app_id}--shelfwise"
    stale = ask(SET_METAFIELDS, m=[{**new, "key": "complementary"}, new]).json()["data"]["metafieldsSet"]
    assert [each["code"] for each in stale["userErrors"]] == ["STALE_OBJECT"]
    assert play.state.metafield(owner, "$app:shelfwise", "complementary") is None
    many = ask(SET_METAFIELDS, m=[new] * 26).json()["data"]["metafieldsSet"]
    assert many["userErrors"][0]["code"] == "LESS_THAN_OR_EQUAL_TO"
    play.uninstall()
    assert not play.state.metafields


class TestWebhooks:
    @pytest.fixture
    def taken(self, play: Play) -> list[tuple[str, dict[str, str], bytes]]:
        """What the app was sent; it answers each address with 200."""
        taken: list[tuple[str, dict[str, str], bytes]] = []

        def post(address: str, headers: Any, body: bytes) -> int:
            taken.append((address, dict(headers), body))
            return 200

        play.platform.webhooks.post = post
        play.install()
        return taken

    def test_they_are_signed_as_the_app_checks_it(self, play: Play, taken: Any) -> None:
        play.sell(play.variant())
        play.wait_for_webhooks()
        assert taken
        for _, headers, body in taken:
            assert is_signed(headers["X-Shopify-Hmac-Sha256"], body, [play.client_secret])
            assert not is_signed(headers["X-Shopify-Hmac-Sha256"], body + b" ", [play.client_secret])

    def test_a_sale_of_the_last_piece_tells_all_that_follows_from_it(self, play: Play, taken: Any) -> None:
        variant = play.variant()
        for place in list(variant.levels):
            play.state.set_stock(variant.item_id, place, 0)
        play.move_stock(variant, 1)
        play.wait_for_webhooks()
        taken.clear()
        play.sell(variant)
        play.wait_for_webhooks()
        topics = {headers["X-Shopify-Topic"] for _, headers, _ in taken}
        assert {"orders/create", "inventory_levels/update", "products/update", "variants/out_of_stock"} <= topics
        assert len({headers["X-Shopify-Event-Id"] for _, headers, _ in taken}) == 1
        assert len({headers["X-Shopify-Webhook-Id"] for _, headers, _ in taken}) == len(taken)

    def test_what_becomes_of_an_order_is_told(self, play: Play, taken: Any) -> None:
        order = play.sell(play.variant(), 2)
        edit_order(play.state, order.id, order.lines[0].id, 1)
        refund_order(play.state, order.id, {order.lines[0].id: 1})
        cancel_order(play.state, order.id)
        play.wait_for_webhooks()
        topics = [headers["X-Shopify-Topic"] for _, headers, _ in taken]
        assert {"orders/edited", "orders/updated", "refunds/create", "orders/cancelled"} <= set(topics)

    def test_one_that_fails_comes_again_as_it_was(self, play: Play, taken: Any) -> None:
        play.platform.webhooks.pace = 0.00001
        answers = iter([500, 302, 0])

        def post(address: str, headers: Any, body: bytes) -> int:
            taken.append((address, dict(headers), body))
            return next(answers, 200)

        play.platform.webhooks.post = post
        play.state.tell("shop/update", play.state)
        play.wait_for_webhooks()
        assert len(taken) == 4
        assert len({(headers["X-Shopify-Webhook-Id"], body) for _, headers, body in taken}) == 1

    def test_a_subscription_of_the_app_s_own_ends_after_eight_failures(self, play: Play, taken: Any, ask: Ask) -> None:
        play.platform.webhooks.pace = 0.00001
        assert ask(SUBSCRIBE).json()["data"]["webhookSubscriptionCreate"]["userErrors"] == []
        play.platform.webhooks.post = lambda address, headers, body: 500 if "example" in address else 200
        play.state.tell("shop/update", play.state)
        play.wait_for_webhooks()
        assert not play.state.subscriptions

    def test_they_can_be_held_doubled_and_shuffled(self, play: Play, taken: Any) -> None:
        play.hold_webhooks()
        play.platform.webhooks.double = play.platform.webhooks.disorder = True
        play.move_stock(play.variant(), 3)
        assert not taken
        play.release_webhooks()
        ids = [headers["X-Shopify-Webhook-Id"] for _, headers, _ in taken]
        assert len(ids) == 2 * len(set(ids))

    def test_duties_to_customers_go_to_their_own_address(self, play: Play, taken: Any) -> None:
        play.uninstall()
        play.state.tell("shop/redact", play.state)
        play.wait_for_webhooks()
        assert [address.partition("/webhooks")[2] for address, _, _ in taken][-1] == "/shopify/compliance"


class TestAdmin:
    def test_a_merchant_installs_the_app_and_opens_it(self, play: Play) -> None:
        admin = f"{play.url}/{play.shop}/admin"
        page = requests.get(f"{admin}/install", timeout=10).text
        assert "orders of the last 60 days" in page
        opened = requests.post(f"{admin}/install", timeout=10)
        assert opened.url.endswith("/admin/apps/shelfwise")
        assert "id_token=" in opened.text
        assert play.state.installation is not None

    def test_no_other_site_acts_in_the_merchant_s_name(self, play: Play) -> None:
        play.install()
        headers = {"Sec-Fetch-Site": "cross-site"}
        answer = requests.post(f"{play.url}/{play.shop}/admin/uninstall", headers=headers, timeout=10)
        assert answer.status_code == 403
        assert play.state.installation is not None

    def test_a_merchant_allows_what_the_app_s_file_calls_optional_and_nothing_else(self, play: Play) -> None:
        play.install()
        address = f"{play.url}/{play.shop}/admin/apps/shelfwise/scopes"
        answer = requests.post(address, data={"scope": ["read_all_orders", "write_orders"]}, timeout=10).json()
        assert "read_all_orders" in answer["granted"]
        assert "write_orders" not in answer["granted"]
        assert [each.topic for each in play.sent] == ["app/scopes_update"]

    def test_an_emptied_shelf_is_empty_for_shoppers(self, play: Play) -> None:
        variant, shop = play.variant(), f"{play.url}/{play.shop}"
        product = play.state.products[variant.product_id]
        requests.post(f"{shop}/admin/products/{product.id}", data={"deed": "empty"}, timeout=10)
        answer = requests.post(f"{shop}/cart/add.js", json={"id": variant.id}, timeout=10)
        assert answer.status_code == 422
        assert "sold out" in answer.json()["description"]

    def test_a_cart_becomes_an_order_with_its_marks(self, play: Play) -> None:
        shop, variant = f"{play.url}/{play.shop}", play.variant()
        with requests.Session() as shopper:
            item = {"id": variant.id, "quantity": 1, "properties": {"_shelfwise": "0" * 32 + ":1"}}
            shopper.post(f"{shop}/cart/add.js", json={"items": [item]}, timeout=10)
            shopper.post(f"{shop}/cart/update.js", json={"attributes": {"_shelfwise_visitor": "v"}}, timeout=10)
            shopper.post(f"{shop}/checkout", timeout=10, allow_redirects=False)
        order = list(play.state.orders.values())[-1]
        assert order.lines[0].properties == {"_shelfwise": "0" * 32 + ":1"}
        assert order.attributes == {"_shelfwise_visitor": "v"}
