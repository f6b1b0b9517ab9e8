"""The real web server of a benchmark or a test, as processes of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from benchmarks.plain_server import LENGTH
from benchmarks.wire import Client, get_bytes
from integration.settings import PREFIX, Settings

START_SECONDS = 60.0
STOP_SECONDS = 10.0


def free_port() -> int:
    """A port on this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(settings: Settings, port: int) -> dict[str, str]:
    """The environment of a process with these settings, listening on a port of its own."""
    values = {
        PREFIX + each.name.upper(): str(getattr(settings, each.name))
        for each in fields(settings)
        if each.name != "port"
    }
    values[PREFIX + "PORT"] = str(port)
    values[PREFIX + "PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**kept, **values}


@contextmanager
def served(settings: Settings) -> Iterator[int]:
    """Run `shelfwise web` with these settings and give its port."""
    port = free_port()
    with _running([sys.executable, "-m", "integration.cli", "web"], environment(settings, port)) as process:
        _wait(process, port)
        yield port


@contextmanager
def constant_served(settings: Settings, length: int) -> Iterator[int]:
    """Run a view that returns a constant of so many bytes on the very same server, and give its port."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.plain_server"]
    with _running(command, {**environment(settings, port), LENGTH: str(length)}) as process:
        _wait(process, port)
        yield port


@contextmanager
def _running(command: list[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    root = Path(__file__).resolve().parents[1]
    process = subprocess.Popen(
        command, env=environ, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    client = Client(port)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web server stopped with exit code {process.returncode}")
        try:
            status, _ = client.send(get_bytes("/health"))
        except OSError:
            time.sleep(0.05)
            continue
        finally:
            client.close()
        if status == 200:
            return
    raise RuntimeError(f"the web server did not answer within {START_SECONDS:.0f} s")
