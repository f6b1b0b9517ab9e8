"""What the documents, the Makefile and the Procfile say is what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from honcho.environ import parse_procfile

from integration.cli import COMMANDS, main
from integration.jobs.queues import QUEUES
from integration.settings import PREFIX, Settings


@pytest.mark.parametrize("field", [each.name for each in fields(Settings)])
def test_every_setting_is_documented(project: Path, field: str) -> None:
    assert f"`{PREFIX}{field.upper()}`" in (project / "docs" / "settings.md").read_text()


def test_no_setting_is_documented_that_does_not_exist(project: Path) -> None:
    named = set(re.findall(rf"^\| `{PREFIX}(\w+)`", (project / "docs" / "settings.md").read_text(), re.MULTILINE))
    known = {each.name.upper() for each in fields(Settings)}
    assert named <= known | {"DATA", "TEST_DATABASE_URL"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_is_for(name: str) -> None:
    answer = CliRunner().invoke(main, [name, "--help"])
    assert answer.exit_code == 0, answer.output
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def processes(project: Path) -> dict[str, str]:
    return dict(parse_procfile((project / "Procfile").read_text()).processes)


def test_the_procfile_starts_what_it_should(project: Path) -> None:
    assert set(processes(project)) == {"release", "redis", "web", "worker", "scheduler"}


@pytest.mark.parametrize("line", ["release", "redis", "web", "worker", "scheduler"])
def test_each_line_of_the_procfile_is_a_command_that_exists(project: Path, line: str) -> None:
    program, *arguments = shlex.split(processes(project)[line])
    assert program == "shelfwise"
    assert CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0


def test_every_queue_has_a_worker(project: Path) -> None:
    """A worker without `--queue` serves them all; one with it must be joined by others."""
    workers = [line for line in processes(project).values() if shlex.split(line)[1] == "worker"]
    served = {queue for line in workers for queue in (re.findall(r"--queue[ =](\S+)", line) or QUEUES)}
    assert served == set(QUEUES)


def targets(project: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (project / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/operating.md", "docs/architecture.md"])
def test_each_make_command_of_the_documents_exists(project: Path, page: str) -> None:
    named = set(re.findall(r"`?\bmake ([a-z][a-z-]+)\b", (project / page).read_text()))
    assert named - targets(project) <= {"it", "sure"}


def test_help_lists_every_target_of_the_makefile(project: Path) -> None:
    listed = subprocess.run(["make"], cwd=project, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^([a-z-]+)", listed, re.MULTILINE)) == targets(project)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_between_our_pages_lead_somewhere(project: Path, page: str) -> None:
    _assert_links(project / page)


def test_links_between_our_docs_lead_somewhere(project: Path) -> None:
    for page in (project / "docs").rglob("*.md"):
        _assert_links(page)


def _assert_links(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_every_decision_is_numbered_once(project: Path) -> None:
    numbers = [each.name[:4] for each in (project / "docs" / "decisions").glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))


def test_every_benchmark_can_be_had() -> None:
    from benchmarks.registry import BENCHMARKS, get

    for name in BENCHMARKS:
        assert get(name).name == name
        assert get(name).summary


def test_every_built_in_connector_can_be_had() -> None:
    import connectors

    for platform, place in connectors.BUILT_IN.items():
        module, _, attribute = place.partition(":")
        assert getattr(import_module(module), attribute).platform == platform
