"""A load generator that runs as a process of its own: `python -m benchmarks.load --help`.

Closed loop: each connection sends its next request when the last one was answered (how many can be served).
Open loop (`--rate`): requests are due at fixed times, and latency counts from when one was due, so that a stall is
charged to every request that it held up.
"""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.wire import READ, connect, length_of, status_of

MOST_REQUESTS = 5_000_000
MOST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured. Latencies in milliseconds; `wrong`: answers that were not 2xx."""

    requests: int
    seconds: float
    per_second: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    worst_ms: float
    mean_bytes: float
    wrong: int


def run(port: int, requests: list[bytes], **options: float) -> Load:
    """Run the generator in a second process on ready-made requests, which are sent in turn."""
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "benchmarks.load", "--port", str(port), *flags]
    lines = b"\n".join(json.dumps(each.decode("latin-1")).encode() for each in requests)
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, input=lines, capture_output=True, check=False, cwd=root)
    if done.returncode != 0:
        raise RuntimeError(f"the load generator failed: {done.stderr.decode()[-2000:]}")
    return Load(**json.loads(done.stdout))


class _Generator:
    def __init__(self, port: int, requests: list[bytes], connections: int) -> None:
        self._requests = requests
        self._next = 0
        self._selector = selectors.DefaultSelector()
        self._idle = []
        self.latencies: list[float] = []
        self.bytes = self.wrong = 0
        for _ in range(connections):
            made = connect(port)
            made.setblocking(False)
            # [due, received, wanted]: what the connection is waiting for
            self._selector.register(made, selectors.EVENT_READ, [0.0, bytearray(), None])
            self._idle.append(made)

    def closed(self, seconds: float) -> float:
        """Keep every connection busy for a time; returns the seconds it took."""
        start = time.perf_counter()
        while self._idle:
            self._send(self._idle.pop(), time.perf_counter())
        while (now := time.perf_counter()) - start < seconds:
            for connection in self._receive(0.1):
                self._send(connection, time.perf_counter())
        return now - start

    def open(self, rate: float, seconds: float) -> float:
        """Send at a steady rate for a time; returns the seconds it took."""
        start = time.perf_counter()
        total, sent = int(rate * seconds), 0
        while len(self.latencies) < total:
            now = time.perf_counter()
            while sent < total and start + sent / rate <= now and self._idle:
                self._send(self._idle.pop(), start + sent / rate)
                sent += 1
            pause = 0.05 if sent >= total or not self._idle else max(0.0, start + sent / rate - time.perf_counter())
            self._idle += self._receive(pause)
            if now - start > seconds * 3 + 30:
                raise click.ClickException("the server does not keep up with this rate at all")
        return time.perf_counter() - start

    def _send(self, connection: Any, due: float) -> None:
        state = self._selector.get_key(connection).data
        state[0] = due
        state[1].clear()
        state[2] = None
        connection.sendall(self._requests[self._next])
        self._next = (self._next + 1) % len(self._requests)

    def _receive(self, pause: float) -> list[Any]:
        answered = []
        for key, _ in self._selector.select(pause):
            part = key.fileobj.recv(READ)  # type: ignore[union-attr]
            if not part:
                raise click.ClickException("the server closed a connection")
            state = key.data
            state[1] += part
            if state[2] is None:
                state[2] = length_of(state[1])
            if state[2] is not None and len(state[1]) >= state[2]:
                self.latencies.append(time.perf_counter() - state[0])
                self.bytes += state[2]
                self.wrong += not 200 <= status_of(state[1]) < 300
                answered.append(key.fileobj)
        return answered


@click.command()
@click.option("--port", type=int, required=True, help="Port on 127.0.0.1.")
@click.option("--connections", type=click.IntRange(1, 1000), default=16, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1, MOST_SECONDS), default=5.0, show_default=True)
@click.option(
    "--rate", type=click.FloatRange(0.0, 100_000), default=0.0, help="Requests a second; 0: as many as can be."
)
def main(port: int, connections: int, seconds: float, rate: float) -> None:
    """Load a server on this machine with the requests on standard input, each a line of JSON text."""
    requests = [json.loads(line).encode("latin-1") for line in sys.stdin if line.strip()]
    if rate * seconds > MOST_REQUESTS:
        raise click.UsageError(f"that is more than {MOST_REQUESTS:,} requests")
    generator = _Generator(port, requests, connections)
    took = generator.open(rate, seconds) if rate else generator.closed(seconds)
    if not generator.latencies:
        raise click.ClickException(f"not one answer came within {seconds:.1f} s")
    latencies = np.array(generator.latencies) * 1000
    p50, p90, p99 = (float(each) for each in np.percentile(latencies, [50, 90, 99]))
    count = len(latencies)
    worst = float(latencies.max())
    load = Load(count, took, count / took, p50, p90, p99, worst, generator.bytes / count, generator.wrong)
    click.echo(json.dumps(asdict(load)))


if __name__ == "__main__":
    main()
