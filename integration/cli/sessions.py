"""Ends whole sessions of processes: what was started in one, whatever process group it moved to since."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection
from pathlib import Path

GRACE_SECONDS = 5.0
POLL_SECONDS = 0.05
PROC = Path("/proc")


def end_sessions(sessions: Collection[int], *, grace_seconds: float = GRACE_SECONDS) -> None:
    """Ask every process of these sessions to end; kill what has not by the end of the grace."""
    _signal(members(sessions), signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while members(sessions) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    kill_sessions(sessions)


def kill_sessions(sessions: Collection[int]) -> None:
    """Kill every process of these sessions."""
    _signal(members(sessions), signal.SIGKILL)


def members(sessions: Collection[int]) -> list[int]:
    """The processes of these sessions that still run, without ourselves."""
    if not sessions:
        return []
    return [pid for pid in _running() if pid != os.getpid() and _session_of(pid) in sessions]


def _running() -> list[int]:
    """Every process of the machine, but zombies: they have ended already."""
    if PROC.is_dir():
        return [int(each.name) for each in PROC.iterdir() if each.name.isdigit() and not _is_zombie(each)]
    # macOS has no /proc, and always has `ps`; a small Linux has /proc, and may lack `ps`.
    listed = subprocess.run(["/bin/ps", "-A", "-o", "pid=,stat="], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [int(pid) for pid, state in rows if not state.startswith("Z")]


def _is_zombie(process: Path) -> bool:
    try:
        return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _signal(pids: Collection[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
