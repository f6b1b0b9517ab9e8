"""Finds a Chromium for browser tests, and installs one where that is possible: `python -m tests.browsers`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# What lets Chromium run in a container, and keeps it from calling home.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = ("Google Chrome", "Chromium")
INSTALL_SECONDS = 600


def find_chromium() -> Path | None:
    """An installed Chromium or Chrome that starts: the machine's own, or playwright's."""
    return next((each for each in _candidates() if _starts(each)), None)


def _candidates() -> list[Path]:
    found = [Path(path) for name in NAMES if (path := shutil.which(name))]
    found += [Path("/Applications") / f"{name}.app" / "Contents" / "MacOS" / name for name in MAC_APPS]
    return [*found, *_of_playwright()]


def _of_playwright() -> list[Path]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return [Path(playwright.chromium.executable_path)]


def _starts(program: Path) -> bool:
    if not program.exists():
        return False
    try:
        return subprocess.run([program, "--version"], check=False, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _install() -> None:
    _run([sys.executable, "-m", "playwright", "install", "chromium"])
    if find_chromium() is not None or shutil.which("apt-get") is None:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and not _run([*sudo, "true"]):
        return
    if _run([*sudo, "apt-get", "update"]):
        _run([*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "chromium"])


def _run(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=INSTALL_SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> None:
    """Find or install a Chromium; say in one sentence what came of it. Never fails: tests skip what they lack."""
    found = find_chromium()
    if found is None:
        print("No Chromium here yet: installing one (this may take a minute).", flush=True)
        _install()
        found = find_chromium()
    if found is None:
        print("Browser tests will be skipped: install Chromium or Chrome (Debian: apt-get install chromium).")
    else:
        print(f"Browser tests use {found}.")


if __name__ == "__main__":
    main()
