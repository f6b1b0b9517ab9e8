"""Metrics as text for Prometheus: what the processes of this machine added up, and the gauges of the moment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path

import psutil
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from integration.observability import catalogue
from integration.observability.catalogue import METRICS
from integration.observability.cells import Slot, read_slots
from integration.observability.metrics import FOLDER, HERE, Counter, Gauge, Histogram, Metric, Reading


def exposition(data_dir: Path, readings: Iterable[Reading], accept: str = "") -> tuple[bytes, str]:
    """The text and its content type. accept: what the scraper can read; plain text unless it says OpenMetrics."""
    slots = list(read_slots(data_dir / FOLDER))
    values = [slot.values for slot in slots]
    if not HERE.is_shared:
        values.append(HERE.cells.values())
    registry = CollectorRegistry()
    registry.register(_Collected(_added(values), [*readings, *_of_machine(data_dir, slots)]))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Collected(Collector):
    """What prometheus_client writes down."""

    def __init__(self, added: dict[str, tuple[float, ...]], readings: Sequence[Reading]) -> None:
        self._added, self._readings = added, readings

    def collect(self) -> Iterator[Family]:
        for metric in METRICS.values():
            yield _family(metric, self._added, [each for each in self._readings if each.gauge is metric])


def _added(values: Iterable[dict[str, tuple[float, ...]]]) -> dict[str, tuple[float, ...]]:
    total: dict[str, tuple[float, ...]] = {}
    for each in values:
        for key, numbers in each.items():
            before = total.get(key)
            total[key] = numbers if before is None else tuple(map(float.__add__, before, numbers))
    return total


def _family(metric: Metric, added: dict[str, tuple[float, ...]], readings: Sequence[Reading]) -> Family:
    if isinstance(metric, Gauge):
        gauge = GaugeMetricFamily(metric.name, metric.text, labels=metric.labels)
        for reading in readings:
            gauge.add_metric(reading.labels, reading.value)
        return gauge
    if isinstance(metric, Histogram):
        return _histogram(metric, added)
    counter = CounterMetricFamily(metric.name, metric.text, labels=metric.labels)
    for labels, numbers in _series(metric, added):
        counter.add_metric(labels, numbers[0])
    if not metric.labels and not counter.samples:
        counter.add_metric((), 0)
    return counter


def _histogram(metric: Histogram, added: dict[str, tuple[float, ...]]) -> Family:
    family = HistogramMetricFamily(metric.name, metric.text, labels=metric.labels)
    bounds = [*(str(float(bound)) for bound in metric.bounds), "+Inf"]
    for labels, numbers in _series(metric, added):
        family.add_metric(labels, list(zip(bounds, accumulate(numbers[:-1]), strict=True)), numbers[-1])
    return family


def _series(
    metric: Counter | Histogram | Metric, added: dict[str, tuple[float, ...]]
) -> Iterator[tuple[list[str], tuple[float, ...]]]:
    """Labels and numbers of each series of this metric, as this version knows it."""
    more = [list(metric.bounds)] if isinstance(metric, Histogram) else []
    for key, numbers in sorted(added.items()):
        name, *labels = json.loads(key)
        if name == metric.name and labels[len(metric.labels) :] == more:
            yield labels[: len(metric.labels)], numbers


def _of_machine(data_dir: Path, slots: Sequence[Slot]) -> Iterator[Reading]:
    """What runs here: its version, the processes of each role, what memory they hold, what room is left on the disk."""
    yield Reading(catalogue.BUILD, 1, (version("shelfwise-app"),))
    for role in sorted({slot.role for slot in slots}):
        live = [slot for slot in slots if slot.role == role and slot.is_live]
        yield Reading(catalogue.PROCESSES, len(live), (role,))
        yield Reading(catalogue.MEMORY_BYTES, sum(_memory(slot.pid) for slot in live), (role,))
    if data_dir.is_dir():
        yield Reading(catalogue.DISK_FREE_BYTES, psutil.disk_usage(str(data_dir)).free)


def _memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
