"""The package that is built holds what it should, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

PACKAGES = {"integration", "connectors", "recommender", "templates", "demo", "benchmarks"}


@pytest.fixture(scope="module")
def names(project: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The files of a freshly built wheel."""
    if shutil.which("git", path="/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin") is None:
        pytest.skip("git is not installed, so hatchling can't tell what belongs to the project")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    with ZipFile(next(folder.glob("*.whl"))) as wheel:
        return wheel.namelist()


def test_the_first_level_is_our_packages_alone(names: list[str]) -> None:
    first = {name.split("/")[0] for name in names}
    assert {each for each in first if not each.endswith(".dist-info")} == PACKAGES


def test_what_an_installed_copy_needs_comes_with_it(names: list[str]) -> None:
    needed = {
        "integration/Procfile",
        "integration/migrations/env.py",
        "integration/migrations/script.py.mako",
        "integration/migrations/versions/0001_first_schema.py",
    }
    assert needed <= set(names)
    assert any(name.startswith("templates/widgets/") and name.endswith(".js") for name in names)
    assert any(name.startswith("templates/demo/") and name.endswith(".html") for name in names)
    plugin = "templates/woocommerce/shelfwise"
    assert {f"{plugin}/{each}" for each in ("shelfwise.php", "uninstall.php", "readme.txt")} <= set(names)


def test_every_operation_that_a_shop_is_asked_comes_with_it(names: list[str], project: Path) -> None:
    operations = {each.relative_to(project).as_posix() for each in (project / "connectors").rglob("*.graphql")}
    assert operations
    assert operations <= set(names)


def test_no_tests_and_no_leavings_are_shipped(names: list[str]) -> None:
    assert not [name for name in names if name.startswith("tests") or name.endswith((".pyc", ".sqlite3"))]
