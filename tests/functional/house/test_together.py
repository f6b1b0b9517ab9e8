"""Processes that are started together stop together, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integration.cli.sessions import members
from integration.cli.watchdog import read_sessions

RUN = """
import os, subprocess, sys
from pathlib import Path
from integration.cli.supervisor import run_together
folder, commands = Path(sys.argv[1]), dict(each.split("=", 1) for each in sys.argv[2:])
first = subprocess.Popen(commands.pop("first"), shell=True, start_new_session=True)
print(run_together(commands, dict(os.environ), folder, first), flush=True)
"""
STUBBORN = f"{sys.executable} -c 'import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(99)'"
# A child of a process that moves to a group of its own, as the jobs of a worker do.
FAMILY = f"{sys.executable} -c 'import os, time; os.fork() or os.setpgrp(); print(1); time.sleep(99)'"
DEADLINE_SECONDS = 20

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts commands together under `tmp_path` and kills what a failed test would leave behind."""
    started: list[subprocess.Popen[str]] = []

    def run(first: str = "true", **commands: str) -> subprocess.Popen[str]:
        named = [f"{name}={command}" for name, command in {"first": first, **commands}.items()]
        command = [sys.executable, "-c", RUN, str(tmp_path), *named]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        wait_for(lambda: len(running(tmp_path)) >= len(commands))
        wait_for(lambda: (tmp_path / "shelfwise.log").read_text().count("started (pid=") == len(commands))
        return process

    yield run
    for each in started:
        each.kill()
        each.communicate()
    for left in running(tmp_path):
        os.kill(left, signal.SIGKILL)


def running(folder: Path) -> list[int]:
    return members(read_sessions(folder / "run"))


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_ends_all_and_names_nobody(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    process = start(a="sleep 99", b="sleep 99")
    process.send_signal(number)
    assert process.communicate(timeout=DEADLINE_SECONDS)[0].strip() == "{}"
    assert running(tmp_path) == []


def test_what_hangs_is_killed_after_a_grace_even_if_all_of_it_hangs(start: Start, tmp_path: Path) -> None:
    process = start(a=STUBBORN, b=STUBBORN)
    wait_for(lambda: (tmp_path / "shelfwise.log").read_text().count("| 1\n") == 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE_SECONDS)
    assert running(tmp_path) == []


def test_one_that_dies_is_named_with_its_code_and_the_rest_is_stopped(start: Start, tmp_path: Path) -> None:
    process = start(a="sleep 99", b="sh -c 'sleep 0.5; exit 3'")
    assert process.communicate(timeout=DEADLINE_SECONDS)[0].strip() == "{'b': 3}"
    assert running(tmp_path) == []


@pytest.mark.parametrize("kind", ["sleep 99", STUBBORN, FAMILY])
def test_nothing_outlives_a_killed_parent(start: Start, tmp_path: Path, kind: str) -> None:
    process = start(a=kind, b="sleep 99", first="sleep 99")
    process.kill()
    process.wait()
    wait_for(lambda: running(tmp_path) == [])


def test_a_job_in_a_process_group_of_its_own_is_stopped_too(start: Start, tmp_path: Path) -> None:
    process = start(a=FAMILY, b="sleep 99")
    wait_for(lambda: len(running(tmp_path)) >= 3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE_SECONDS)
    assert running(tmp_path) == []


def test_while_the_first_one_runs_the_terminal_is_its_own(start: Start, tmp_path: Path) -> None:
    process = start(a="sh -c 'echo early; until [ -e late ]; do sleep 0.1; done; echo late; sleep 99'", first="sleep 2")
    log = tmp_path / "shelfwise.log"
    wait_for(lambda: "early" in log.read_text())
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=DEADLINE_SECONDS)[0]
    assert "early" not in said


def test_a_worker_waits_until_all_is_ready(start: Start, tmp_path: Path) -> None:
    process = start(worker="echo working; sleep 99", web="sleep 99")
    log = tmp_path / "shelfwise.log"
    assert "working" not in log.read_text()
    (tmp_path / "run" / "ready").touch()
    wait_for(lambda: "working" in log.read_text())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=DEADLINE_SECONDS)
