"""`shelfwise metrics`: what Prometheus collects, once on the terminal or on a port of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import click

from integration.clock import system_clock
from integration.settings import Settings
from integration.storage.database import Database

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Serve them here, for a Prometheus server, until stopped.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Who can reach this address can read them.")
def metrics(port: int | None, host: str) -> None:
    """What this machine's processes have counted, and how the store and the queues stand.

    One such process on each machine is enough, also where only workers run. Beside web processes the address /metrics
    gives the same to who sends SHELFWISE_METRICS_TOKEN.
    """
    settings = Settings.from_environ(os.environ)
    database = Database(settings.database_url)
    if port is None:
        click.echo(collect(settings, database)[0], nl=False)
        database.close()
        return
    with make_server(host, port, _app(settings, database), _Threads, _Quiet) as server:
        click.echo(f"Metrics at http://{host}:{port}/metrics")
        server.serve_forever()


def collect(settings: Settings, database: Database, accept: str = "") -> tuple[bytes, str]:
    """All metrics as text, and its content type."""
    from integration.jobs.gauges import queue_gauges
    from integration.observability.exposition import exposition
    from integration.services.gauges import store_gauges

    now = system_clock()
    return exposition(settings.data_dir, [*store_gauges(database, now), *queue_gauges(settings, now)], accept)


class _Threads(ThreadingMixIn, WSGIServer):
    """One who reads slowly keeps nobody else waiting."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """Writes no line for each of them."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library calls it so
        """Nothing."""


def _app(settings: Settings, database: Database) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"metrics are at /metrics\n"]
        text, content_type = collect(settings, database, environ.get("HTTP_ACCEPT", ""))
        start_response("200 OK", [("Content-Type", content_type)])
        return [text]

    return answer
