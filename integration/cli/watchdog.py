"""Outlives `shelfwise up`, to end what it started should it be killed without a chance to do so itself.

Run as `python -m integration.cli.watchdog FOLDER`. Standard input is a pipe that only `shelfwise up` writes to: its
end means that `shelfwise up` is gone, however that came about.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from integration.cli.sessions import end_sessions


def read_sessions(folder: Path) -> set[int]:
    """The sessions whose leaders wrote their numbers down in this folder."""
    texts = [each.read_text().strip() for each in folder.glob("*.pid")]
    return {int(text) for text in texts if text.isdigit()}


def main() -> None:
    """Wait for the pipe to end, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(sys.stdin.fileno(), 1):
        pass
    end_sessions(read_sessions(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
