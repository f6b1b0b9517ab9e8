"""Real processes, seen from outside: one trace from a request over its job to the store, one log, one sum."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from integration.settings import Settings
from integration.storage.database import Database
from tests.functional.conftest import Command
from tests.making import START, delivery, make_shop
from tests.trading import shelfwise as process_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ORDER = {
    "id": "o1",
    "ordered_at": START.isoformat(),
    "updated_at": START.isoformat(),
    "currency": "GBP",
    "lines": [{"id": "1", "product": "p1", "variant": "v1", "quantity": 1, "unit_price": "9.90"}],
}
TOKEN = "a token of the test's own"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PATIENCE_SECONDS = 60.0


class Collector:
    """An OTLP receiver over HTTP."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    service = next(
                        each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
                    )
                    for scope in resource.scope_spans:
                        collector.spans += [(service, span) for span in scope.spans]
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def of(self, service: str, name: str) -> list[Any]:
        return [span for by, span in self.spans if by == service and span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def eventually(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)
    return found


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


def told(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Every line that a process wrote, which must be JSON, each."""
    process.terminate()
    return [json.loads(line) for line in process.communicate(timeout=20)[0].splitlines()]


@contextmanager
def running(settings: Settings, *commands: tuple[str, ...], **more: object) -> Iterator[list[subprocess.Popen[str]]]:
    with ExitStack() as stack:
        yield [stack.enter_context(process_of(settings, *command, **more)) for command in commands]


def assert_one_trace(collector: Collector, trace: str) -> None:
    (request,) = eventually(lambda: collector.of("shelfwise-web", "POST /webhooks/<platform>/<external_id>"))
    (job,) = eventually(lambda: collector.of("shelfwise-worker", "drain"))
    assert request.trace_id.hex() == job.trace_id.hex() == trace
    assert job.parent_span_id == request.span_id
    statements = eventually(lambda: collector.of("shelfwise-worker", "INSERT"))
    assert {span.trace_id.hex() for span in statements} == {trace}
    assert "9.90" not in str(collector.spans)


def assert_logs(worker: list[dict[str, Any]], web: list[dict[str, Any]]) -> None:
    about = [line for line in worker if line.get("kind") == "drain"]
    assert about
    assert {(line["shop"], line["role"]) for line in about} == {(1, "worker")}
    assert all(line["job"] for line in about)
    assert {line["role"] for line in web} == {"web"}


def test_a_delivery_is_followed_from_its_request_to_the_store(
    database: Database, settings: Settings, collector: Collector, monkeypatch: pytest.MonkeyPatch, shelfwise: Command
) -> None:
    make_shop(database, settings)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    port = free_port()
    more = {"port": port, "web_processes": 1, "log_format": "json", "metrics_token": TOKEN, "stop_delay_seconds": 1}
    url = f"http://127.0.0.1:{port}"
    with running(settings, ("web",), ("worker", "--queue", "intake"), ("scheduler",), **more) as processes:
        web, worker, scheduler = processes
        eventually(lambda: answers(url))
        sent = delivery("order.created", ORDER)
        headers = {
            **sent["headers"],
            "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
            "X-Request-Id": "the-proxys-name",
        }
        answer = requests.post(f"{url}/webhooks/direct/demo", data=sent["data"], headers=headers, timeout=5)
        assert (answer.status_code, answer.headers["X-Request-Id"]) == (200, "the-proxys-name")

        assert_one_trace(collector, TRACE)
        scraped = requests.get(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5).text
        assert 'shelfwise_jobs_total{job="drain",outcome="done"} 1.0' in scraped
        assert 'shelfwise_deliveries_applied_total{outcome="applied"} 1.0' in scraped
        assert 'shelfwise_processes{role="web"} 1.0' in scraped
        assert re.search(r'shelfwise_schedulers\{state="leads"\} 1.0', scraped)
        assert [shelfwise("health", each).exit_code for each in ("worker", "scheduler")] == [0, 0]

        assert re.search(r"scheduler \S+: leads", shelfwise("status").output)

        scheduler.send_signal(signal.SIGKILL)
        scheduler.wait()
        gone = shelfwise("health", "scheduler")
        assert (gone.exit_code, "no scheduler runs" in gone.output) == (1, True)

        web.terminate()
        eventually(lambda: requests.get(f"{url}/ready", timeout=5).json() == {"status": "stopping"})
        assert_logs(told(worker), told(web))
