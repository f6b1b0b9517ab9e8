"""The plugin that a merchant uploads: complete, the same on every machine, and with the app's address in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.cli import main
from integration.services.woocommerce.plugin_texts import pot
from integration.services.woocommerce.plugin_zip import FOLDER, plugin_version, plugin_zip

APP = "https://shelfwise.example"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The zip's files: path -> content."""
    with ZipFile(BytesIO(plugin_zip(APP))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_packing_twice_gives_the_same_bytes() -> None:
    assert plugin_zip(APP) == plugin_zip(APP)


def test_nothing_in_the_zip_depends_on_the_machine_that_packed_it() -> None:
    with ZipFile(BytesIO(plugin_zip(APP))) as archive:
        entries = archive.infolist()
    assert [each.filename for each in entries] == sorted(each.filename for each in entries)
    assert {each.date_time for each in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {each.external_attr >> 16 for each in entries} == {0o100644}
    assert {each.compress_type for each in entries} == {ZIP_STORED}


def test_it_holds_one_folder_with_what_wordpress_looks_for(files: dict[str, bytes]) -> None:
    assert all(name.startswith("shelfwise/") for name in files)
    wanted = {"shelfwise.php", "uninstall.php", "readme.txt", "config.php", "languages/shelfwise.pot"}
    assert {f"shelfwise/{each}" for each in wanted} <= set(files)


def test_leavings_of_editors_and_systems_stay_out(files: dict[str, bytes]) -> None:
    assert not [name for name in files if re.search(r"/\.|~$|\.(orig|bak|log|map)$|node_modules|__pycache__", name)]


def test_versions_agree_in_header_readme_and_package(project: Path) -> None:
    package = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
    readme = (FOLDER / "readme.txt").read_text()
    defined = re.findall(r"'SHELFWISE_VERSION', '([^']+)'", (FOLDER / "shelfwise.php").read_text())
    at_the_end = re.findall(r"'SHELFWISE_VERSION', '([^']+)'", (FOLDER / "uninstall.php").read_text())
    assert re.findall(r"^Stable tag: (\S+)$", readme, re.MULTILINE) == [package]
    assert [plugin_version()] == defined == at_the_end == [package]
    assert f"= {package} =" in readme


def test_requirements_agree_in_header_and_readme() -> None:
    header, readme = (FOLDER / "shelfwise.php").read_text(), (FOLDER / "readme.txt").read_text()
    for name in ("Requires at least", "Requires PHP", "License"):
        told = {re.findall(rf"^(?: \* )?{name}:\s+(.+)$", text, re.MULTILINE)[0] for text in (header, readme)}
        assert len(told) == 1, name


def test_the_readme_has_the_plugin_directorys_sections_and_bounds() -> None:
    readme = (FOLDER / "readme.txt").read_text()
    head, _, rest = readme.partition("\n\n")
    assert head.startswith("=== Shelfwise for WooCommerce ===")
    assert len(rest.splitlines()[0]) <= 150
    assert len(re.findall(r"^Tags: (.+)$", head, re.MULTILINE)[0].split(",")) <= 5
    sections = re.findall(r"^== (.+) ==$", readme, re.MULTILINE)
    assert sections == ["Description", "Installation", "Frequently Asked Questions", "Changelog"]
    assert "= External service =" in readme


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
def test_every_php_file_can_be_read_by_php(files: dict[str, bytes], tmp_path: Path) -> None:
    with ZipFile(BytesIO(plugin_zip(APP))) as archive:
        archive.extractall(tmp_path)
    found = sorted(str(each) for each in tmp_path.rglob("*.php"))
    # One start of PHP for all files: `php -l` takes one file at a time before 8.3.
    check = "foreach (array_slice($argv, 1) as $f) { token_get_all(file_get_contents($f), TOKEN_PARSE); }"
    done = subprocess.run(["php", "-r", check, "--", *found], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
@settings(max_examples=8, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="/\r\n\x00"), max_size=40))
def test_any_address_comes_back_from_the_configuration_as_it_was(address: str) -> None:
    with ZipFile(BytesIO(plugin_zip(address))) as archive:
        config = archive.read("shelfwise/config.php").decode().removeprefix("<?php")
    program = "define('ABSPATH', 1); $c = (function () {" + config + "})(); echo bin2hex($c['api']);"
    done = subprocess.run(["php"], input=f"<?php {program}", capture_output=True, text=True, check=True)
    assert bytes.fromhex(done.stdout).decode() == address


def test_every_file_of_php_refuses_to_be_opened_by_itself(files: dict[str, bytes]) -> None:
    guards = (b"defined( 'ABSPATH' ) || exit;", b"defined( 'WP_UNINSTALL_PLUGIN' ) || exit;")
    assert not [
        name for name, content in files.items() if name.endswith(".php") and not any(g in content for g in guards)
    ]


def test_every_text_is_in_our_own_domain(files: dict[str, bytes]) -> None:
    calls = re.compile(rb"\b(?:esc_html_|esc_attr_|_)_\(\s*'(?:[^'\\]|\\.)*'\s*(?:,\s*'([^']*)')?\s*\)", re.DOTALL)
    domains = {found for name, content in files.items() if name.endswith(".php") for found in calls.findall(content)}
    assert domains == {b"shelfwise"}


def test_what_translators_start_from_has_every_text_once(files: dict[str, bytes]) -> None:
    template = files["shelfwise/languages/shelfwise.pot"].decode()
    ids = re.findall(r'^(?:msgctxt (".*")\n)?msgid (".*")$', template, re.MULTILINE)
    assert len(ids) == len(set(ids))
    texts = {text for _context, text in ids}
    assert {'"Connect"', '"Where slates show"', '"Shelfwise for WooCommerce"'} <= texts


def test_a_text_keeps_its_plural_its_context_and_what_translators_are_told() -> None:
    source = """<?php
    /* translators: %s: how many. */
    _n( '%s product', '%s products', $n, 'shelfwise' );
    _x( 'Learnt', 'of a model', 'shelfwise' );
    __( 'It\\'s "here"', 'shelfwise' );
    """
    template = pot({"a.php": source}, "1.0")
    assert "#. translators: %s: how many.\n#: a.php:3\n#, php-format\n" in template
    assert 'msgid "%s product"\nmsgid_plural "%s products"\nmsgstr[0] ""\nmsgstr[1] ""\n' in template
    assert 'msgctxt "of a model"\nmsgid "Learnt"\n' in template
    assert 'msgid "It\'s \\"here\\""\n' in template


def test_the_command_says_where_it_put_the_zip(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["plugin-zip", "--to", str(tmp_path / "dist"), "--api", APP])
    file = tmp_path / "dist" / f"shelfwise-{plugin_version()}.zip"
    assert (done.exit_code, done.output.strip()) == (0, str(file))
    assert file.read_bytes() == plugin_zip(APP)
