"""Kinds of metrics. A counter and a histogram are added to where something happens, a gauge is read when asked for.

What they are stands in one table, `catalogue`. Names, labels and units follow Prometheus' conventions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from integration.observability.cells import Cells, open_cells

# More than any metric of ours needs: what a stranger can choose never becomes a label, and this holds it to it.
MOST_SERIES = 300
OTHER = "other"

FOLDER = "metrics"


class _Process:
    """Where this process's numbers are. They begin in its own memory."""

    def __init__(self) -> None:
        self.cells = Cells()
        self.is_shared = False


HERE = _Process()


@dataclass(frozen=True, slots=True)
class Metric:
    """What is counted. text: one sentence for who reads the table; labels: their names, in the order of the values."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    _places: dict[tuple[str, ...], int] = field(default_factory=dict, compare=False, repr=False)

    def _place(self, values: tuple[str, ...], count: int) -> int:
        """Where this series is; past MOST_SERIES of them all further ones are one."""
        if len(values) != len(self.labels):
            raise ValueError(f"{self.name} takes the labels {self.labels}, not {values}")
        if len(self._places) >= MOST_SERIES:
            return HERE.cells.place(self.key((OTHER,) * len(values)), count)
        at = self._places[values] = HERE.cells.place(self.key(values), count)
        return at

    def key(self, values: tuple[str, ...]) -> str:
        """What the series is called in the file of a process."""
        return json.dumps([self.name, *values])

    def forget_places(self) -> None:
        """The numbers are elsewhere from here on."""
        self._places.clear()


@dataclass(frozen=True, slots=True)
class Counter(Metric):
    """Something that happens, and is added up for ever."""

    def add(self, *values: str, by: float = 1.0) -> None:
        """Count it, under these values of its labels."""
        at = self._places.get(values)
        HERE.cells.add(self._place(values, 1) if at is None else at, by)


@dataclass(frozen=True, slots=True)
class Histogram(Metric):
    """How something is spread. bounds: the upper bounds of the classes, ascending; past the last is one more."""

    bounds: tuple[float, ...] = ()

    def observe(self, value: float, *values: str) -> None:
        """Count a value (seconds, where the name says so), under these values of its labels."""
        at = self._places.get(values)
        HERE.cells.observe(self._place(values, len(self.bounds) + 2) if at is None else at, self.bounds, value)

    def key(self, values: tuple[str, ...]) -> str:
        """With the bounds: another version's other classes are another series, which is left out."""
        return json.dumps([self.name, *values, list(self.bounds)])


@dataclass(frozen=True, slots=True)
class Gauge(Metric):
    """How something stands now, read from the store, from Redis or from the machine when somebody asks."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a gauge stands, under these values of its labels."""

    gauge: Gauge
    value: float
    labels: tuple[str, ...] = ()


def share(data_dir: Path, role: str, metrics: Mapping[str, Metric]) -> None:
    """From here on this process's numbers are seen by the others of this machine; said once, where a process starts.

    role: "web", "worker" or "scheduler". Where the folder can't be written they stay its own.
    """
    HERE.cells = open_cells(data_dir / FOLDER, role)
    HERE.is_shared = HERE.cells.is_shared
    for metric in metrics.values():
        metric.forget_places()
