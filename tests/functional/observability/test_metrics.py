"""What Prometheus collects: to whom it is given, and that all that is shown or warned of is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from integration.observability import metrics
from integration.observability.catalogue import METRICS, RECEIVED
from integration.observability.cells import Cells
from integration.observability.metrics import MOST_SERIES, Counter, Histogram
from integration.services.drain import drain
from integration.settings import Settings
from integration.storage.database import Database
from tests.conftest import NOW
from tests.functional.conftest import AppMaker, Command
from tests.making import START, delivery, inventory, make_shop, stock

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TOKEN = "a token of the test's own"
HOOK = "/webhooks/direct/demo"
ORDER = {
    "id": "o1",
    "ordered_at": START.isoformat(),
    "updated_at": START.isoformat(),
    "currency": "GBP",
    "lines": [{"id": "1", "product": "p1", "variant": "v1", "quantity": 1, "unit_price": "9.90"}],
}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process's numbers begin anew."""

    def begin() -> None:
        for metric in METRICS.values():
            metric.forget_places()

    monkeypatch.setattr(metrics.HERE, "cells", Cells())
    begin()
    yield
    begin()


@pytest.fixture
def client(settings: Settings, make_app: AppMaker) -> FlaskClient:
    return make_app(replace(settings, metrics_token=TOKEN)).test_client()


