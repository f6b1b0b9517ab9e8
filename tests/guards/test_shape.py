"""Sizes and manners of the code that no linter looks at."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("integration", "connectors", "recommender", "templates", "demo", "benchmarks")
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
# A table of columns, and a whole revision, are read from top to bottom, once.
HISTORY = "integration/migrations/versions/"
# The one pure package: what it may not do, and where it may.
IMPURE = {"open", "now", "time", "perf_counter", "monotonic", "getenv", "environ", "utcnow", "today"}
FILES_ALLOWED = {"recommender/artifacts.py"}
ENVIRONMENT_ALLOWED = ("integration/settings.py", "integration/cli/", "benchmarks/", "tests/")


def python_files(project: Path) -> Iterator[tuple[str, ast.Module, str]]:
    for file in sorted(each for package in (*PACKAGES, "tests") for each in (project / package).rglob("*.py")):
        text = file.read_text()
        yield file.relative_to(project).as_posix(), ast.parse(text), text


def test_no_file_is_longer_than_a_sitting(project: Path) -> None:
    long = {
        name: lines
        for name, _tree, text in python_files(project)
        if (lines := text.count("\n")) > LONGEST_FILE and not name.startswith(HISTORY)
    }
    assert not long


def test_no_function_is_longer_than_a_screen(project: Path) -> None:
    long = {
        f"{name}:{node.lineno} {node.name}": length
        for name, tree, _text in python_files(project)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
        and not name.startswith(HISTORY)
    }
    assert not long


def test_only_settings_and_commands_read_the_environment(project: Path) -> None:
    readers = {
        name
        for name, tree, _text in python_files(project)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    }
    outside = {name for name in readers if not name.startswith(ENVIRONMENT_ALLOWED)}
    # Entry points (of jobs; of `alembic revision` in a checkout), and the thread limits, which C libraries read.
    entry_points = {"integration/jobs/context.py", "integration/jobs/worker.py", "integration/migrations/env.py"}
    assert outside <= {*entry_points, "integration/services/threads.py"}


def test_the_core_has_no_clock_and_opens_no_file(project: Path) -> None:
    found = {
        f"{name}:{node.lineno} {called}"
        for name, tree, _text in python_files(project)
        if name.startswith("recommender/") and name not in FILES_ALLOWED
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (called := _called(node)) in IMPURE
    }
    assert not found


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_no_path_of_one_machine_is_written_down(project: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=project, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout, so what belongs to the project is not known")
    machine = re.compile(rb"(?<![\w./-])/(?:home|root|Users|work)/\w")
    found = {
        name
        for name in listed.stdout.splitlines()
        if (project / name).is_file() and machine.search((project / name).read_bytes())
    }
    assert found <= {"tests/guards/test_shape.py"}


def test_there_is_no_unfinished_business(project: Path) -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = {name for name, _tree, text in python_files(project) if marks.search(text)}
    assert found <= {"tests/guards/test_shape.py"}


def test_test_folders_are_no_packages(project: Path) -> None:
    assert not list((project / "tests").rglob("__init__.py"))
