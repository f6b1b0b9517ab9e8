"""What a benchmark is, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


class NoData(Exception):
    """The data set that a benchmark needs is not on this machine; the message says how to give it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number beside its baseline of the same run.

    ratio: value / baseline, None where there is no baseline. low, high: 95 % interval, where one was computed.
    data: what it was measured on. at_least, aim: the bounds that the project set itself, as text, "" where none.
    """

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    data: str
    seed: int
    low: float | None = None
    high: float | None = None
    baseline_name: str = ""
    at_least: str = ""
    aim: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a long benchmark is about to do. done: the share of its work that lies behind it, 0 to 1."""

    name: str
    done: float


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `scale` shrinks the work (1 is the full size); `data`: a file to use instead of the usual one.

    train, test: the same, for a benchmark whose data is cut in two already; both or neither.
    """

    seed: int = 20261123
    scale: float = 1.0
    data: str = ""
    train: str = ""
    test: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """quick: part of `make bench`. quality: a row of `make bench-quality`. minutes: on two cores, roughly."""

    name: str
    summary: str
    run: Callable[[Options], Iterator[Figure | Stage]]
    quick: bool
    minutes: float
    quality: bool = False
