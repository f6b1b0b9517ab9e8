"""`shelfwise health`: for a container's or a service manager's question whether a process is well."""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Callable

import click

from integration.settings import Settings

WEB_SECONDS = 3.0


@click.command()
@click.argument("process", type=click.Choice(["web", "worker", "scheduler"]))
def health(process: str) -> None:
    """Ends with code 0 where this machine's process of this kind is well, and with 1 and a sentence where it isn't."""
    settings = Settings.from_environ(os.environ)
    if trouble := {"web": _web, "worker": _worker, "scheduler": _scheduler}[process](settings):
        raise click.ClickException(trouble)
    click.echo(f"The {process} is well.")


def _web(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - any address is ours
    connection = http.client.HTTPConnection(host, settings.port, timeout=WEB_SECONDS)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        return "" if answer.status == http.client.OK else f"the web process is not ready: {answer.read().decode()}"
    except OSError as error:
        return f"no web process answers at {host}:{settings.port}: {error}"
    finally:
        connection.close()


def _worker(settings: Settings) -> str:
    from integration.jobs.beats import worker_hosts

    return _lives(settings, "worker") or _is_known(settings, "worker", worker_hosts)


def _scheduler(settings: Settings) -> str:
    from integration.jobs.beats import scheduler_hosts

    return _lives(settings, "scheduler") or _is_known(settings, "scheduler", scheduler_hosts)


def _lives(settings: Settings, role: str) -> str:
    from integration.observability.cells import read_slots
    from integration.observability.metrics import FOLDER

    if any(slot.is_live and slot.role == role for slot in read_slots(settings.data_dir / FOLDER)):
        return ""
    return f"no {role} runs on this machine with the data folder {settings.data_dir}"


def _is_known(settings: Settings, role: str, hosts: Callable[[Settings], set[str]]) -> str:
    """A process that hangs gives no more signs of life; where Redis can't be asked nobody knows, and it only waits."""
    from redis.exceptions import RedisError

    try:
        known = hosts(settings)
    except RedisError:
        return ""
    here = socket.gethostname()
    return "" if here in known else f"the {role} of {here} has given no sign of life for a while"
