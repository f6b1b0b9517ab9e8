"""`shelfwise bench`: a person reads a table, a script reads a line a figure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from benchmarks import registry, report
from benchmarks.figures import Benchmark, Figure, NoData, Options, Stage
from integration.cli import main


def measure(options: Options) -> Iterator[Figure]:
    yield Figure("speed", 1234.5 * options.scale, "a second", 2469.0, 0.5, "made up", options.seed, 1200.0, 1300.0)
    yield Figure("size", 7.0, "MB", None, None, options.data or "made up", options.seed, at_least="9", aim="5")


def learn(options: Options) -> Iterator[Figure | Stage]:
    yield Stage("learning", 0.5)
    yield Figure("found", 0.5, "share", None, None, f"{options.train} then {options.test}", options.seed)


BENCHMARK = Benchmark("toy", "what it takes", measure, quick=True, minutes=0.1)
SLOW = Benchmark("school", "what is learnt", learn, quick=False, minutes=30, quality=True)


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BENCHMARKS", {"toy": "toys:BENCHMARK", "school": "schools:BENCHMARK"})
    monkeypatch.setattr(
        registry, "import_module", lambda name: SimpleNamespace(BENCHMARK=SLOW if name == "schools" else BENCHMARK)
    )


def bench(*arguments: str) -> str:
    answer = CliRunner().invoke(main, ["bench", *arguments])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_a_script_gets_one_line_of_json_a_figure() -> None:
    lines = [json.loads(line) for line in bench("toy", "--json", "--seed", "3", "--scale", "0.5").splitlines()]
    assert [line["name"] for line in lines] == ["speed", "size"]
    assert {"name", "value", "unit", "baseline", "ratio", "data", "seed"} <= set(lines[0])
    assert (lines[0]["value"], lines[0]["seed"], lines[1]["ratio"]) == (617.25, 3, None)


def test_a_benchmark_can_be_run_on_other_data() -> None:
    assert json.loads(bench("toy", "--json", "--data", "mine").splitlines()[1])["data"] == "mine"


def test_a_person_gets_a_table() -> None:
    shown = bench("toy")
    assert "what it takes" in shown
    assert "speed" in shown


def test_the_list_names_each_and_runs_none() -> None:
    assert "toy" in bench("--list")
    assert "speed" not in bench("--list")


def test_quick_runs_the_quick_ones_and_writes_the_page(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    bench("--quick", "--write", str(page))
    text = page.read_text()
    assert "| speed | 1,234 a second | 1,200 to 1,300 | 2,469 | 0.5 |" in text
    assert "What it takes, on made up: `shelfwise bench toy`" in text
    assert f"{datetime.now(UTC):%Y}" in text


def test_one_without_its_data_is_left_out_but_not_if_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(_options: Options) -> Iterator[Figure]:
        yield from ()
        raise NoData("no file")

    toys = SimpleNamespace(BENCHMARK=replace(BENCHMARK, run=lacking))
    monkeypatch.setattr(registry, "import_module", lambda _name: toys)
    assert CliRunner().invoke(main, ["bench", "--quick"]).exit_code == 0
    asked = CliRunner().invoke(main, ["bench", "toy"])
    assert (asked.exit_code, "no file" in asked.output) == (1, True)


def test_an_unknown_name_is_one_sentence_that_names_the_others() -> None:
    answer = CliRunner().invoke(main, ["bench", "tyo"])
    assert answer.exit_code == 2
    assert "no benchmark is called 'tyo'; there are toy" in answer.output


@pytest.mark.parametrize(
    ("value", "written"), [(None, ""), (3.0, "3"), (0.12346, "0.1235"), (12345.6, "12,346"), (99.95, "99.95")]
)
def test_numbers_are_written_as_a_person_does(value: float | None, written: str) -> None:
    assert report.number(value) == written


def test_the_rows_of_quality_say_how_long_they_take_and_leave_a_page_of_their_own(tmp_path: Path) -> None:
    page = tmp_path / "quality.md"
    answer = CliRunner().invoke(main, ["bench", "--quality", "toy", "--write", str(page)])
    assert answer.exit_code == 0, answer.output
    assert "toy, school: about 30 min in all" in answer.stderr
    assert page.read_text().startswith("# Quality\n")
    assert "found" in page.read_text()


def test_files_to_learn_from_and_to_ask_go_together() -> None:
    assert json.loads(bench("school", "--json", "--train", "a", "--test", "b"))["data"] == "a then b"
    answer = CliRunner().invoke(main, ["bench", "school", "--train", "a"])
    assert answer.exit_code == 2
    assert "--train and --test go together" in answer.stderr
