"""Every operation that a shop is asked: valid by Shopify's own schema, cheap, allowed, impersonal, and used."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from graphql import FieldNode, GraphQLError, StringValueNode
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.api import API_VERSION
from connectors.shopify.bulk.queries import query_text
from connectors.shopify.graphql.bulk_queries import EnumValue, bulk_query
from connectors.shopify.graphql.documents import UnknownOperation, document
from connectors.shopify.graphql.estimate import most_points
from connectors.shopify.scopes import OPTIONAL, REQUIRED
from demo.shopify.graphql.cost import Price
from demo.shopify.graphql.schema import VERSION, admin_schema
from tests.operations import (
    BULK,
    FOLDER,
    PERSONAL_FIELDS,
    PERSONAL_TYPES,
    bulk_complaints,
    complaints,
    names,
    operation_of,
    personal,
    scopes,
    sizes,
    ungranted,
)

DEAREST_POINTS = 1000
SINGLE = [each for each in names() if not each.startswith(BULK)]
IN_BULK = [each for each in names() if each.startswith(BULK)]
MUTATIONS = [each for each in SINGLE if document(each).is_mutation]
# Scopes that no field of the table asks for, though the platform does.
BESIDES_THE_TABLE = {"write_app_proxy", "write_products"}


DEFINING = (
    'mutation M {{ metafieldDefinitionCreate(definition: {{name: "a", key: "a", type: "json", {}}}) '
    "{{ createdDefinition {{ id }} }} }}"
)


class TestTheSchema:
    def test_is_that_of_the_version_that_is_asked(self) -> None:
        assert VERSION == API_VERSION

    @pytest.mark.parametrize("name", names())
    def test_takes_each_operation_and_calls_nothing_in_it_deprecated(self, name: str) -> None:
        assert complaints(document(name).text) == []

    @pytest.mark.parametrize(
        "text",
        [
            "query Q { shop { plan { displayName } } }",
            "query Q { deletionEvents(first: 1) { nodes { occurredAt } } }",
            "query Q { publication(id: 1) { id name } }",
            'query Q { product(id: "1") { variants(first: 1) { nodes { image { url } } } } }',
            DEFINING.format("ownerType: PRODUCT, useAsCollectionCondition: true"),
            DEFINING.format("ownerType: NOBODY"),
            "query Q { shop { nothing } }",
            "query Q { products { nodes { id } } nothing }",
            "query Q($id: ID!) { product(id: $id) { id } shop { name(first: 1) } }",
            "query Q($unused: Int) { shop { name } }",
        ],
    )
    def test_would_find_what_is_wrong_or_deprecated(self, text: str) -> None:
        assert complaints(text)


class TestEachFile:
    @pytest.mark.parametrize("name", names())
    def test_holds_one_operation_called_like_the_file(self, name: str) -> None:
        operation = operation_of(document(name).text)
        assert operation.name is not None
        assert operation.name.value == "".join(each.capitalize() for each in name.removeprefix(BULK).split("_"))

    @pytest.mark.parametrize("name", MUTATIONS)
    def test_of_a_mutation_says_whether_it_is_safe_to_repeat(self, name: str) -> None:
        said = re.findall(r"^# (Not safe|Safe) to repeat: \S", (FOLDER / f"{name}.graphql").read_text(), re.MULTILINE)
        assert len(said) == 1
        assert document(name).repeatable is (said == ["Safe"])

    @pytest.mark.parametrize("name", MUTATIONS)
    def test_of_a_mutation_asks_what_was_wrong(self, name: str) -> None:
        assert re.search(r"userErrors \{\s+field\s+message", document(name).text)

    @pytest.mark.parametrize("name", names())
    def test_is_used(self, name: str, project: Path) -> None:
        assert any(pattern.fullmatch(name.removeprefix(BULK)) for pattern in run_names(project))

    def test_that_is_not_there_is_said_so(self) -> None:
        for name in ("nothing", "../../api", "bulk", "", "shop.graphql", "/etc/passwd"):
            with pytest.raises(UnknownOperation):
                document(name)


@cache
def run_names(project: Path) -> tuple[re.Pattern[str], ...]:
    """What is handed to the client as an operation's name, as patterns: a part that is filled in matches a word."""
    found = []
    for folder in ("connectors/shopify", "integration"):
        for file in (project / folder).rglob("*.py"):
            tree = ast.parse(file.read_text())
            for call in (each for each in ast.walk(tree) if isinstance(each, ast.Call)):
                called = getattr(call.func, "attr", getattr(call.func, "id", ""))
                if called in {"run", "query_text", "bulk_query", "_all", "_nodes", "_rest"}:
                    found += [
                        _pattern(each) for each in call.args[:2] if isinstance(each, ast.Constant | ast.JoinedStr)
                    ]
    return tuple(found)


