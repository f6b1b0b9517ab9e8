"""The plugin's PHP: every version reads it, and it keeps to the coding standard."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import missing
from tests.wordpress.prepare import HERE
from tests.wordpress.rig import PLUGIN

# 8.2 is read by the PHP that runs everything else here.
VERSIONS = ("7.4", "8.0", "8.1", "8.3", "8.4")


def test_every_supported_php_reads_it_and_refuses_what_only_a_newer_one_knows(tmp_path: Path) -> None:
    shutil.copytree(PLUGIN, tmp_path / "plugin")
    (tmp_path / "enum.php").write_text("<?php enum Suit { case Hearts; }")
    (tmp_path / "match.php").write_text("<?php $a = match ( 1 ) { default => 2 };")
    said = _parsed(tmp_path)
    assert [answer["php"][:3] for answer in said.values()] == list(VERSIONS)
    assert {answer["files"] for answer in said.values()} == {len(list(tmp_path.rglob("*.php")))}
    refused = {version: sorted(name for name, _ in answer["refused"]) for version, answer in said.items()}
    assert refused == {"7.4": ["enum.php", "match.php"], "8.0": ["enum.php"], "8.1": [], "8.3": [], "8.4": []}


def _parsed(folder: Path) -> dict[str, Any]:
    if shutil.which("node") is None or not (HERE / "node_modules").is_dir():
        missing("PHP of other versions is not installed: run `make setup-wordpress` (needs Node.js 20 or newer)")
    command = ["node", str(HERE / "lint.mjs"), str(folder), *VERSIONS]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    answers: dict[str, Any] = json.loads(ran.stdout)
    return answers


def test_it_keeps_to_the_coding_standard() -> None:
    assert _sniffed(PLUGIN) == []


@pytest.mark.parametrize("line", ["$a=1;", "if ( $a ) print_r( $a );", "    $a = array( 1 );", '$a = "b";'])
def test_what_breaks_the_coding_standard_would_be_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "bad.php").write_text(f"<?php\n/**\n * A file.\n *\n * @package Shelfwise\n */\n\n{line}\n")
    assert _sniffed(tmp_path)


def _sniffed(folder: Path) -> list[str]:
    if shutil.which("phpcs") is None:
        missing("PHP_CodeSniffer is not installed: run `make setup-wordpress`")
    command = ["phpcs", f"--standard={HERE / 'phpcs.xml'}", "-s", "--report=emacs", "--no-cache", str(folder)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode in {0, 1, 2}, ran.stderr
    return ran.stdout.splitlines()
