"""Every operation that we send is answered by the played Shopify, without an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from graphql import OperationDefinitionNode, parse

from connectors.shopify.graphql.documents import document
from demo.shopify.state import gid

# They speak of a pixel and of an operation that are not there.
REFUSED = {"web_pixel_update", "web_pixel_delete", "bulk_operation_cancel"}
OPERATIONS = sorted((Path(__file__).resolve().parents[3] / "connectors/shopify/operations").glob("*.graphql"))


def variables(play: Any, name: str) -> Mapping[str, Any]:
    """A value for each variable that an operation declares, of things that are in the shop."""
    operation = parse(document(name).text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return {
        each.variable.name.value: value_of(play, name, each.variable.name.value)
        for each in operation.variable_definitions or ()
        if each.variable.name.value != "after"
    }


def value_of(play: Any, operation: str, variable: str) -> Any:
    state, variant = play.state, play.variant()
    order = next(each for each in state.orders.values() if each.refunds)
    things = {
        "collection": gid("Collection", next(iter(state.collections))),
        "item": gid("InventoryItem", variant.item_id),
        "order": gid("Order", order.id),
        "product": gid("Product", variant.product_id),
        "refund": gid("Refund", order.refunds[0].id),
        "bulk": gid("BulkOperation", 1),
        "web": gid("WebPixel", 1),
        "owners": gid("ProductVariant", variant.id),
        "published": gid("Product", variant.product_id),
    }
    thing = next((value for name, value in things.items() if operation.startswith(name)), "")
    metafield = {"ownerId": things["product"], "namespace": "$app:shelfwise", "key": "related"}
    listed = {**metafield, "type": "list.product_reference", "value": json.dumps([things["product"]])}
    definition = {"ownerType": "PRODUCT", "namespace": "$app:shelfwise", "key": "related", "name": "Related"}
    return {
        "id": thing,
        "ids": [thing],
        "location": gid("Location", next(iter(state.locations))),
        "publication": gid("Publication", state.online_store),
        "country": "DE",
        "since": f"updated_at:>='{datetime(2020, 1, 1, tzinfo=UTC).isoformat()}'",
        "query": "{ products { edges { node { id } } } }" if operation == "bulk_run" else "action:destroy",
        "status": "status:RUNNING",
        "filenames": ["config/settings_data.json"],
        "pixel": {"settings": {"accountID": "1"}},
        "metafields": [listed if operation == "metafields_set" else metafield],
        "definition": {**definition, "type": "list.product_reference", "access": {"storefront": "PUBLIC_READ"}},
        **dict.fromkeys(("publications", "costs"), True),
        **dict.fromkeys(("limit", "levels", "lines", "variants", "collections"), 3),
        "first": 1 if operation == "markets" else 3,
    }[variable]


@pytest.mark.parametrize("file", OPERATIONS, ids=lambda file: file.stem)
def test_an_operation_is_answered(file: Path, play: Any) -> None:
    token = play.token()
    play.grant_everything()
    answer = requests.post(
        f"{play.url}/{play.shop}/admin/api/2026-10/graphql.json",
        json={"query": document(file.stem).text, "variables": variables(play, file.stem)},
        headers={"X-Shopify-Access-Token": token},
        timeout=10,
    ).json()
    assert "errors" not in answer
    if file.stem not in REFUSED:
        assert not any(each.get("userErrors") for each in answer["data"].values() if isinstance(each, dict))
