"""Behaviour in: with consent only, once only, and only what can be true."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from integration.services.behaviour import EVENT, IMPRESSION, SESSION, VISITOR
from integration.settings import Settings
from integration.storage.behaviour import Slate
from integration.storage.database import Database
from integration.storage.upsert import table_of
from integration.web.services import KEY, Services
from tests.making import make_shop, stock

SLATE = "0" * 32
SLATE_TABLE = table_of(Slate)


def event(number: int = 1, **values: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "kind": "view", "product": "p1", "at": "2026-11-23T11:59:00+00:00", **values}


def post(client: FlaskClient, *events: dict[str, Any], **values: Any) -> dict[str, Any]:
    batch = {"shop": "demo", "consent": True, "visitor": "visitor-1", "events": list(events), **values}
    answer = client.post("/v1/events", json=batch)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def counts(database: Database) -> tuple[int, int, int, int]:
    with database.read() as connection:
        visitors, sessions, events, impressions = (
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (VISITOR, SESSION, EVENT, IMPRESSION)
        )
    return visitors, sessions, events, impressions


@pytest.fixture(autouse=True)
def _shop(database: Database, settings: Settings) -> None:
    stock(database, make_shop(database, settings), [1, 2])


def test_a_batch_makes_a_visitor_a_session_and_its_events(client: FlaskClient, database: Database) -> None:
    assert post(client, event(1), event(2, product="p2")) == {"kept": 2, "skipped": {}}
    assert counts(database) == (1, 1, 2, 0)


@pytest.mark.parametrize("values", [{"consent": False}, {"visitor": None}])
def test_without_consent_nothing_at_all_is_kept(
    client: FlaskClient, database: Database, values: dict[str, Any]
) -> None:
    assert post(client, event(), **values)["kept"] == 0
    assert counts(database) == (0, 0, 0, 0)


def test_consent_that_is_taken_back_takes_with_it_what_was_kept(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    client.get("/v1/slates", query_string={"shop": "demo", "placement": "home", "visitor": "visitor-1"})
    services: Services = app.extensions[KEY]
    services.slate_log.flush()
    post(client, event(1))
    post(client, event(2), visitor="visitor-2")
    assert post(client, consent=False) == {"kept": 0, "skipped": {}}
    assert counts(database) == (1, 1, 1, 0)
    with database.read() as connection:
        assert connection.scalars(sa.select(SLATE_TABLE.c.visitor)).all() == [""]


def test_a_batch_that_is_sent_again_changes_nothing(client: FlaskClient, database: Database) -> None:
    post(client, event(1))
    assert post(client, event(1), event(1), event(2)) == {"kept": 1, "skipped": {"repeat": 2}}
    assert counts(database) == (1, 1, 2, 0)


def test_an_event_that_is_sent_again_with_another_time_is_still_the_same(
    client: FlaskClient, database: Database
) -> None:
    post(client, event(1))
    for at in ("2026-11-23T11:58:00+00:00", "2026-11-17T11:00:00+00:00"):
        assert post(client, event(1, at=at)) == {"kept": 0, "skipped": {"repeat": 1}}
    assert counts(database)[2] == 1


def test_a_long_pause_begins_a_new_session(client: FlaskClient, database: Database) -> None:
    post(client, event(1, at="2026-11-23T09:00:00+00:00"))
    post(client, event(2, at="2026-11-23T09:29:00+00:00"))
    post(client, event(3, at="2026-11-23T10:00:00+00:00"))
    assert counts(database)[:3] == (1, 2, 3)


def test_an_impression_counts_once_a_place_of_a_slate(client: FlaskClient, database: Database) -> None:
    seen = {"kind": "impression", "slate": SLATE, "position": 0}
    post(client, event(1, **seen), event(2, **seen), event(3, **{**seen, "position": 1}))
    assert counts(database)[3] == 2


def test_what_cannot_be_is_skipped_and_told(client: FlaskClient) -> None:
    found = post(
        client,
        event(1, product="never heard of"),
        event(2, at="2026-11-24T12:00:00+00:00"),
        event(3, at="2026-01-01T00:00:00+00:00"),
        event(4, at="0001-01-01T00:00:00+23:59"),
        event(5),
    )
    assert found == {"kept": 1, "skipped": {"unknown product": 1, "too old or in the future": 3}}


def test_a_beacon_may_say_that_it_is_plain_text(client: FlaskClient, database: Database) -> None:
    body = b'{"shop":"demo","consent":true,"visitor":"visitor-1","events":[]}'
    answer = client.post("/v1/events", data=body, content_type="text/plain;charset=UTF-8")
    assert answer.status_code == 202
    assert counts(database) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"shop":"demo"}',
        b'{"shop":"demo","consent":"yes","events":[]}',
        b'{"shop":"demo","consent":true,"visitor":"short","events":[]}',
        b'{"shop":"demo","consent":true,"visitor":"visitor-1","events":[{"id":"1","kind":"steal","at":"2026-11-23T00:00:00Z"}]}',
        b'{"shop":"demo","consent":true,"visitor":"visitor-1","events":[{"id":"1","kind":"view","at":"yesterday"}]}',
    ],
)
def test_a_body_that_is_no_batch_is_told_so(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/v1/events", data=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "bad_request"


def test_a_shop_that_is_not_there_is_told(client: FlaskClient) -> None:
    batch = {"shop": "nobody", "consent": True, "events": []}
    assert client.post("/v1/events", json=batch).status_code == 404


def test_events_of_one_shop_are_not_seen_by_another(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    make_shop(database, settings, "other")
    post(client, event(1))
    assert post(client, event(1), shop="other") == {"kept": 0, "skipped": {"unknown product": 1}}


def test_a_browser_may_ask_before_it_posts_from_another_origin(client: FlaskClient) -> None:
    answer = client.options("/v1/events")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"