def _pattern(text: ast.Constant | ast.JoinedStr) -> re.Pattern[str]:
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return re.compile(
        "".join(re.escape(str(each.value)) if isinstance(each, ast.Constant) else r"\w+" for each in parts)
    )


class TestPeople:
    @pytest.mark.parametrize("name", names())
    def test_are_named_by_no_operation(self, name: str) -> None:
        assert personal(document(name).text) == []

    @pytest.mark.parametrize(
        "text",
        [
            "query Q { customers(first: 1) { nodes { firstName } } }",
            "query Q { customers(first: 1) { nodes { id displayName } } }",
            "query Q { customers(first: 1) { nodes { defaultEmailAddress { marketingState } } } }",
            "query Q { orders(first: 1) { nodes { email } } }",
            "query Q { orders(first: 1) { nodes { buyer: phone } } }",
            "query Q { orders(first: 1) { nodes { shippingAddress { countryCodeV2 } } } }",
            "query Q { orders(first: 1) { edges { node { customer { tags } } } } }",
            "query Q { nodes(ids: []) { ... on Customer { lastName } } }",
            "query Q { node(id: 1) { ... on Order { fulfillments { id } } } }",
            "query Q { shop { accountOwner { id } } }",
            "query Q { orders(first: 1) { nodes { ...F } } } fragment F on Order { clientIp }",
        ],
    )
    def test_would_be_found(self, text: str) -> None:
        assert personal(text)

    def test_are_looked_for_by_names_that_the_schema_has(self) -> None:
        kinds = admin_schema().type_map
        assert set(kinds) >= PERSONAL_TYPES
        held = {name for kind in kinds.values() for name in getattr(kind, "fields", ())}
        assert held >= PERSONAL_FIELDS

    def test_cannot_be_reached_by_a_field_that_nobody_thought_of(self) -> None:
        """Each field of an order or a line whose name speaks of a person or an address is denied."""
        speaks = re.compile(r"(?i)name$|mail|phone|address|person|birth|(?<!description)ip$")
        # Names of goods, of the order itself, of those who sell, and counts.
        harmless = {"name", "sourceName", "variantTitle"}
        kinds = admin_schema().type_map
        for kind in ("Order", "LineItem", "Refund", "RefundLineItem"):
            for field in kinds[kind].fields:  # type: ignore[attr-defined]
                if speaks.search(field) and field not in harmless:
                    assert personal(_asking(kind, field)), f"{kind}.{field}"


def _asking(kind: str, field: str) -> str:
    """A document with a field that is judged by its name and place alone."""
    return f"query Q {{ node(id: 1) {{ ... on {kind} {{ {field} }} }} }}"


class TestScopes:
    @pytest.mark.parametrize("name", names())
    def test_that_the_app_asks_for_are_enough(self, name: str) -> None:
        assert ungranted(document(name).text, REQUIRED) == []

    @pytest.mark.parametrize(
        "text",
        [
            "query Q { giftCards(first: 1) { nodes { id } } }",
            "query Q { discountNodes(first: 1) { nodes { id } } }",
            "query Q { privacySettings { banner { enabled } } }",
            "query Q { draftOrders(first: 1) { nodes { id } } }",
        ],
    )
    def test_that_are_not_asked_for_would_be_found(self, text: str) -> None:
        assert ungranted(text, [*REQUIRED, *OPTIONAL])

    def test_that_stand_in_words_alone_are_found_too(self) -> None:
        text = document("web_pixel_create").text
        assert ungranted(text, ["write_pixels"])
        assert ungranted(text, ["write_pixels", "read_customer_events"]) == []

    def test_are_each_asked_for_because_an_operation_needs_them(self) -> None:
        needed = {scope for name in names() for _place, any_of in scopes(document(name).text) for scope in any_of}
        assert set(REQUIRED) - needed <= BESIDES_THE_TABLE


