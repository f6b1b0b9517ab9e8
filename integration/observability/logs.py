"""How log lines look, for the web, the worker, the scheduler and the command line alike."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from integration.observability import context
from integration.observability.catalogue import LOGGED

# What a person reads in colour is not for a log; a line end within a line would make two of it.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
LONGEST_MESSAGE = 8_000
LONGEST_TRACEBACK = 16_000

Cleaner = Callable[[str], str]
_cleaners: list[Cleaner] = []

# Loggers of libraries that say at "info" what is of no use to an operator.
TALKATIVE = ("alembic", "httpx", "urllib3", "opentelemetry")


def clean_with(cleaner: Cleaner) -> None:
    """Have every text of every line pass through this first; where secrets and personal data are taken out."""
    if cleaner not in _cleaners:
        _cleaners.append(cleaner)


def configure(log_format: str, role: str, *, level: str = "info") -> None:
    """Write all lines of this process so; said once, where it starts. Lines of libraries too.

    log_format: "text" or "json". role: which process speaks, such as "web".
    """
    handler = _ToStderr()
    handler.setFormatter(JsonLines(role) if log_format == "json" else TextLines())
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _ToStderr)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class _ToStderr(logging.Handler):
    """Writes lines to what is standard error at that moment, and counts those that somebody should look at."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        if record.levelno >= logging.WARNING:
            LOGGED.add(record.levelname.lower())
        try:
            # In one piece: lines of several processes may go to one place.
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - as the standard library's own: a log never breaks what it tells of
            self.handleError(record)


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how bad, who says it, what, and what it is about."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "role": self._role,
            "process": record.process,
            "message": _message(record),
            **_cleaned(context.current()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = _clean(self.formatException(record.exc_info))[-LONGEST_TRACEBACK:]
        return json.dumps(line, default=str)


class TextLines(logging.Formatter):
    """For a person: the level where it matters, what is said, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record; a traceback follows on lines of its own."""
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        about = " ".join(f"{name}={value}" for name, value in _cleaned(context.current()).items())
        line = f"{level}{_one_line(_message(record))}{f'  [{_one_line(about)}]' if about else ''}"
        if record.exc_info and record.exc_info[0] is not None:
            line += "\n" + _clean(self.formatException(record.exc_info))[-LONGEST_TRACEBACK:]
        return line


def _message(record: logging.LogRecord) -> str:
    return _clean(COLOURS.sub("", record.getMessage()))[:LONGEST_MESSAGE]


def _cleaned(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _clean(value) if isinstance(value, str) else value for name, value in fields.items()}


def _clean(text: str) -> str:
    for cleaner in _cleaners:
        text = cleaner(text)
    return text


def _one_line(text: str) -> str:
    return CONTROLS.sub(" ", text.replace("\n", " | "))
