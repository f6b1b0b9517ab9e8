"""What each process of ours says first: how it writes its log, where its numbers go, whether it sends traces."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from integration.observability import logs, metrics, tracing
from integration.observability.catalogue import METRICS
from integration.settings import Settings


def observe(settings: Settings, role: str, environ: Mapping[str, str]) -> None:
    """From here on this process can be seen. role: "web", "worker" or "scheduler"; environ: for OpenTelemetry's own."""
    logs.configure(settings.log_format, role, level=settings.log_level)
    logging.captureWarnings(capture=True)
    metrics.share(settings.data_dir, role, METRICS)
    tracing.start(role, environ)
