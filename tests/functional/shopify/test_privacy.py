"""What is owed to customers and to shops that leave: told, erased, and out of what was learnt from them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask.testing import FlaskClient

from connectors.records import EraseCustomer, EraseShop
from integration.clock import Clock, system_clock
from integration.jobs.queues import KINDS
from integration.jobs.sweep import DUE
from integration.services import duties
from integration.services.drain import drain
from integration.services.secrets import Vault
from integration.services.shelves import Shelves
from integration.services.training import LONGEST_LEARNT, artifact_folder, train
from integration.settings import Settings
from integration.storage.base import Base
from integration.storage.behaviour import BehaviourEvent, Session, Slate
from integration.storage.database import Database
from integration.storage.delivery_writes import DELIVERY
from integration.storage.fits import SHOP as SHOP_ROWS
from integration.storage.models import FitStatus
from integration.storage.order_writes import CUSTOMER, ORDER, REFUND, VISITOR
from integration.storage.privacy import Duty
from integration.storage.privacy_writes import REQUEST
from integration.storage.shops import Shop
from integration.storage.upsert import table_of
from integration.web.services import KEY, Services
from recommender.artifacts import load
from tests.filling import fill
from tests.making import write
from tests.signing import COMPLIANCE_HOOK, HOOK, SHOP, sample, sent, shopify_shop, with_app
from tests.trading import open_for_business

EVENT, SESSION, SLATE = table_of(BehaviourEvent), table_of(Session), table_of(Slate)
BUYER, ORDER_ID, TOKEN = "191167", "299938", "visitor-of-191167"
SECRETS = (
    "John",
    "Smith",
    "john@example.com",
    "jon@example.com",
    "Elm St",
    "Shippington",
    "555-625-1199",
    "123-123-1234",
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The operator has registered the app."""
    return with_app(settings)


@pytest.fixture
def shop_id(database: Database, settings: Settings) -> int:
    """A shop that installed the app."""
    return shopify_shop(database, settings)


def bought(order: str = ORDER_ID, customer: str | None = BUYER, token: str = TOKEN) -> dict[str, Any]:
    """An order, as it arrives with everything that Shopify could tell of its buyer."""
    body = {**sample("orders/create"), "id": int(order), "test": False, "cancelled_at": None}
    body["note_attributes"] = [{"name": "_shelfwise_visitor", "value": token}]
    return {**body, "customer": {**body["customer"], "id": int(customer)} if customer else None}


def looked(client: FlaskClient, token: str = TOKEN, shop: str = "fern-and-ladle") -> None:
    """Somebody who agreed looks at a product."""
    event = {"id": f"e-{token}", "kind": "search", "query": "a present", "at": "2026-11-23T11:59:00+00:00"}
    answer = client.post("/v1/events", json={"shop": shop, "consent": True, "visitor": token, "events": [event]})
    assert answer.status_code in {200, 202}, answer.get_data()


def tell(client: FlaskClient, database: Database, shop_id: int, clock: Clock, topic: str, body: Any) -> None:
    hook = COMPLIANCE_HOOK if topic in {"customers/data_request", "customers/redact", "shop/redact"} else HOOK
    assert client.post(hook, **sent(topic, body)).status_code == 200
    drain(database, shop_id, now=clock())


def rows(database: Database, table: sa.Table, *where: Any) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(sa.select(table).where(*where)))


def everything(database: Database) -> str:
    """All that stands in the store, as text."""
    with database.read() as connection:
        return "\n".join(
            repr(tuple(row)) for table in Base.metadata.sorted_tables for row in connection.execute(sa.select(table))
        )


