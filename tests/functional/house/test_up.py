"""`shelfwise up`: from a file of orders to a storefront, twice; and what stands in its way is one sentence."""

from __future__ import annotations

import csv
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
import requests

from benchmarks.web_server import free_port
from integration.cli.sessions import members
from integration.cli.watchdog import read_sessions

START_SECONDS = 120


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of a small shop's orders."""
    file = tmp_path_factory.mktemp("orders") / "Corner shop.csv"
    random, day = Random(7), datetime(2026, 1, 1)  # noqa: DTZ001 -- as tills write it
    with file.open("w", newline="") as output:
        rows = csv.writer(output)
        rows.writerow(["Order ID", "SKU", "Title", "Quantity", "Date", "Price", "Customer"])
        for number in range(400):
            first = random.randrange(30)
            when = day + timedelta(hours=20 * number)
            for product in {first, (first + 1) % 30, random.randrange(30)}:
                rows.writerow([number, f"P{product}", f"Product {product}", 1, when, "4.50", random.randrange(60)])
    return file


class Running:
    """One `shelfwise up`, watched."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self.data = folder / "my data"
        self.port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")}
        self._out = folder / f"out-{self.port}"
        command = [sys.executable, "-m", "integration.cli", "up", "--port", str(self.port), *arguments]
        with self._out.open("w") as output:
            self.process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**kept, "SHELFWISE_DATA_DIR": str(self.data), **environ},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._out.read_text()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + START_SECONDS
        while not condition():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)

    def wait_for_the_box(self) -> str:
        self.wait_until(lambda: "Ctrl-C stops everything" in self.said)
        return self.said

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def left(self) -> list[int]:
        return members(read_sessions(self.data / "run"))


Start = Callable[..., Running]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def start(*arguments: str, **environ: str) -> Running:
        started.append(Running(tmp_path, *arguments, **environ))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.stop(signal.SIGTERM)


def test_a_file_of_orders_becomes_a_shop_and_a_second_start_goes_on_with_it(up: Start, orders: Path) -> None:
    first = up("--orders", str(orders), "--currency", "EUR")
    said = first.wait_for_the_box()
    assert "kept: order lines" in said
    assert "HR@10" in said
    assert "This shop is corner-shop" in said
    assert first.get("/demo/").ok
    slate = first.get("/v1/slates?shop=corner-shop&placement=product&product=P3&count=4").json()
    assert slate["model_version"]
    assert len(slate["items"]) == 4
    assert slate["items"][0]["price"]["currency"] == "EUR"
    assert first.stop() == 0
    assert first.left() == []
    for name in (".", "secret.key"):
        assert stat.S_IMODE((first.data / name).stat().st_mode) & 0o077 == 0

    second = up("--orders", str(orders))
    said = second.wait_for_the_box()
    assert "importing" not in said
    assert "published" not in said.partition("last fit")[0]
    again = second.get("/v1/slates?shop=corner-shop&placement=product&product=P3&count=4").json()
    assert again["model_version"] == slate["model_version"]
    assert second.stop(signal.SIGTERM) == 0
    assert second.left() == []


def test_a_process_that_dies_is_named_and_takes_the_rest_with_it(up: Start, orders: Path) -> None:
    running = up("--orders", str(orders))
    running.wait_for_the_box()
    os.kill(int((running.data / "run" / "scheduler.pid").read_text()), signal.SIGKILL)
    assert running.process.wait(30) == 1
    assert "shelfwise: scheduler ended (code -9), so the rest was stopped" in running.said
    assert running.left() == []


def test_nothing_outlives_it_when_it_is_killed(up: Start, orders: Path) -> None:
    running = up("--orders", str(orders))
    running.wait_for_the_box()
    running.stop(signal.SIGKILL)
    end = time.monotonic() + 20
    while running.left() and time.monotonic() < end:
        time.sleep(0.05)
    assert running.left() == []


def test_a_wrong_file_is_one_sentence_and_leaves_no_process(up: Start, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("colour,shape\nred,round\n")
    running = up("--orders", str(wrong))
    assert running.process.wait(START_SECONDS) == 1
    assert "shelfwise demo: wrong.csv" in running.said
    assert "Traceback" not in running.said
    assert running.left() == []


def test_a_missing_file_is_one_sentence(up: Start) -> None:
    running = up("--orders", "nowhere.csv")
    assert running.process.wait(30) == 1
    assert running.said == "Error: there is no file nowhere.csv\n"


def test_a_taken_port_is_one_sentence_that_says_how_to_choose_another(up: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        running = up("--port", str(port))
        assert running.process.wait(30) == 1
    assert running.said.startswith(f"Error: port {port} is taken: choose another one, such as make run PORT={port + 1}")
    assert len(running.said.splitlines()) == 1


def test_a_second_one_on_the_same_data_is_refused(up: Start, orders: Path) -> None:
    first = up("--orders", str(orders))
    first.wait_until((first.data / "run" / "web.pid").exists)
    second = up("--orders", str(orders))
    assert second.process.wait(30) == 1
    assert f"already runs on the data in {first.data} (process {first.process.pid})" in second.said
    assert "Traceback" not in first.said


def test_a_bad_setting_is_one_sentence(up: Start) -> None:
    running = up(SHELFWISE_WEB_PROCESSES="several")
    assert running.process.wait(30) == 1
    assert running.said == "Error: SHELFWISE_WEB_PROCESSES: 'several' is not a whole number\n"


def test_ctrl_c_at_any_moment_of_the_start_stops_it(up: Start, orders: Path) -> None:
    running = up("--orders", str(orders))
    running.wait_until((running.data / "run" / "prepare.pid").exists)
    assert running.stop() == 0
    assert running.left() == []
    assert "Traceback" not in running.said