class TestCosts:
    @pytest.mark.parametrize("name", SINGLE)
    def test_of_a_call_are_within_what_one_call_may(self, name: str) -> None:
        asked = document(name)
        assert most_points(asked.text, asked.at_most) <= DEAREST_POINTS

    @pytest.mark.parametrize("name", SINGLE)
    def test_are_bounded_by_the_file_where_variables_say_how_much(self, name: str) -> None:
        asked = document(name)
        assert sizes(asked.text) <= asked.at_most.keys()

    @pytest.mark.parametrize("name", SINGLE)
    def test_are_estimated_no_lower_than_by_the_published_rules(self, name: str) -> None:
        asked = document(name)
        operation = operation_of(asked.text)
        published = Price(admin_schema(), {}, asked.at_most).requested(operation)
        assert published <= most_points(asked.text, asked.at_most)


WITHIN = "query Q {{ products {{ edges {{ node {{ {} }} }} }} }}"


class TestBulkQueries:
    @pytest.mark.parametrize("name", IN_BULK)
    def test_keep_the_rules_of_bulk_operations(self, name: str) -> None:
        assert bulk_complaints(document(name).text) == []

    @pytest.mark.parametrize(
        "text",
        [
            "query Q { shop { id } }",
            WITHIN.format("id variants { edges { node { id media { edges { node { id } } } } } }"),
            WITHIN.format("title variants { edges { node { id } } }"),
            WITHIN.format(" ".join(f"id {each}: media {{ edges {{ node {{ id }} }} }}" for each in "abcde")),
            "query Q { orders { edges { node { id refunds { id refundLineItems { edges { node { id } } } } } } } }",
            "query Q { products { pageInfo { hasNextPage } edges { node { id } } } }",
            "query Q { products { edges { node { id } } } shop { id } }",
        ],
    )
    def test_that_break_them_would_be_found(self, text: str) -> None:
        assert bulk_complaints(text)

    def test_are_run_with_a_word_on_grouping(self) -> None:
        runs = [each for each in MUTATIONS if "bulkOperationRunQuery" in document(each).text]
        assert runs
        assert all("groupObjects: " in document(each).text for each in runs)

    @pytest.mark.parametrize("granted", [True, False])
    @pytest.mark.parametrize("name", IN_BULK)
    def test_are_valid_as_they_are_sent(self, name: str, granted: bool) -> None:
        values = {"since": "updated_at:>='2026-11-23T12:00:00Z'", "publication": "gid://shopify/Publication/1"}
        text = query_text(name.removeprefix(BULK), {**values, "publications": granted, "costs": granted}, ["DE", "US"])
        assert complaints(text) == []
        assert bulk_complaints(text) == []
        assert personal(text) == []
        assert "ZZ" not in text
        assert "$" not in text

    @given(since=st.text())
    def test_take_any_text_as_one_value(self, since: str) -> None:
        operation = operation_of(bulk_query("orders", {"since": since}))
        (orders,) = operation.selection_set.selections
        assert isinstance(orders, FieldNode)
        values = {each.name.value: each.value for each in orders.arguments or ()}
        assert isinstance(values["query"], StringValueNode)
        assert values["query"].value == since
        assert not operation.variable_definitions

    def test_take_no_enum_value_that_is_more_than_a_name(self) -> None:
        with pytest.raises(GraphQLError):
            bulk_query("orders", {"since": EnumValue("X) { id } } #")})


class TestTheVersion:
    def test_is_written_in_one_place(self, project: Path) -> None:
        written = {
            file.relative_to(project).as_posix()
            for package in ("connectors", "integration", "recommender")
            for file in (project / package).rglob("*.py")
            if re.search(rf"['\"]{API_VERSION}['\"]", file.read_text())
        }
        assert written == {"connectors/shopify/api.py"}

    def test_is_that_of_every_file_that_shopify_is_given(self, project: Path) -> None:
        told = {
            file.name: version
            for file in (project / "templates" / "shopify").rglob("*.toml")
            if (version := _version_in(tomllib.loads(file.read_text())))
        }
        assert set(told.values()) <= {API_VERSION}


def _version_in(settings: dict[str, object]) -> object:
    webhooks = settings.get("webhooks")
    return settings.get("api_version") or (webhooks.get("api_version") if isinstance(webhooks, dict) else None)
