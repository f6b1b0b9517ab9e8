"""shopify.app.toml says the same as the code does."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connectors.shopify.api import API_VERSION
from connectors.shopify.deliveries.topics import BODIES, COMPLIANCE_TOPICS
from connectors.shopify.scopes import OPTIONAL, REQUIRED, missing
from integration.cli import main

WANTED_TOPICS = {
    *(f"orders/{each}" for each in ("create", "updated", "cancelled", "edited")),
    "refunds/create",
    *(f"products/{each}" for each in ("create", "update", "delete")),
    *(f"collections/{each}" for each in ("create", "update", "delete")),
    *(f"inventory_levels/{each}" for each in ("update", "connect", "disconnect")),
    *(f"inventory_items/{each}" for each in ("update", "delete")),
    *(f"variants/{each}" for each in ("in_stock", "out_of_stock")),
    *("app/uninstalled", "app/scopes_update", "shop/update", "bulk_operations/finish", "themes/publish"),
}
PERSONAL = re.compile(r"name$|email|phone|address|browser_ip|client_details|customer$|customer_locale|note$|token")


@pytest.fixture
def file(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "templates/shopify/shopify.app.toml").read_text("utf-8"))


def subscriptions(file: dict[str, Any]) -> list[dict[str, Any]]:
    return list(file["webhooks"]["subscriptions"])


def test_it_asks_for_the_scopes_that_the_code_needs(file: dict[str, Any]) -> None:
    assert tuple(file["access_scopes"]["scopes"].split(",")) == REQUIRED
    assert tuple(file["access_scopes"]["optional_scopes"]) == OPTIONAL


def test_it_pins_the_version_that_the_code_pins(file: dict[str, Any]) -> None:
    assert file["webhooks"]["api_version"] == API_VERSION


def test_it_subscribes_once_to_every_topic(file: dict[str, Any]) -> None:
    topics = [topic for each in subscriptions(file) for topic in each.get("topics", ())]
    assert len(topics) == len(set(topics))
    assert set(topics) >= WANTED_TOPICS
    assert set(topics) >= {topic for topic in BODIES if topic not in COMPLIANCE_TOPICS}


def test_duties_to_customers_stand_in_a_block_of_their_own(file: dict[str, Any]) -> None:
    found = [each for each in subscriptions(file) if "compliance_topics" in each]
    assert [set(each["compliance_topics"]) for each in found] == [set(COMPLIANCE_TOPICS)]
    assert "topics" not in found[0]
    assert found[0]["uri"] == "/webhooks/shopify/compliance"


def test_two_states_of_a_thing_differ_by_their_time(file: dict[str, Any]) -> None:
    for each in subscriptions(file):
        fields = each.get("include_fields", ["updated_at"])
        assert {"updated_at", "created_at"} & set(fields), each


def test_nothing_personal_is_asked_for(file: dict[str, Any]) -> None:
    fields = {field for each in subscriptions(file) for field in each.get("include_fields", ())}
    assert {field for field in fields if PERSONAL.search(field)} <= {
        "name",
        "source_name",
    }  # the shop's own; the channel


@pytest.mark.parametrize("topic", sorted(BODIES))
def test_everything_that_is_read_of_a_body_is_asked_for(file: dict[str, Any], topic: str) -> None:
    asked = next(
        each for each in subscriptions(file) if topic in [*each.get("topics", ()), *each.get("compliance_topics", ())]
    )
    if "include_fields" in asked:
        top = {field.partition(".")[0] for field in asked["include_fields"]}
        read = {field.encode_name for field in _fields(BODIES[topic])}
        assert read - {"myshopify_domain", "shop_domain"} <= top


def _fields(kind: type) -> Any:
    import msgspec

    return msgspec.structs.fields(kind)


def test_every_scope_is_one_of_shopifys(project: Path) -> None:
    with gzip.open(project / "demo/shopify/schema/admin_scopes.json.gz") as table:
        known = {scope for each in json.load(table)["items"] for scope in each["offlineScopes"]}
    outside_the_table = {"read_customer_events", "write_app_proxy", "read_all_orders"}
    assert {*REQUIRED, *OPTIONAL} - known == outside_the_table


def test_writing_includes_reading() -> None:
    assert missing(REQUIRED) == ()
    assert missing(["write_products"], ["read_products"]) == ()
    assert missing(["read_products"], ["write_products", "read_orders"]) == ("read_orders", "write_products")


def test_a_scope_of_a_kind_that_is_not_known_yet_costs_nothing() -> None:
    assert missing([*REQUIRED, "customer_read_orders", "", "glorious"]) == ()


def test_an_operator_gets_the_file_for_their_installation(
    file: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFWISE_PUBLIC_URL", "https://apps.fern.example:8443/")
    monkeypatch.setenv("SHELFWISE_SHOPIFY_CLIENT_ID", "abcdef")
    monkeypatch.setenv("SHELFWISE_SHOPIFY_APP_HANDLE", "fern-recs")
    answer = CliRunner().invoke(main, ["shopify", "config"])
    assert answer.exit_code == 0, answer.output
    made = tomllib.loads(answer.output)
    assert (made["client_id"], made["handle"]) == ("abcdef", "fern-recs")
    assert made["application_url"] == "https://apps.fern.example:8443/shopify/app"
    assert made["app_proxy"]["url"] == "https://apps.fern.example:8443/shopify/proxy"
    assert {each["uri"] for each in subscriptions(made)} == {
        "https://apps.fern.example:8443/webhooks/shopify",
        "https://apps.fern.example:8443/webhooks/shopify/compliance",
    }
    assert "shelfwise.example" not in answer.output
    assert made["access_scopes"] == file["access_scopes"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SHELFWISE_PUBLIC_URL": "https://a.example"}, "SHELFWISE_SHOPIFY_CLIENT_ID"),
        ({"SHELFWISE_SHOPIFY_CLIENT_ID": "x", "SHELFWISE_PUBLIC_URL": "http://a.example"}, "SHELFWISE_PUBLIC_URL"),
    ],
)
def test_what_is_missing_for_the_file_is_said(
    settings: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    answer = CliRunner().invoke(main, ["shopify", "config"])
    assert answer.exit_code == 1
    assert words in answer.output
