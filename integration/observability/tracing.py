"""Traces by OpenTelemetry, from a request over its job to the statements of the store; off unless asked for.

They need the extra `otel` and OTEL_EXPORTER_OTLP_ENDPOINT, with all the other variables that OpenTelemetry defines.
Off, each call here costs a look at one name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

from integration.observability import context

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

log = logging.getLogger(__name__)

# Where a job holds what `carried` gave it.
CARRIED = "trace"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
LONGEST_STATEMENT = 2_000
FLUSH_MILLISECONDS = 2_000
# What an exception says may name a person; what it is called does not.
QUIETLY: Mapping[str, Any] = MappingProxyType({"record_exception": False, "set_status_on_exception": False})


class _Tracing:
    """Where this process's spans go: nowhere until `start`."""

    def __init__(self) -> None:
        self.tracer: Tracer | None = None
        self.provider: Any = None


HERE = _Tracing()


def start(role: str, environ: Mapping[str, str]) -> bool:
    """Send this process's spans where OTEL_EXPORTER_OTLP_ENDPOINT says. False where traces stay off."""
    if HERE.tracer is not None or not any(environ.get(name) for name in ENDPOINTS):
        return HERE.tracer is not None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces are asked for, but not installed: pip install 'shelfwise-app[otel]'")
        return False
    service = environ.get("OTEL_SERVICE_NAME", f"shelfwise-{role}")
    HERE.provider = TracerProvider(resource=Resource.create({"service.name": service}))
    HERE.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    HERE.tracer = HERE.provider.get_tracer("shelfwise")
    return True


def flush() -> None:
    """Send what waits, before a process ends that does not end by itself."""
    if HERE.provider is not None:
        HERE.provider.force_flush(FLUSH_MILLISECONDS)


def is_on() -> bool:
    """Whether spans go anywhere."""
    return HERE.tracer is not None


def span(name: str, **attributes: str | int) -> AbstractContextManager[object]:
    """What is done within is a span of the current trace."""
    if HERE.tracer is None:
        return nullcontext()
    told = {f"shelfwise.{key}": value for key, value in attributes.items()}
    return HERE.tracer.start_as_current_span(name, attributes=told, **QUIETLY)


class OpenSpan:
    """A span that is still to be told how it ended."""

    def __init__(self, span: Span | None = None) -> None:
        self._span = span

    def end(self, method: str, route: str, status: str) -> None:
        """Say what a request was and how it ended; an answer of 500 and more is an error."""
        if self._span is None:
            return
        self._span.update_name(f"{method} {route}")
        told: dict[str, str | int] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": int(status),
        }
        self._span.set_attributes(told)
        if status >= "500":
            self.fail(status)

    def fail(self, why: str) -> None:
        """Say that it failed."""
        if self._span is not None:
            _mark_failed(self._span, why)


@contextmanager
def request_span(environ: Mapping[str, Any]) -> Iterator[OpenSpan]:
    """The span of a request, a part of the trace that its `traceparent` names."""
    if HERE.tracer is None:
        yield OpenSpan()
        return
    from opentelemetry.trace import SpanKind

    parent = _parent({"traceparent": environ.get("HTTP_TRACEPARENT", "")})
    with HERE.tracer.start_as_current_span("request", context=parent, kind=SpanKind.SERVER, **QUIETLY) as made:
        made.set_attributes({f"shelfwise.{name}": value for name, value in context.current().items()})
        yield OpenSpan(made)


def carried() -> dict[str, str]:
    """What a job is given on its way, to go on in the trace of whoever asked for it; {} where there is none."""
    if HERE.tracer is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier


@contextmanager
def job_span(name: str, carrier: Mapping[str, str]) -> Iterator[OpenSpan]:
    """A job's span, in the trace that came with it. It is sent before the block ends, as a job's process just stops."""
    if HERE.tracer is None:
        yield OpenSpan()
        return
    from opentelemetry.trace import SpanKind

    told = {f"shelfwise.{key}": value for key, value in context.current().items()}
    try:
        with HERE.tracer.start_as_current_span(
            name, context=_parent(carrier), kind=SpanKind.CONSUMER, attributes=told, **QUIETLY
        ) as made:
            yield OpenSpan(made)
    finally:
        flush()


def _mark_failed(span: Span, why: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, why))


def _parent(carrier: Mapping[str, str]) -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract(carrier)


def watch(engine: Engine) -> None:
    """Make each statement of a store a span, with its text and never its values."""
    if HERE.tracer is None:
        return
    tracer = HERE.tracer
    system = "postgresql" if engine.dialect.name == "postgresql" else "sqlite"

    @event.listens_for(engine, "before_cursor_execute")
    def _begin(_connection: Any, _cursor: Any, statement: str, _values: Any, told: Any, _many: bool) -> None:
        from opentelemetry.trace import SpanKind

        verb = statement.lstrip().partition(" ")[0].upper()
        about = {"db.system.name": system, "db.query.text": statement[:LONGEST_STATEMENT]}
        told.shelfwise_span = tracer.start_span(verb, kind=SpanKind.CLIENT, attributes=about)

    @event.listens_for(engine, "after_cursor_execute")
    def _end(_connection: Any, _cursor: Any, _statement: str, _values: Any, told: Any, _many: bool) -> None:
        told.shelfwise_span.end()

    @event.listens_for(engine, "handle_error")
    def _fail(error: Any) -> None:
        failed = getattr(error.execution_context, "shelfwise_span", None)
        if failed is not None:
            _mark_failed(failed, type(error.original_exception).__name__)
            failed.end()
