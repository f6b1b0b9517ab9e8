"""Lists are set all together or not at all: whatever Shopify objects to, the others get there, in few calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.graphql.client import Admin
from connectors.shopify.graphql.errors import UserError, UserErrors
from connectors.shopify.metafields import A_CALL, MOST_TRIES, ProductList, set_lists, value_of

HOW = ("index", "path", "nowhere")


class Shop:
    """A shop that refuses some products' lists, and whose metafields may be others than we know.

    how: where an error says what it means. restless: products whose metafield changes whenever it is looked at.
    """

    def __init__(self, refused: Sequence[str] = (), how: str = "index", restless: Sequence[str] = ()) -> None:
        self.refused, self.how, self.restless = refused, how, restless
        self.stored: dict[tuple[str, str], str] = {}
        self.calls = 0
        self.looks = 0

    def run(self, operation: str, variables: Mapping[str, Any], answer: type[Any]) -> Any:
        self.calls += 1
        if operation == "published_lists":
            return msgspec.convert({"nodes": [self._node(each) for each in variables["ids"]]}, answer)
        rows = variables["metafields"]
        assert 0 < len(rows) <= A_CALL
        errors = [error for place, row in enumerate(rows) if (error := self._wrong(place, row))]
        if errors:
            raise UserErrors(operation, errors)
        for row in rows:
            self.stored[row["ownerId"], row["key"]] = row["value"]
        made = [
            {"key": row["key"], "compareDigest": self._digest(row), "owner": {"id": row["ownerId"]}} for row in rows
        ]
        return msgspec.convert({"metafieldsSet": {"metafields": made}}, answer)

    def _digest(self, row: Mapping[str, Any]) -> str | None:
        value = self.stored.get((row["ownerId"], row["key"]))
        return None if value is None else f"digest of {value}"

    def _wrong(self, place: int, row: Mapping[str, Any]) -> UserError | None:
        product = row["ownerId"].rpartition("/")[2]
        if product in self.refused:
            return self._error(place, "INVALID")
        return self._error(place, "STALE_OBJECT") if row["compareDigest"] != self._digest(row) else None

    def _error(self, place: int, code: str) -> UserError:
        path = ("metafields", str(place), "value") if self.how == "path" else None
        return UserError("no", path, code, place if self.how == "index" else None)

    def _node(self, owner: str) -> dict[str, Any]:
        self.looks += 1
        if owner.rpartition("/")[2] in self.restless:
            self.stored[owner, "related"] = json.dumps([f"gid://shopify/Product/{self.looks}"])
        value = self.stored.get((owner, "related"))
        stored = None if value is None else {"value": value, "compareDigest": f"digest of {value}"}
        if owner.rpartition("/")[2] in self.restless:
            self.stored[owner, "related"] = "[]"
        return {"id": owner, "related": stored}

    def holds(self, product: str, products: Sequence[str]) -> bool:
        return self.stored.get((f"gid://shopify/Product/{product}", "related")) == value_of(products)


def admin_of(shop: Shop) -> Admin:
    return cast("Admin", shop)


def wanted(count: int = A_CALL) -> list[ProductList]:
    return [ProductList(str(number), "related", (str(number + 1), str(number + 2))) for number in range(1, count + 1)]


def test_a_call_that_is_taken_is_one_call() -> None:
    shop = Shop()
    outcome = set_lists(admin_of(shop), wanted())
    assert (shop.calls, len(outcome.digests), outcome.doubtful) == (1, A_CALL, set())


@given(st.sets(st.integers(1, A_CALL), max_size=A_CALL - 1), st.sampled_from(HOW))
def test_what_is_refused_holds_up_no_other(refused: set[int], how: str) -> None:
    shop = Shop([str(each) for each in refused], how)
    outcome = set_lists(admin_of(shop), wanted())
    good = [each for each in wanted() if int(each.product) not in refused]
    assert set(outcome.digests) == {(each.product, "related") for each in good}
    assert all(shop.holds(each.product, each.products) for each in good)
    assert {str(each) for each in refused} <= outcome.doubtful
    assert shop.calls <= (2 if how != "nowhere" else 2 * A_CALL)


def test_where_nothing_can_be_set_for_no_reason_of_its_own_the_call_has_failed() -> None:
    with pytest.raises(UserErrors):
        set_lists(admin_of(Shop([str(number) for number in range(1, A_CALL + 1)], "nowhere")), wanted())


@given(st.dictionaries(st.integers(1, A_CALL), st.booleans(), max_size=A_CALL), st.sampled_from(HOW[:2]))
def test_a_lost_compare_and_set_is_looked_at_and_mended(known: dict[int, bool], how: str) -> None:
    """known: products that have a list which we did not know of; whether it is what it should be."""
    shop = Shop(how=how)
    lists = wanted()
    for number, right in known.items():
        stored = value_of(lists[number - 1].products) if right else "[]"
        shop.stored[f"gid://shopify/Product/{number}", "related"] = stored
    outcome = set_lists(admin_of(shop), lists)
    assert len(outcome.digests) == A_CALL
    assert all(shop.holds(each.product, each.products) for each in lists)
    assert shop.calls <= 3


def test_a_list_that_somebody_keeps_changing_is_left_to_the_next_round() -> None:
    shop = Shop(restless=["3"])
    shop.stored["gid://shopify/Product/3", "related"] = "[]"
    outcome = set_lists(admin_of(shop), wanted())
    assert set(outcome.digests) == {(each.product, "related") for each in wanted() if each.product != "3"}
    assert shop.looks < MOST_TRIES
    assert shop.calls <= 2 * MOST_TRIES


def test_a_list_is_written_as_shopify_reads_it() -> None:
    assert json.loads(value_of(["1", "22"])) == ["gid://shopify/Product/1", "gid://shopify/Product/22"]
