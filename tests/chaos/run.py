"""Break the running app on purpose: `make test-chaos`. docs/developers/chaos.md says how to read it."""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import threading
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from benchmarks.stock_race import PRODUCT, Seen, violates
from benchmarks.wire import Client, get_bytes
from integration.services.secrets import Vault
from integration.settings import Settings
from integration.storage.database import Database
from tests.chaos import ledger
from tests.chaos.house import House, keep_logs, wait_until
from tests.chaos.sender import PRODUCTS, Sender

# A fault: what is hit, by which signal, and whether only one of its processes is.
KINDS = {
    "web process killed": ("web", signal.SIGKILL, True),
    "web host killed": ("web", signal.SIGKILL, False),
    "worker killed": ("worker", signal.SIGKILL, False),
    "scheduler killed": ("scheduler", signal.SIGKILL, False),
    "redis killed": ("redis", signal.SIGKILL, False),
    "postgresql killed": ("postgresql", signal.SIGKILL, False),
    "redis hangs": ("redis", signal.SIGSTOP, False),
    "worker hangs": ("worker", signal.SIGSTOP, False),
}
HANG_SECONDS, SETTLED_SECONDS, DRAIN_SECONDS = 2.0, 3.0, 180.0


@dataclass
class Report:
    """What a run came to. Everything in `wrong` is a promise that was broken."""

    seed: int
    store: str
    faults: Counter[str] = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def table(self) -> str:
        """For people."""
        lines = [f"chaos on {self.store}, seed {self.seed}", ""]
        lines += [f"{name:<42}{count:>10,}" for name, count in {**self.faults, **self.counts}.items()]
        lines += [
            f"{'longest until ready again: ' + name:<42}{seconds:>9.1f}s" for name, seconds in self.slowest.items()
        ]
        return "\n".join([*lines, "", *(self.wrong[:20] or ["no promise was broken"])])