@pytest.mark.usefixtures("shop_id")
def test_no_name_no_address_no_mail_and_no_phone_reaches_store_or_log(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for topic in ("orders/create", "orders/updated", "refunds/create", "app/scopes_update", "customers/data_request"):
        client.post(HOOK, **sent(topic, sample(topic)))
    client.post(HOOK, **sent("customers/update", sample("orders/create")["customer"]))
    client.post(HOOK, **sent("orders/create", {**sample("orders/create"), "line_items": "John Smith"}))
    before = everything(database)
    drain(database, shop_id, now=clock())
    assert not [each for each in SECRETS if each in before + everything(database) + caplog.text]
    assert [row.body for row in rows(database, DELIVERY)] == [b""] * 7


def test_a_customers_question_is_answered_for_the_owner_alone(
    client: FlaskClient, database: Database, settings: Settings, shop_id: int, clock: Clock
) -> None:
    looked(client)
    tell(client, database, shop_id, clock, "orders/create", bought())
    tell(client, database, shop_id, clock, "orders/create", bought("7", "42", "somebody-else"))
    tell(client, database, shop_id, clock, "orders/create", bought("280263", None, "as-a-guest-1"))
    tell(client, database, shop_id, clock, "customers/data_request", sample("customers/data_request"))
    (asked,) = rows(database, REQUEST)
    assert (asked.duty, asked.customer, asked.finished_at) == (Duty.TELL, BUYER, None)
    assert asked.due_at - asked.received_at <= timedelta(days=30)
    assert duties.due(database, settings, clock()) == [shop_id]
    vault = Vault(settings.secret_keys)
    assert duties.serve(database, vault, settings, shop_id, clock()) == 1
    assert duties.due(database, settings, clock()) == []
    (done,) = rows(database, REQUEST)
    assert BUYER.encode() not in done.answer
    report = json.loads(duties.answer_of(database, vault, done.id))
    assert sorted(order["external_id"] for order in report["orders"]) == ["280263", ORDER_ID]
    assert len(report["orders"][0]["lines"]) == 3
    assert [visit["done"][0]["query"] for visit in report["visits"]] == ["a present"]


def test_the_operator_lists_shows_and_exports_what_was_asked(
    client: FlaskClient,
    database: Database,
    settings: Settings,
    shop_id: int,
    clock: Clock,
    shelfwise: Callable[..., Result],
    tmp_path: Path,
) -> None:
    assert "No customer has asked" in shelfwise("privacy", "list").output
    tell(client, database, shop_id, clock, "customers/data_request", sample("customers/data_request"))
    early = shelfwise("privacy", "show", "1")
    assert (early.exit_code, "not answered yet" in early.output) == (1, True)
    assert "waits" in shelfwise("privacy", "list", "--shop", "fern-and-ladle").output
    duties.serve(database, Vault(settings.secret_keys), settings, shop_id, clock())
    assert "done" in shelfwise("privacy", "list").output
    assert json.loads(shelfwise("privacy", "show", "1").output)["customer"] == BUYER
    file = tmp_path / "answer.json"
    assert shelfwise("privacy", "export", "1", str(file)).exit_code == 0
    assert json.loads(file.read_text())["customer"] == BUYER
    assert file.stat().st_mode & 0o077 == 0
    again = shelfwise("privacy", "export", "1", str(file))
    assert (again.exit_code, "File exists" in again.output) == (1, True)
    assert shelfwise("privacy", "show", "99").exit_code == 1


def test_an_erased_customer_is_gone_from_every_table_at_once(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock
) -> None:
    looked(client)
    looked(client, "as-a-guest-1")
    looked(client, "somebody-else")
    for order in (bought(), bought("280263", None, "as-a-guest-1"), bought("7", "42", "somebody-else")):
        tell(client, database, shop_id, clock, "orders/create", order)
    tell(client, database, shop_id, clock, "customers/data_request", sample("customers/data_request"))
    _log_slate(database, shop_id)
    tell(client, database, shop_id, clock, "customers/redact", sample("customers/redact"))
    assert [row.token for row in rows(database, VISITOR)] == ["somebody-else"]
    assert len(rows(database, EVENT)) == len(rows(database, SESSION)) == 1
    left = everything(database)
    assert TOKEN not in left
    assert "as-a-guest-1" not in left
    orders = {row.external_id: row for row in rows(database, ORDER)}
    assert [orders[each].customer_id for each in (ORDER_ID, "280263")] == [None, None]
    assert orders["7"].customer_id is not None
    assert [row.answer for row in rows(database, REQUEST)] == [None, None]
    # A late word of the order doesn't bring them back.
    later = {**bought(), "updated_at": "2026-11-30T00:00:00Z"}
    tell(client, database, shop_id, clock, "orders/updated", later)
    (order,) = rows(database, ORDER, ORDER.c.external_id == ORDER_ID)
    assert (order.customer_id, order.visitor) == (None, "")


def _log_slate(database: Database, shop_id: int) -> None:
    row = {"shop_id": shop_id, "slate": "a" * 32, "placement": "home", "strategy": "x", "visitor": TOKEN, "items": []}
    with database.write() as connection:
        connection.execute(SLATE.insert().values(**row, arm="", propensity=1.0, created_at=datetime.now(UTC)))


def test_refunds_and_parked_deliveries_of_the_erased_name_nobody(
    client: FlaskClient, database: Database, shop_id: int, clock: Clock
) -> None:
    order = bought()
    order["refunds"] = [{**sample("refunds/create"), "order_id": int(ORDER_ID)}]
    tell(client, database, shop_id, clock, "orders/create", order)
    assert rows(database, REFUND)[0].customer_id is not None
    client.post(HOOK, **sent("orders/updated", bought(), key="parked"))
    with database.write() as connection:
        connection.execute(sa.update(DELIVERY).where(DELIVERY.c.delivery_key == "parked").values(status="parked"))
    tell(client, database, shop_id, clock, "customers/redact", sample("customers/redact"))
    assert rows(database, REFUND)[0].customer_id is None
    (parked,) = rows(database, DELIVERY, DELIVERY.c.delivery_key == "parked")
    assert parked.body == b""


def test_what_was_learnt_from_the_erased_serves_until_the_next_fit_and_is_deleted_then(
    client: FlaskClient, database: Database, settings: Settings, shop_id: int, clock: Clock
) -> None:
    open_for_business(database, shop_id)
    before = train(database, settings, shop_id, trigger="hand").version
    customer = rows(database, CUSTOMER)[0]
    theirs = len(rows(database, ORDER, ORDER.c.customer_id == customer.id))
    assert theirs > 1
    write(database, shop_id, [EraseCustomer(customer.external_id, system_clock())])
    vault = Vault(settings.secret_keys)
    assert duties.due(database, settings, clock()) == []
    assert duties.serve(database, vault, settings, shop_id, clock()) == 0
    assert not rows(database, ORDER, ORDER.c.customer_id == customer.id)
    fitted = train(database, settings, shop_id, trigger="nightly")
    assert fitted.status is FitStatus.PUBLISHED
    assert duties.due(database, settings, clock()) == [shop_id]
    assert duties.serve(database, vault, settings, shop_id, clock()) == 1
    folders = [path.name for path in (settings.artifacts_dir / str(shop_id)).iterdir()]
    assert folders == [fitted.version]
    assert not artifact_folder(settings, shop_id, before).exists()
    load(artifact_folder(settings, shop_id, fitted.version))
    assert rows(database, REQUEST)[0].finished_at is not None


def test_a_worse_model_is_published_when_the_erased_have_waited_long_enough(
    database: Database, settings: Settings, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recommender.backtests.verdict import Verdict

    open_for_business(database, shop_id)
    train(database, settings, shop_id, trigger="hand")
    customer = rows(database, CUSTOMER)[0].external_id
    write(database, shop_id, [EraseCustomer(customer, system_clock())])
    original = train.__globals__["training"].fit

    def worse(*args: Any, **kwargs: Any) -> Any:
        from dataclasses import replace

        return replace(original(*args, **kwargs), verdict=Verdict(publish=False, reason="it is worse"))

    monkeypatch.setattr("recommender.training.fit", worse)
    assert train(database, settings, shop_id, trigger="nightly").status is FitStatus.REFUSED
    with database.write() as connection:
        connection.execute(sa.update(REQUEST).values(received_at=system_clock() - LONGEST_LEARNT))
    ended = train(database, settings, shop_id, trigger="nightly")
    assert (ended.status, "an erased customer is forgotten" in ended.message) == (FitStatus.PUBLISHED, True)


def test_a_shop_without_orders_left_keeps_no_model_of_the_erased(
    database: Database, settings: Settings, shop_id: int, clock: Clock
) -> None:
    (settings.artifacts_dir / str(shop_id) / "old").mkdir(parents=True)
    with database.write() as connection:
        connection.execute(sa.update(SHOP_ROWS).values(serving_version="old"))
    write(database, shop_id, [EraseCustomer("1", clock())])
    assert duties.serve(database, Vault(settings.secret_keys), settings, shop_id, clock()) == 1
    assert rows(database, SHOP_ROWS)[0].serving_version is None
    assert not list((settings.artifacts_dir / str(shop_id)).iterdir())


def _shelves(client: FlaskClient) -> Shelves:
    here: Services = client.application.extensions[KEY]
    return here.todays_visits._shelves


def held(database: Database, shop_id: int) -> dict[str, int]:
    """How many rows each table has of a shop."""
    with database.read() as connection:
        return {
            table.name: connection.execute(
                sa.select(sa.func.count())
                .select_from(table)
                .where((table.c.id if table.name == "shop" else table.c.shop_id) == shop_id)
            ).scalar_one()
            for table in Base.metadata.sorted_tables
        }


def test_of_an_erased_shop_not_one_row_and_not_one_file_is_left_and_another_shop_keeps_all(
    client: FlaskClient, database: Database, settings: Settings, shop_id: int, clock: Clock
) -> None:
    other = shopify_shop(database, settings, "other.myshopify.com")
    for number, mark in ((shop_id, "aa"), (other, "bb")):
        fill(database, number, mark)
        (settings.artifacts_dir / str(number) / "v1").mkdir(parents=True)
        (settings.artifacts_dir / "graph").mkdir(exist_ok=True)
        (settings.artifacts_dir / "graph" / f"{number}.npz").write_bytes(b"x")
    assert all(held(database, shop_id).values()), "every table has a row of each shop"
    whole = held(database, other)
    client.get("/v1/slates?shop=fern-and-ladle&placement=home")
    assert shop_id in {shop.row.shop_id for shop in _shelves(client).admitted()}
    tell(client, database, shop_id, clock, "app/uninstalled", sample("app/uninstalled"))
    tell(client, database, shop_id, clock, "shop/redact", sample("shop/redact"))
    assert shop_id in duties.due(database, settings, clock())
    assert duties.serve(database, Vault(settings.secret_keys), settings, shop_id, clock()) == 1
    assert not any(held(database, shop_id).values())
    assert held(database, other) == whole
    assert SHOP not in everything(database)
    files = {path.relative_to(settings.artifacts_dir).as_posix() for path in settings.artifacts_dir.rglob("*")}
    assert files == {str(other), f"{other}/v1", "graph", f"graph/{other}.npz"}
    assert client.get("/v1/slates?shop=fern-and-ladle&placement=home").status_code == 404
    assert shop_id not in {shop.row.shop_id for shop in _shelves(client).admitted()}
    repeat = client.post(COMPLIANCE_HOOK, **sent("shop/redact", sample("shop/redact")))
    assert repeat.status_code == 200


def test_a_shop_that_came_back_is_not_erased(
    client: FlaskClient, database: Database, settings: Settings, shop_id: int, clock: Clock
) -> None:
    tell(client, database, shop_id, clock, "shop/redact", sample("shop/redact"))
    with database.write() as connection:
        connection.execute(sa.update(table_of(Shop)).values(uninstalled_at=None))
    assert duties.serve(database, Vault(settings.secret_keys), settings, shop_id, clock()) == 0
    assert held(database, shop_id)["shop"] == 1
    assert duties.due(database, settings, clock()) == []


def test_a_word_of_erasure_from_before_the_shop_came_back_changes_nothing(
    database: Database, shop_id: int, clock: Clock
) -> None:
    fill(database, shop_id, "aa")
    write(database, shop_id, [EraseShop(datetime(2026, 10, 1, tzinfo=UTC))])
    (shop,) = rows(database, SHOP_ROWS)
    assert shop.uninstalled_at is None
    assert clock() > datetime(2026, 10, 1, tzinfo=UTC)


def test_duties_are_swept_and_have_a_worker() -> None:
    assert DUE["duties"] is duties.due
    assert KINDS["duties"].function == "integration.jobs.duties.serve"
