"""Runs the processes of a Procfile together: all of them, or none."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message, Printer

from integration.cli.sessions import GRACE_SECONDS, end_sessions, kill_sessions
from integration.cli.watchdog import read_sessions

READY = "ready"
LONGEST_LOG_BYTES = 10_000_000

# What honcho's manager returns after Ctrl-C and after SIGTERM.
ASKED = (130, 143)

# What would train or drain while the shop is still being loaded.
GATED = ("worker", "scheduler")


class LogPrinter(Printer):  # type: ignore[misc]  # honcho has no types
    """Writes what the processes say into a log file, and once `quiet` has ended well to the terminal too."""

    def __init__(self, log: TextIO, quiet: subprocess.Popen[bytes]) -> None:
        super().__init__(log, time_format="%Y-%m-%d %H:%M:%S")
        self._terminal = Printer(sys.stdout)
        self._quiet = quiet

    def write(self, message: Message) -> None:
        """Write one line."""
        super().write(message)
        if message.name != SYSTEM_PRINTER_NAME and self._quiet.poll() == 0:
            self._terminal.width = self.width
            self._terminal.write(message)


class Together(Manager):  # type: ignore[misc]  # honcho has no types
    """Honcho's own manager, made to stop all that it has started at whatever moment it is asked to."""

    def __init__(self, printer: Printer) -> None:
        super().__init__(printer)
        self._asked_early = False
        self._first_stopped: dict[str, int] = {}

    def terminate(self) -> None:
        """Ask all processes to end, and kill what has not after a grace, even if nothing has."""
        if not super()._all_started():
            self._asked_early = True
            return
        signal.signal(signal.SIGALRM, lambda _number, _frame: self.kill())
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
        super().terminate()

    def kill(self) -> None:
        """Kill all that is left, and what it has started: that may hold on to its output, and to us with it."""
        kill_sessions([each["pid"] for each in self._processes.values() if each.get("returncode") is None])

    def stopped_by_itself(self) -> dict[str, int]:
        """Exit codes of processes that ended before they were asked to; none if somebody stopped us."""
        return {} if self.returncode in ASKED else self._first_stopped

    def _all_started(self) -> bool:
        started = bool(super()._all_started())
        if started and self._asked_early:
            self._asked_early = False
            self.terminate()
        return started

    def _any_stopped(self) -> bool:
        stopped = {name: each["returncode"] for name, each in self._processes.items() if "returncode" in each}
        if stopped and not self._terminating:
            self._first_stopped = stopped
        return bool(stopped)


def run_together(
    commands: Mapping[str, str], environ: Mapping[str, str], folder: Path, first: subprocess.Popen[bytes]
) -> dict[str, int]:
    """Run the commands until one of them ends or somebody stops us; leave none of them behind.

    folder: for the log and for the numbers of the processes. first: prepares things, in a session of its own; while
    it runs the terminal is its own, and what is `GATED` waits until it has made the file `READY`.
    Returns name -> exit code of what ended by itself, nothing where all went on until we were stopped.
    """
    numbers = folder / "run"
    numbers.mkdir(exist_ok=True)
    for old in [*numbers.glob("*.pid"), numbers / READY]:
        old.unlink(missing_ok=True)
    (numbers / "prepare.pid").write_text(str(first.pid))
    with _open_log(folder / "shelfwise.log") as log, _Watchdog(numbers):
        together = Together(LogPrinter(log, first))
        for name, command in commands.items():
            together.add_process(name, _in_shell(name, command, numbers), env=dict(environ))
        together.loop()
        signal.setitimer(signal.ITIMER_REAL, 0)
        end_sessions(read_sessions(numbers))
    return together.stopped_by_itself()


def _open_log(file: Path) -> TextIO:
    """A log that goes on where it ended; a long one is put aside, and the one before that is given up."""
    if file.is_file() and file.stat().st_size > LONGEST_LOG_BYTES:
        file.replace(file.with_suffix(".log.1"))
    return file.open("a")


def _in_shell(name: str, command: str, numbers: Path) -> str:
    note = f"echo $$ > {shlex.quote(str(numbers / name))}.pid"
    gate = f"until [ -e {shlex.quote(str(numbers / READY))} ]; do sleep 0.2; done"
    return "; ".join([note, *([gate] if name in GATED else []), f"exec {command}"])


class _Watchdog:
    """The other end of the watchdog's pipe: it is open for as long as we live."""

    def __init__(self, numbers: Path) -> None:
        self._numbers = numbers
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> None:
        command = [sys.executable, "-m", "integration.cli.watchdog", str(self._numbers)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        assert self._process.stdin is not None
        os.register_at_fork(after_in_child=self._forget)

    def __exit__(self, *_error: object) -> None:
        assert self._process is not None
        self._forget()
        self._process.wait()

    def _forget(self) -> None:
        # In a forked child too: its copy of the pipe would keep the watchdog waiting after we are gone.
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
