"""The judge of a chaos run notices what it is there for."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from integration.app import create_app
from integration.settings import Settings
from integration.storage.base import Base
from integration.web.services import KEY, Services
from tests.chaos import ledger
from tests.chaos.run import Reader, Report, judge, judge_slates
from tests.chaos.sender import Sender

Ran = tuple[Services, Sender]


@pytest.fixture
def ran(settings: Settings) -> Iterator[Ran]:
    """A store that has taken one delivery, and the sender of it."""
    app = create_app(replace(settings, shopify_client_id="made-up", shopify_client_secret="shpss_made_up"))
    here: Services = app.extensions[KEY]
    ledger.make_shops(here.database, here.vault)
    sender = Sender(1, "one", ledger.SECRET, 0, 1, threading.Event())
    level = sender.level(3, 5)
    sender.sent[level.key] = level
    assert app.test_client().post(level.path, data=level.body, headers=dict(level.headers)).status_code == 200
    sender.acknowledged.add(level.key)
    yield here, sender
    here.slate_log.close()
    here.database.close()


def judged(ran: Ran) -> str:
    here, sender = ran
    report = Report(1, "a store")
    judge(here.database, here.settings, [sender], report)
    return "\n".join(report.wrong)


def test_what_is_right_is_not_complained_of(ran: Ran) -> None:
    assert not judged(ran)


def test_a_lost_delivery_is_found(ran: Ran) -> None:
    ran[1].acknowledged.add("one-never-kept")
    assert "1 deliveries: lost" in judged(ran)


def test_one_that_was_never_sent_is_found(ran: Ran) -> None:
    ran[1].sent.clear()
    assert "1 deliveries: never sent, yet kept" in judged(ran)


def test_another_state_than_a_replay_gives_is_found(ran: Ran) -> None:
    with ran[0].database.across_shops().write() as connection:
        connection.execute(sa.update(Base.metadata.tables["inventory_level"]).values(available=6))
    assert "inventory_level is not what a replay gives" in judged(ran)


def test_a_sold_out_slate_is_found_and_so_is_one_that_failed() -> None:
    stop, report = threading.Event(), Report(1, "a store")
    sender, reader = Sender(1, "one", ledger.SECRET, 0, 1, stop), Reader(1, 1, stop)
    sender.gone[3] = [(10.0, 11.0)]
    reader.seen.append((10.2, 10.3, array("H", [3])))
    reader.failed += [(20.0, "500"), (30.0, "500")]
    judge_slates(sender, reader, [(29.0, 31.0)], report)
    assert report.counts["sold-out slates"] == 1
    assert report.counts["slates unanswered otherwise"] == 1
