"""Set-up says in one sentence what a machine lacks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = ("sh", "cat", "cksum", "cut", "dirname", "grep", "rm", "sed")
NOT_OURS = "#!/bin/sh\nexit 1\n"
# Right version, but `import venv, ensurepip` fails.
NO_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n'


@pytest.fixture
def machine(project: Path, tmp_path: Path) -> Path:
    """A copy of what set-up reads, in a path with a space, on a machine that has no Python."""
    place = tmp_path / "a clone"
    (place / "bin").mkdir(parents=True)
    shutil.copytree(project / "locks", place / "locks")
    shutil.copy(project / "pyproject.toml", place)
    for tool in TOOLS:
        (place / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return place


def set_up(machine: Path, **environ: str) -> tuple[int, str]:
    command = [str(machine / "bin" / "sh"), str(machine / "locks" / "install.sh"), "run"]
    env = {"PATH": str(machine / "bin"), **environ}
    answer = subprocess.run(command, env=env, cwd=machine, capture_output=True, text=True, check=False)
    return answer.returncode, answer.stderr


def add_python(machine: Path, name: str, script: str) -> None:
    (machine / "bin" / name).write_text(script)
    (machine / "bin" / name).chmod(0o755)


def test_a_machine_without_python_is_told_which_one_is_needed(machine: Path) -> None:
    code, said = set_up(machine)
    assert code == 1
    assert said.startswith("shelfwise: Python 3.11, 3.12 or 3.13 is needed and none was found")
    assert len(said.splitlines()) == 1


def test_a_python_of_another_version_does_not_count(machine: Path) -> None:
    add_python(machine, "python3", NOT_OURS)
    assert "none was found" in set_up(machine)[1]


def test_a_named_python_of_another_version_is_refused(machine: Path) -> None:
    add_python(machine, "mine", NOT_OURS)
    assert set_up(machine, PYTHON="mine") == (1, "shelfwise: PYTHON=mine is no Python 3.11, 3.12 or 3.13.\n")


def test_a_python_without_venv_is_told_which_package_has_it(machine: Path) -> None:
    add_python(machine, "python3", NOT_OURS)
    add_python(machine, "python3.12", NO_VENV)
    code, said = set_up(machine)
    assert (code, said) == (
        1,
        "shelfwise: python3.12 lacks the venv module: on Debian and Ubuntu, apt-get install python3-venv\n",
    )
