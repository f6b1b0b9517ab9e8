"""Figures as rows of a table, and as the page docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_info

from benchmarks.figures import Figure, Options
from benchmarks.registry import get

HEADINGS = ("figure", "value", "95 %", "baseline", "ratio", "at least", "aim", "data")
LIBRARIES = ("granian", "flask", "implicit", "numpy", "scipy", "sqlalchemy", "rq")


def cells(figure: Figure) -> tuple[str, ...]:
    """One row for a table, in the order of HEADINGS."""
    interval = f"{number(figure.low)} to {number(figure.high)}" if None not in (figure.low, figure.high) else ""
    baseline = f"{number(figure.baseline)} {figure.baseline_name}".strip()
    value = f"{number(figure.value)} {figure.unit}".strip()
    return (figure.name, value, interval, baseline, number(figure.ratio), figure.at_least, figure.aim, figure.data)


def number(value: float | None) -> str:
    """A number as a person writes it: four digits that count, thousands apart; nothing for None."""
    if value is None:
        return ""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


@dataclass(frozen=True, slots=True)
class Page:
    """What a page of figures is called, the command that writes it, and what its reader should know."""

    title: str
    command: str
    more: str


BENCH = Page(
    "Benchmarks",
    "make bench",
    """Repeat one benchmark with
`shelfwise bench NAME` (`--json` gives one line a figure); `shelfwise bench --list` names them, also those that take
longer and are not part of this run.""",
)
QUALITY = Page(
    "Quality",
    "make bench-quality",
    """Repeat one row with
`make bench-quality ROW=NAME`. Data sets, protocols, what was tried and lost: docs/developers. Everything is chosen on
training data; `--train`, `--test` and `--data` take other files of the same shapes.""",
)


def report(figures: Mapping[str, Sequence[Figure]], options: Options, began: datetime, page: Page) -> str:
    """The whole page: machine, date, commands, and a table a benchmark."""
    sections = [_section(name, each) for name, each in figures.items() if each]
    return "\n".join([_head(options, began, page), *sections])


def _head(options: Options, began: datetime, page: Page) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"""# {page.title}

The last run of `{page.command}`, written by it. Each figure stands beside its baseline, measured in the same run on the
same machine; a ratio is figure / baseline. {page.more}

| | |
| --- | --- |
| date | {began:%Y-%m-%d %H:%M} UTC |
| machine | {_machine()} |
| Python | {platform.python_version()} |
| libraries | {libraries} |
| seed, scale | {options.seed}, {options.scale:g} |
"""


def _machine() -> str:
    cores = os.cpu_count()
    blas = {str(each.get("internal_api")) for each in threadpool_info()} - {"None"}
    return f"{platform.system()} {platform.machine()}, {cores} cores, {_processor()}; BLAS: {', '.join(sorted(blas))}"


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )


def _section(name: str, figures: Sequence[Figure]) -> str:
    about = get(name).summary
    rows = [HEADINGS, ("---",) * len(HEADINGS), *map(cells, figures)]
    data = {figure.data for figure in figures}
    if len(data) == 1:
        about += f", on {data.pop()}"
        rows = [row[:-1] for row in rows]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"## {name}\n\n{about[:1].upper()}{about[1:]}: `shelfwise bench {name}`\n\n{table}\n"
