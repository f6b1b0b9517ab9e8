"""Without being asked for, or without the extra, traces are off and cost nothing but a line."""

from __future__ import annotations

import logging
import sys

import pytest

from integration.observability import tracing


def test_they_stay_off_unless_somebody_says_where_to_send_them() -> None:
    assert not tracing.start("web", {})
    with tracing.job_span("drain", tracing.carried()) as span:
        span.fail("failed")
    assert tracing.carried() == {}


def test_without_the_extra_a_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with caplog.at_level(logging.WARNING):
        assert not tracing.start("web", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    assert "pip install 'shelfwise-app[otel]'" in caplog.text
    assert not tracing.is_on()
