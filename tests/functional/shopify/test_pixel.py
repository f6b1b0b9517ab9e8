"""The web pixel in a sandbox like Shopify's: what it sends is what our events take, and only with consent."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connectors.records import Current, Product, Variant
from integration.services.behaviour import EVENT, VISITOR
from integration.settings import Settings
from integration.storage.database import Database
from tests.conftest import missing
from tests.making import START, make_shop, write

AT = "2026-11-23T11:59:00.000Z"
YES = {
    "analyticsProcessingAllowed": True,
    "marketingAllowed": False,
    "preferencesProcessingAllowed": False,
    "saleOfDataAllowed": False,
}
NO = YES | {"analyticsProcessingAllowed": False}
TOKEN = "0123456789abcdef0123456789abcdef"
WAIT = {"wait": True}
# What a standard event carries beside its data, and must not come out again.
PAGE = {
    "document": {
        "location": {"href": "https://fern.example/products/mug?email=ada%40example.com", "search": "?email=ada"},
        "title": "Ada's account",
        "referrer": "https://mail.example/inbox/ada",
    },
    "navigator": {"userAgent": "Mozilla/5.0", "language": "en"},
}
PRIVATE = ("ada", "example.com", "Mozilla", "Lovelace", "Mug", "fern.example", "account")

VARIANT = {
    "id": "41",
    "sku": "MUG",
    "title": "Blue",
    "untranslatedTitle": "Blue",
    "price": {"amount": 9.9, "currencyCode": "GBP"},
    "image": None,
    "product": {
        "id": "1",
        "title": "Mug",
        "untranslatedTitle": "Mug",
        "type": "Mugs",
        "url": "/products/mug?email=ada",
        "vendor": "Lovelace",
    },
}
LINE = {"cost": {"totalAmount": {"amount": 19.8, "currencyCode": "GBP"}}, "merchandise": VARIANT, "quantity": 2}


@pytest.fixture(scope="module")
def folder(project: Path) -> Path:
    return project / "templates" / "shopify" / "extensions" / "shelfwise-pixel"


def step(name: str, data: Any, number: int = 1) -> dict[str, Any]:
    event = {"id": f"sh-{number}", "name": name, "clientId": "c1", "timestamp": AT, "type": "standard", "seq": number}
    return {"name": name, "event": event | {"context": PAGE, "data": data}}


def decided(consent: dict[str, bool]) -> dict[str, Any]:
    return {"name": "visitorConsentCollected", "event": {"customerPrivacy": consent}}


def played(folder: Path, *steps: dict[str, Any], consent: dict[str, bool] | None = None, **more: Any) -> dict[str, Any]:
    node = shutil.which("node") or missing("the pixel runs in Node here, which is not installed")
    play = {
        "consent": YES if consent is None else consent,
        "settings": {"accountID": "demo", "api": "https://app.example"},
        "customer": {"id": "9", "firstName": "Ada", "email": "ada@example.com"},
        "steps": steps,
        **more,
    }
    sandbox = Path(__file__).with_name("pixel_sandbox.mjs")
    answer = subprocess.run(
        [node, sandbox, folder / "src" / "index.js"],
        input=json.dumps(play),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


VISIT = (
    step("product_viewed", {"productVariant": VARIANT}, 1),
    step("search_submitted", {"searchResult": {"query": "  blue mug ", "productVariants": [VARIANT]}}, 2),
    step("product_added_to_cart", {"cartLine": LINE}, 3),
    step("product_removed_from_cart", {"cartLine": LINE}, 4),
)


def test_a_visit_is_sent_in_one_batch_that_our_events_take(
    folder: Path, client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    write(database, shop_id, [Current(Product("1", "Mug", variants=(Variant("41"),)), START)])
    (call,) = played(folder, *VISIT, WAIT)["sent"]
    assert call["url"] == "https://app.example/v1/events"
    assert (call["method"], call["keepalive"], call.get("headers")) == ("POST", True, None)
    answer = client.post("/v1/events", data=call["body"], content_type="text/plain;charset=UTF-8")
    assert (answer.status_code, answer.get_json()) == (202, {"kept": 4, "skipped": {}})
    with database.read() as connection:
        rows = connection.execute(sa.select(EVENT).order_by(EVENT.c.event_key)).all()
        token = connection.scalars(sa.select(VISITOR.c.token)).one()
    assert [row.kind for row in rows] == ["view", "search", "cart_add", "cart_remove"]
    assert [row.quantity for row in rows] == [None, None, 2, 2]
    assert [row.query for row in rows] == [None, "blue mug", None, None]
    assert len(token) == 32


def test_it_knows_the_visitor_by_the_token_of_the_themes_script(folder: Path) -> None:
    found = played(folder, *VISIT, WAIT, storage={"shelfwise:visitor": TOKEN})
    assert json.loads(found["sent"][0]["body"])["visitor"] == TOKEN
    assert set(found["touched"]) == {"shelfwise:visitor"}


def test_what_no_token_can_be_is_replaced(folder: Path) -> None:
    found = played(folder, *VISIT, WAIT, storage={"shelfwise:visitor": "<script>"})
    assert json.loads(found["sent"][0]["body"])["visitor"] == found["storage"]["shelfwise:visitor"] != "<script>"


def test_nothing_of_a_person_or_a_page_is_sent(folder: Path) -> None:
    (call,) = played(folder, *VISIT, WAIT)["sent"]
    assert not [word for word in PRIVATE if word.lower() in call["body"].lower().replace("blue mug", "")]
    fields = {name for event in json.loads(call["body"])["events"] for name in event}
    assert fields == {"id", "kind", "at", "product", "quantity", "query"}


def test_it_listens_to_nothing_that_carries_more_than_products_and_searches(folder: Path) -> None:
    names = {name for name in played(folder)["subscribed"] if name != "visitorConsentCollected"}
    assert names == {"product_viewed", "search_submitted", "product_added_to_cart", "product_removed_from_cart"}


@pytest.mark.parametrize("consent", [NO, {}, {"analyticsProcessingAllowed": "true"}])
def test_without_consent_nothing_is_sent_and_nothing_stored(folder: Path, consent: dict[str, Any]) -> None:
    found = played(folder, *VISIT, WAIT, consent=consent)
    assert (found["sent"], found["storage"], found["touched"]) == ([], {}, [])


def test_consent_that_comes_later_counts_from_then_on(folder: Path) -> None:
    (call,) = played(folder, VISIT[0], decided(YES), VISIT[2], WAIT, consent=NO)["sent"]
    assert [event["kind"] for event in json.loads(call["body"])["events"]] == ["cart_add"]


def test_consent_taken_back_erases_what_was_kept_under_it(
    folder: Path, client: FlaskClient, database: Database, settings: Settings
) -> None:
    make_shop(database, settings)
    found = played(folder, VISIT[1], WAIT, VISIT[2], decided(NO), WAIT, VISIT[3], WAIT)
    assert found["storage"] == {}
    for call in found["sent"]:
        assert client.post("/v1/events", data=call["body"]).status_code == 202
    assert [json.loads(call["body"])["consent"] for call in found["sent"]] == [True, False]
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(VISITOR)).scalar_one() == 0
        assert connection.execute(sa.select(sa.func.count()).select_from(EVENT)).scalar_one() == 0


def test_what_could_not_be_sent_goes_with_the_next_batch(folder: Path) -> None:
    (call,) = played(folder, VISIT[0], WAIT, VISIT[1], WAIT, broken=1)["sent"]
    assert [event["id"] for event in json.loads(call["body"])["events"]] == ["sh-1", "sh-2"]


@pytest.mark.parametrize("data", [{}, None, {"productVariant": None}, {"productVariant": {"product": {"id": None}}}])
def test_an_event_without_its_product_is_passed_over(folder: Path, data: Any) -> None:
    assert played(folder, step("product_viewed", data), WAIT)["sent"] == []


def test_global_ids_and_odd_quantities_are_put_right(folder: Path) -> None:
    odd = LINE | {"quantity": 0, "merchandise": VARIANT | {"product": {"id": "gid://shopify/Product/12"}}}
    (call,) = played(folder, step("product_added_to_cart", {"cartLine": odd}), WAIT)["sent"]
    (event,) = json.loads(call["body"])["events"]
    assert (event["product"], event["quantity"]) == ("12", 1)


def test_the_extension_says_what_shopify_wants_to_know(folder: Path) -> None:
    told = tomllib.loads((folder / "shopify.extension.toml").read_text())
    assert (told["type"], told["runtime_context"]) == ("web_pixel_extension", "strict")
    assert told["customer_privacy"] == {
        "analytics": True,
        "marketing": False,
        "preferences": False,
        "sale_of_data": "disabled",
    }
    assert told["settings"]["type"] == "object"
    assert {field["type"] for field in told["settings"]["fields"].values()} == {"single_line_text_field"}


def test_the_pixel_is_told_each_of_its_settings(folder: Path, settings: Settings) -> None:
    from integration.services.shopify.pixel import settings_of

    told = tomllib.loads((folder / "shopify.extension.toml").read_text())
    assert set(settings_of(settings, "demo")) == set(told["settings"]["fields"])


def test_the_pixel_is_small(folder: Path) -> None:
    assert (folder / "src" / "index.js").stat().st_size < 5_000
