"""A line of the log is one line, says what it is about, and can be cleaned."""

from __future__ import annotations

import json
import logging
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.observability import logs
from integration.observability.context import about, request_id
from integration.observability.logs import JsonLines, TextLines


def record(message: str, *values: object, failed: bool = False) -> logging.LogRecord:
    error = None
    try:
        int("first line\nsecond line")
    except ValueError:
        error = sys.exc_info() if failed else None
    return logging.LogRecord("a.logger", logging.WARNING, __file__, 1, message, values, error)


@given(message=st.text(), shop=st.text())
def test_whatever_is_said_is_one_json_object_on_one_line(message: str, shop: str) -> None:
    with about(shop=shop):
        line = JsonLines("web").format(record("%s", message, failed=True))
    assert len(line.splitlines()) == 1
    told = json.loads(line)
    assert (told["level"], told["role"], told["shop"], told["error"]) == ("warning", "web", shop, "ValueError")
    assert "second line" in told["traceback"]


@given(message=st.text())
def test_nobody_can_write_a_second_line_for_a_person(message: str) -> None:
    assert len(TextLines().format(record("%s", message)).splitlines()) == 1


def test_a_line_says_what_it_is_about_and_forgets_it_afterwards() -> None:
    with about(shop=7), about(delivery=12):
        assert TextLines().format(record("late")) == "warning: late  [shop=7 delivery=12]"
    assert TextLines().format(record("late")) == "warning: late"


def test_a_thread_is_about_nothing_that_another_is_about() -> None:
    lines = []
    with about(shop=7):
        other = threading.Thread(target=lambda: lines.append(TextLines().format(record("late"))))
        other.start()
        other.join()
    assert lines == ["warning: late"]


def test_a_huge_message_is_cut() -> None:
    assert len(JsonLines("web").format(record("x" * 1_000_000))) < 10_000


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_cleaners", [])
    logs.clean_with(lambda text: text.replace("shpat_1234", "***"))


def test_every_text_is_cleaned_before_it_is_written(cleaned: None) -> None:
    with about(shop="shpat_1234"):
        for lines in (JsonLines("web"), TextLines()):
            assert "shpat_1234" not in lines.format(record("the token %s", "shpat_1234"))


def test_a_request_keeps_the_name_it_came_with_if_it_is_one() -> None:
    assert request_id("from-the-proxy-1") == "from-the-proxy-1"
    for wrong in ("", "short", "x" * 65, "two\nlines and more", 'a"quote-in-it'):
        assert request_id(wrong) != wrong
        assert request_id(request_id(wrong)) != ""