class Reader(threading.Thread):
    """Asks for slates, each on a connection of its own, so that every web process answers some."""

    def __init__(self, port: int, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._port, self._draw, self._stop_asked = port, random.Random(seed), stop
        self.seen: list[Seen] = []
        self.failed: list[tuple[float, str]] = []

    def run(self) -> None:
        """Ask until told to stop."""
        while not self._stop_asked.is_set():
            placement, product = self._draw.choice(["home", "product", "cart"]), self._draw.randrange(PRODUCTS)
            client = Client(self._port)
            asked = time.monotonic()
            try:
                status, body = client.send(
                    get_bytes(f"/v1/slates?shop=one&placement={placement}&count=48&product=p{product}")
                )
                if status == 200:
                    numbers = array("H", [int(each[1:]) for each in PRODUCT.findall(body)])
                    self.seen.append((asked, time.monotonic(), numbers))
                else:
                    self.failed.append((asked, f"{status}"))
            except (OSError, ValueError) as error:
                self.failed.append((asked, repr(error)))
            finally:
                client.close()
            time.sleep(0.01)


def run(folder: Path, *, kills: int, seed: int, on_postgres: bool, most_seconds: float = 7200.0) -> Report:
    """Load the app, hit it so many times, let it come to rest, and compare what it holds with what was sent."""
    report = Report(seed, "PostgreSQL" if on_postgres else "SQLite")
    house, stop = House(folder, on_postgres), threading.Event()
    try:
        house.start()
        database = Database(house.settings.database_url)
        ledger.make_shops(database, Vault(house.settings.secret_keys))
        house.start_app()
        senders = [
            Sender(house.port, key, ledger.SECRET, number, seed, stop, on_shopify=key == "shopify")
            for number, key in enumerate(ledger.SHOPS)
        ]
        for sender in senders:
            sender.fill()
        reader = Reader(house.port, seed, stop)
        for thread in (*senders, reader):
            thread.start()
        windows = _break(house, report, random.Random(seed), kills, time.monotonic() + most_seconds)
        stop.set()
        for thread in (*senders, reader):
            thread.join(DRAIN_SECONDS)
        _rest(database, report)
        judge(database, house.settings, senders, report)
        judge_slates(senders[0], reader, windows, report)
        database.close()
    finally:
        stop.set()
        house.stop()
    return report


def _break(
    house: House, report: Report, draw: random.Random, kills: int, until: float
) -> Sequence[tuple[float, float]]:
    """Hit so many times. Returns when each outage began and ended."""
    kinds = [name for name, (victim, _, _) in KINDS.items() if victim in house.kept]
    windows = []
    deck: list[str] = []
    for number in range(kills):
        deck = deck or draw.sample(kinds, len(kinds))
        kind = deck.pop()
        time.sleep(draw.uniform(0.2, 1.5))
        if time.monotonic() > until:
            report.wrong.append(f"time was up after {number} of {kills} faults")
            break
        victim, sign, only_one = KINDS[kind]
        began = time.monotonic()
        house.kept[victim].signal(sign, child=only_one)
        if sign == signal.SIGSTOP:
            time.sleep(draw.uniform(0.5, HANG_SECONDS))
            house.kept[victim].signal(signal.SIGCONT)
        report.faults[kind] += 1
        time.sleep(0.15)
        wait_until(house.is_ready, f"the app, after: {kind}")
        ended = time.monotonic()
        report.slowest[kind] = max(report.slowest.get(kind, 0.0), ended - began)
        windows.append((began, ended + SETTLED_SECONDS))
        if sys.stderr.isatty():
            click.echo(f"\r{number + 1}/{kills} {kind:<24}", nl=False, err=True)
    return windows


def _rest(database: Database, report: Report) -> None:
    """Wait until nothing waits to be applied."""
    with suppress(TimeoutError):
        took = wait_until(
            lambda: all(status != "waiting" for _, status in ledger.kept(database)), "rest", DRAIN_SECONDS
        )
        report.slowest["rest after the last delivery"] = took


def judge(database: Database, settings: Settings, senders: Sequence[Sender], report: Report) -> None:
    """Compare what is kept with what was sent, and the state with that of a replay."""
    kept = ledger.kept(database)
    keys = Counter(key for key, _ in kept)
    sent = {key: each for sender in senders for key, each in sender.sent.items()}
    acknowledged = {key for sender in senders for key in sender.acknowledged}
    forged = {key for sender in senders for key in sender.forged}
    statuses = Counter(status for _, status in kept)
    report.counts |= {
        "sent": len(sent),
        "acknowledged": len(acknowledged),
        "sent again for want of an answer": sum(each.retries for each in senders),
        "repeats of what was acknowledged": sum(each.repeats for each in senders),
        "forged": len(forged),
        "kept": len(kept),
        "lost": len(acknowledged - set(keys)),
        "doubled": sum(count > 1 for count in keys.values()),
        "never sent, yet kept": len(set(keys) - set(sent)),
        "still waiting": statuses["waiting"],
        "parked": statuses["parked"],
    }
    for name in ("lost", "doubled", "never sent, yet kept", "still waiting", "parked"):
        if report.counts[name]:
            report.wrong.append(f"{report.counts[name]} deliveries: {name}")
    report.wrong += [each for sender in senders for each in sender.wrong]
    with tempfile.TemporaryDirectory() as folder:
        expected = ledger.replay(Path(folder), settings, [sent[key] for key in keys if key in sent])
    for table, rows in ledger.state(database).items():
        differ = set(rows) ^ set(expected[table])
        report.counts[f"rows of {table}"] = len(rows)
        if rows != expected[table]:
            report.wrong.append(f"{table} is not what a replay gives: {len(rows)} rows, {sorted(differ)[:4]}")


def judge_slates(sender: Sender, reader: Reader, windows: Sequence[tuple[float, float]], report: Report) -> None:
    sold_out = [each for each in reader.seen if violates(each, sender.gone)]
    outside = [
        (at, what) for at, what in reader.failed if not any(began - 1 <= at <= ended for began, ended in windows)
    ]
    report.counts |= {
        "slates": len(reader.seen),
        "slates with something in them": sum(bool(each[2]) for each in reader.seen),
        "times a product sold out": sum(map(len, sender.gone.values())),
        "sold-out slates": len(sold_out),
        "slates unanswered during a fault": len(reader.failed) - len(outside),
        "slates unanswered otherwise": len(outside),
    }
    if sold_out:
        report.wrong.append(f"{len(sold_out)} slates held what was sold out")
    if outside:
        report.wrong.append(f"{len(outside)} slates failed outside of any fault: {outside[:3]}")


@click.command()
@click.option("--kills", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--store", type=click.Choice(["sqlite", "postgresql"]), default="postgresql", show_default=True)
@click.option("--logs", type=click.Path(path_type=Path), help="Keep what the processes said here if it goes wrong.")
def main(kills: int, seed: int, store: str, logs: Path | None) -> None:
    """Break the app so many times while it is at work, and say whether it kept its promises."""
    with tempfile.TemporaryDirectory(prefix="chaos-", dir="/tmp") as folder:
        try:
            report = run(Path(folder), kills=kills, seed=seed, on_postgres=store == "postgresql")
        except BaseException:
            keep_logs(Path(folder), logs or Path("var") / "chaos")
            raise
        if report.wrong:
            keep_logs(Path(folder), logs or Path("var") / "chaos")
    click.echo(report.table())
    sys.exit(bool(report.wrong))


if __name__ == "__main__":
    main()