def scraped(client: FlaskClient) -> dict[str, float]:
    """Every sample as it stands, by its name with its labels."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        f"{sample.name}{json.dumps(sample.labels) if sample.labels else ''}": sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


@SQLITE
def test_a_stranger_is_told_nothing(client: FlaskClient, settings: Settings, make_app: AppMaker) -> None:
    for given in ("", "Bearer", "Bearer ", f"Basic {TOKEN}", "Bearer wrong", f"Bearer {TOKEN}x", "Bearer \xff"):
        answer = client.get("/metrics", headers={"Authorization": given})
        assert (answer.status_code, b"shelfwise_" in answer.data) == (401, False), given
    closed = make_app(settings).test_client()
    assert closed.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@SQLITE
def test_each_delivery_is_counted_by_what_became_of_it(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, [1, 2])
    client.get("/v1/slates?shop=demo&placement=home")
    sold_out = delivery("inventory.updated", inventory(1, 0, START + timedelta(days=1)))
    client.post(HOOK, **sold_out)
    client.post(HOOK, **sold_out)
    client.post(HOOK, **delivery("order.created", ORDER))
    client.post(HOOK, **delivery("order.created", {"no": "order"}))
    client.post(HOOK, data=b"{}", headers={"X-Shelfwise-Signature": "forged"})
    client.post("/webhooks/nobody-knows-this", data=b"{}")
    client.get("/v1/slates?shop=demo&placement=home")
    while drain(database.of(shop_id), shop_id, now=NOW):
        pass
    found = scraped(client)

    def received(connector: str, outcome: str) -> float:
        return found[f'shelfwise_deliveries_received_total{{"connector": "{connector}", "outcome": "{outcome}"}}']

    for outcome in ("applied", "repeat", "kept", "bad_delivery"):
        assert received("direct", outcome) == 1, outcome
    assert received("direct", "bad_signature") == received("unknown", "unknown_platform") == 1
    assert found['shelfwise_delivery_answer_seconds_count{"connector": "direct"}'] == 5
    assert found['shelfwise_deliveries_applied_total{"outcome": "applied"}'] == 1
    assert (found["shelfwise_deliveries_waiting"], found["shelfwise_deliveries_parked"]) == (0, 0)
    assert found['shelfwise_slate_seconds_count{"placement": "home", "strategy": "newest"}'] == 2
    assert found["shelfwise_products_hidden_total"] == 1


def test_what_waits_is_told_with_its_age(client: FlaskClient, database: Database, settings: Settings) -> None:
    make_shop(database, settings)
    client.post(HOOK, **delivery("order.created", ORDER))
    found = scraped(client)
    assert (found["shelfwise_deliveries_waiting"], found["shelfwise_shops_waiting"]) == (1, 1)
    assert found["shelfwise_deliveries_oldest_seconds"] == 0
    assert (found["shelfwise_store_up"], found["shelfwise_redis_up"]) == (1, 1)
    assert found['shelfwise_queue_jobs{"queue": "intake", "state": "waiting"}'] == 1
    assert found['shelfwise_workers{"queue": "intake"}'] == 0


@SQLITE
def test_no_address_and_no_key_of_a_stranger_becomes_a_label(client: FlaskClient) -> None:
    for number in range(50):
        client.get(f"/nothing/here/{number}")
        client.post(f"/webhooks/platform-{number}/shop-{number}", data=b"{}")
        client.get(f"/v1/slates?shop=shop-{number}&placement=placement-{number}")
    assert not [name for name in scraped(client) if re.search(r"-\d|/\d", name)]


def test_a_label_that_takes_ever_new_values_ends_as_one() -> None:
    for number in range(MOST_SERIES * 2):
        RECEIVED.add("direct", f"outcome {number}")
    values = metrics.HERE.cells.values()
    assert len(values) == MOST_SERIES + 1
    assert values[RECEIVED.key(("other", "other"))] == (MOST_SERIES,)


@SQLITE
def test_prometheus_newer_format_is_spoken_too(client: FlaskClient) -> None:
    asked = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/openmetrics-text; version=1.0.0"}
    answer = client.get("/metrics", headers=asked)
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.data.endswith(b"# EOF\n")


@SQLITE
def test_the_command_prints_the_same(shelfwise: Command, client: FlaskClient) -> None:
    printed = shelfwise("metrics")
    assert printed.exit_code == 0
    assert "shelfwise_store_up 1.0" in printed.output.splitlines()


@SQLITE
def test_every_query_of_the_dashboard_and_the_alerts_names_what_a_scrape_holds(
    client: FlaskClient, project: Path
) -> None:
    for metric in METRICS.values():
        values = tuple(f"a {label}" for label in metric.labels)
        if isinstance(metric, Counter):
            metric.add(*values)
        elif isinstance(metric, Histogram):
            metric.observe(1.0, *values)
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    families = list(text_string_to_metric_families(answer.get_data(as_text=True)))
    there = {sample.name for family in families for sample in family.samples} | {family.name for family in families}
    dashboard = json.loads((project / "deploy/grafana/shelfwise.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    rules = (project / "deploy/prometheus/shelfwise.rules.yml").read_text()
    queries += re.findall(r"expr: (.+)", rules)
    asked = {name for query in queries for name in re.findall(r"shelfwise_\w+", query)}
    assert len(queries) > 60
    assert asked - there == set()
    assert {name for name in METRICS if not any(each.startswith(name) for each in asked)} == set()


def test_prometheus_own_tool_finds_nothing_wrong_with_the_alerts(project: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; it comes with Prometheus")
    command = [promtool, "check", "rules", str(project / "deploy/prometheus/shelfwise.rules.yml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_says_what_to_do_and_every_metric_is_explained(project: Path) -> None:
    rules = (project / "deploy/prometheus/shelfwise.rules.yml").read_text()
    explained = (project / "docs/operating/alerts.md").read_text()
    assert re.findall(r"alert: (\w+)", rules) == re.findall(r"^\| `(\w+)` \|", explained, re.MULTILINE)
    page = (project / "docs/operating/observability.md").read_text()
    rows = [
        f"| `{metric.name}` | {type(metric).__name__.lower()} | {', '.join(f'`{label}`' for label in metric.labels)} | "
        f"{metric.text} |"
        for metric in METRICS.values()
    ]
    assert [line for line in page.splitlines() if line.startswith("| `shelfwise_")] == rows
