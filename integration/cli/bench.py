"""`shelfwise bench`: measure, each figure beside its baseline of the same run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.figures import Benchmark, Figure, Options


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "listing", is_flag=True, help="List the benchmarks.")
@click.option("--quick", is_flag=True, help="Run all the quick ones.")
@click.option("--quality", is_flag=True, help="Run every row of `make bench-quality`.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON a figure, and nothing else.")
@click.option("--seed", type=int, help="Of whatever is drawn at random.")
@click.option("--scale", type=click.FloatRange(0, min_open=True), default=1.0, help="Shrinks the work; 1 is full size.")
@click.option("--data", default="", metavar="FILE", help="Measure on this file instead of the usual one.")
@click.option("--train", default="", metavar="FILE", help="Learn from this file; goes with --test.")
@click.option("--test", default="", metavar="FILE", help="Ask this file; goes with --train.")
@click.option("--write", type=click.Path(path_type=Path), help="Also write the figures into this Markdown file.")
def bench(
    names: tuple[str, ...],
    *,
    listing: bool,
    quick: bool,
    quality: bool,
    as_json: bool,
    seed: int | None,
    scale: float,
    data: str,
    train: str,
    test: str,
    write: Path | None,
) -> None:
    """Measure. Each figure stands beside its baseline, measured in the same run on the same machine."""
    from benchmarks.figures import Options

    if bool(train) != bool(test):
        raise click.UsageError("--train and --test go together: what to learn from, and what to ask")
    options = Options(scale=scale, data=data, train=train, test=test)
    if seed is not None:
        options = replace(options, seed=seed)
    benchmarks = _chosen(names, quick=quick, quality=quality)
    if listing or not benchmarks:
        _list()
        return
    if len(benchmarks) > 1:
        minutes = sum(each.minutes for each in benchmarks)
        click.echo(f"{', '.join(each.name for each in benchmarks)}: about {minutes:.0f} min in all", err=True)
    began = datetime.now(UTC)
    figures: dict[str, list[Figure]] = {}
    for each in benchmarks:
        figures[each.name] = _figures(each, options, as_json=as_json, needed=each.name in names)
        if write is not None:
            from benchmarks.report import BENCH, QUALITY, report

            # After each, so that a run that is cut short leaves what it has measured.
            write.write_text(report(figures, options, began, QUALITY if quality else BENCH))


def _chosen(names: Sequence[str], *, quick: bool, quality: bool) -> list[Benchmark]:
    from benchmarks.registry import BENCHMARKS, UnknownBenchmark, get

    try:
        named = [get(name) for name in names]
    except UnknownBenchmark as error:
        raise click.UsageError(str(error)) from None
    wanted = [each for each in map(get, BENCHMARKS) if (quick and each.quick) or (quality and each.quality)]
    return named + [each for each in wanted if each.name not in names]


def _list() -> None:
    from benchmarks.registry import BENCHMARKS, get

    table = Table("name", "what it measures", "minutes", "in make bench")
    for each in map(get, BENCHMARKS):
        table.add_row(each.name, each.summary, f"{each.minutes:g}", "yes" if each.quick else "")
    Console().print(table)


def _figures(benchmark: Benchmark, options: Options, *, as_json: bool, needed: bool) -> list[Figure]:
    """Run one; without its data it is left out, unless it was asked for by name."""
    from benchmarks.figures import NoData

    try:
        return list(_run(benchmark, options, as_json=as_json))
    except NoData as reason:
        if needed:
            raise click.ClickException(str(reason)) from None
        click.echo(f"{benchmark.name} is left out: {reason}", err=True)
        return []


def _run(benchmark: Benchmark, options: Options, *, as_json: bool) -> Iterator[Figure]:
    from benchmarks.figures import Stage

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    found: list[Figure] = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{benchmark.name}: about {benchmark.minutes:g} min", total=None)
        for figure in benchmark.run(options):
            if isinstance(figure, Stage):
                progress.update(task, description=f"{benchmark.name}: {figure.name}", total=1, completed=figure.done)
                continue
            found.append(figure)
            progress.update(task, description=f"{benchmark.name}: {figure.name}")
            if as_json:
                click.echo(json.dumps(asdict(figure)))
            yield figure
    if not as_json:
        Console().print(_table(benchmark, found))


def _table(benchmark: Benchmark, figures: Sequence[Figure]) -> Table:
    from benchmarks.report import HEADINGS, cells

    table = Table(*HEADINGS, title=f"{benchmark.name}: {benchmark.summary}", title_justify="left")
    for figure in figures:
        table.add_row(*cells(figure))
    return table
