"""A new model is taken up by running web processes: no restart, and not one request fails (DESIGN.md, contract 4)."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from benchmarks.web_server import served
from benchmarks.wire import Client, get_bytes
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import make_shop
from tests.trading import open_for_business, wait_until


def test_processes_take_up_a_published_model_while_they_serve(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    open_for_business(database, shop_id)
    answers: list[tuple[int, str | None, int]] = []
    stop = threading.Event()

    def shop(port: int) -> None:
        client = Client(port)
        while not stop.is_set():
            status, body = client.send(get_bytes("/v1/slates?shop=demo&placement=product&product=p1"))
            slate = json.loads(body)
            answers.append((status, slate.get("model_version"), len(slate.get("items", ()))))
        client.close()

    with served(replace(settings, web_processes=2)) as port:
        shoppers = [threading.Thread(target=shop, args=(port,)) for _ in range(3)]
        for shopper in shoppers:
            shopper.start()
        try:
            published = [train(database, settings, shop_id, trigger="test").version for _ in range(2)]
            wait_until(lambda: {each[1] for each in answers[-60:]} == {published[-1]})
        finally:
            stop.set()
            for shopper in shoppers:
                shopper.join()
    assert {status for status, _, _ in answers} == {200}
    assert {None, published[0], published[1]} >= {version for _, version, _ in answers} >= {published[1]}
    assert min(items for _, _, items in answers) == 8


def test_a_recommender_that_breaks_costs_the_rungs_that_need_it_and_nothing_else(
    database: Database, settings: Settings, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop_id = make_shop(database, settings)
    open_for_business(database, shop_id)
    train(database, settings, shop_id, trigger="test")
    page = "/v1/slates?shop=demo&placement=product&product=p1"
    assert client.get(page).get_json()["strategy"] == "item"

    def broken(*_: object) -> None:
        raise FloatingPointError("a model gone bad")

    monkeypatch.setattr("recommender.serving.slates.ranked", broken)
    slate = client.get(page).get_json()
    assert (slate["strategy"], len(slate["items"])) == ("newest", 8)


def test_a_store_that_fails_while_a_model_is_taken_up_is_asked_again(
    database: Database, settings: Settings, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop_id = make_shop(database, settings)
    open_for_business(database, shop_id)
    page = "/v1/slates?shop=demo&placement=product&product=p1"
    assert client.get(page).get_json()["model_version"] is None
    version = train(database, settings, shop_id, trigger="test").version

    def away(*_: object) -> None:
        raise OSError("the store is away")

    with monkeypatch.context() as patched:
        patched.setattr("integration.services.shelves.changed_since", away)
        assert client.get(page).get_json()["items"] == []
    assert client.get(page).get_json()["model_version"] == version
