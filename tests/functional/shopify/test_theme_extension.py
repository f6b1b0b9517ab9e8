"""The theme app extension keeps Shopify's rules, as far as they can be checked without Shopify."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.shopify.liquid.environment import Source
from tests.conftest import missing
from tests.played_theme import EXTENSION, ROOT

BLOCKS = sorted((EXTENSION / "blocks").glob("*.liquid"))
LIQUID = [*BLOCKS, *sorted((EXTENSION / "snippets").glob("*.liquid"))]
LOCALES = sorted((EXTENSION / "locales").glob("*.json"))
LANGUAGES = {"en.default", "de", "fr", "es", "it", "nl", "pt-BR", "ja", "pl", "sv"}
KEYS = {
    "name",
    "target",
    "javascript",
    "stylesheet",
    "enabled_on",
    "disabled_on",
    "class",
    "tag",
    "settings",
    "default",
    "available_if",
}
TEMPLATES = {"index", "product", "collection", "cart", "search", "404", "page", "blog", "article", "list-collections"}
# Type of a setting -> what it has to have besides, and what it may have.
SETTINGS = {
    "text": (set(), {"default", "placeholder", "info"}),
    "checkbox": (set(), {"default", "info"}),
    "range": ({"min", "max", "default"}, {"step", "unit", "info"}),
    "select": ({"options"}, {"default", "info"}),
    "color": (set(), {"default", "info"}),
    "collection": (set(), {"autofill", "info"}),
}
CHECK = ROOT / "tests" / "theme_check"


def _schema(block: Path) -> dict[str, Any]:
    return Source(block.read_text("utf-8")).schema or {}


def _flat(tree: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def _words(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXTENSION / "locales" / file).read_text("utf-8"))
    return found


def test_it_has_a_block_for_every_place_in_a_theme() -> None:
    assert {each.stem for each in BLOCKS} == {
        "similar",
        "together",
        "cart",
        "for-you",
        "collection",
        "search",
        "recent",
        "embed",
    }
    assert tomllib.loads((EXTENSION / "shopify.extension.toml").read_text()) == {
        "name": "shelfwise-theme",
        "type": "theme",
    }


@pytest.mark.parametrize("block", BLOCKS, ids=lambda each: each.stem)
def test_a_block_says_of_itself_what_shopify_takes(block: Path) -> None:
    schema = _schema(block)
    assert schema.keys() <= KEYS
    assert schema["target"] in {"section", "head", "body"}
    assert not {"enabled_on", "disabled_on"} <= schema.keys()
    assert set(schema.get("enabled_on", {}).get("templates", [])) <= TEMPLATES
    assert re.fullmatch(r"\{\{ app\.metafields\.\w+\.\w+ \}\}", schema["available_if"])
    assert schema["target"] != "section" or schema["enabled_on"], "a block on a page says on which"
    for kind in ("javascript", "stylesheet"):
        assert (EXTENSION / "assets" / schema[kind]).is_file()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda each: each.stem)
def test_every_setting_of_a_block_is_whole(block: Path) -> None:
    settings = _schema(block)["settings"]
    for setting in settings:
        needed, allowed = SETTINGS[setting["type"]]
        assert {"type", "id", "label"} | needed <= setting.keys() <= {"type", "id", "label"} | needed | allowed
        if setting["type"] == "range":
            assert setting["min"] <= setting["default"] <= setting["max"]
            assert (setting["max"] - setting["min"]) / setting.get("step", 1) <= 100
        if setting["type"] == "select":
            assert setting["default"] in {each["value"] for each in setting["options"]}
    ids = [each["id"] for each in settings]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_names_of_blocks_are_shorter_than_25_characters_in_every_language(language: str) -> None:
    words = _words(f"{language}.schema.json")
    for block in BLOCKS:
        name = words[_schema(block)["name"].removeprefix("t:")]
        assert 0 < len(name) < 25, name


def test_every_language_has_the_same_words_and_no_more_than_are_used() -> None:
    assert {each.name.split(".json")[0].removesuffix(".schema") for each in LOCALES} == LANGUAGES
    for end in (".json", ".schema.json"):
        wanted = set(_flat(_words(f"en.default{end}")))
        for language in LANGUAGES:
            words = _words(f"{language}{end}")
            assert set(_flat(words)) == wanted, language
            assert all(json.dumps(words)), language
    text = "".join(each.read_text("utf-8") for each in LIQUID)
    assert set(re.findall(r"'([\w.]+)' \| t\b", text)) == set(_flat(_words("en.default.json")))
    assert set(re.findall(r'"t:([\w.]+)"', text)) == set(_flat(_words("en.default.schema.json")))


def test_placeholders_are_the_same_in_every_language() -> None:
    def places(language: str) -> dict[str, list[str]]:
        return {key: re.findall(r"\{\{ \w+ \}\}", str(value)) for key, value in _words(f"{language}.json").items()}

    assert all(places(each) == places("en.default") for each in LANGUAGES)


def test_it_stays_within_shopifys_limits_and_our_own() -> None:
    files = [each for each in EXTENSION.rglob("*") if each.is_file()]
    assert sum(each.stat().st_size for each in files) < 10_000_000
    assert len(BLOCKS) <= 30
    assert len(LOCALES) <= 100
    assert all(each.stat().st_size < 15_000 for each in LOCALES)
    assert sum(each.stat().st_size for each in LIQUID) <= 20_000
    assert {each.suffix for each in (EXTENSION / "assets").iterdir()} <= {".js", ".css"}
    scripts = [(EXTENSION / "assets" / each).read_bytes() for each in ("shelfwise.js", "shelfwise-consented.js")]
    assert len(gzip.compress(scripts[0])) <= 4_000, "what every shopper loads"
    assert sum(len(gzip.compress(each)) for each in scripts) <= 6_000, "and with consent"


def test_scripts_run_under_a_strict_content_policy() -> None:
    for file in (EXTENSION / "assets").glob("*.js"):
        text = file.read_text("utf-8")
        for forbidden in (
            "eval(",
            "new Function",
            "innerHTML",
            "insertAdjacentHTML",
            "document.write",
            "setAttribute('on",
        ):
            assert forbidden not in text, f"{forbidden} in {file.name}"
    assert not re.search(r"\son\w+=", "".join(each.read_text("utf-8") for each in LIQUID))


def test_theme_check_finds_nothing() -> None:
    assert _theme_check(EXTENSION) == []


def test_theme_check_would_find_something(tmp_path: Path) -> None:
    copy = tmp_path / EXTENSION.name
    shutil.copytree(EXTENSION, copy)
    block = copy / "blocks" / "similar.liquid"
    block.write_text("{{ nobody.knows }}{% render 'nowhere' %}" + block.read_text())
    assert {each["check"] for each in _theme_check(copy)} >= {"MissingTemplate", "UndefinedObject"}


def _theme_check(folder: Path) -> list[dict[str, Any]]:
    """Findings of every severity. The network is cut off: by the kernel where that is allowed, in Node.js anyway."""
    node = shutil.which("node")
    if node is None or not (CHECK / "node_modules").is_dir():
        missing("theme-check is not installed: `make setup-theme-check` (needs Node.js 20 or newer)")
    cut = ["unshare", "-rn"]
    allowed = (
        shutil.which("unshare") and subprocess.run([*cut, "true"], check=False, capture_output=True).returncode == 0
    )
    command = [*(cut if allowed else []), node, "check.mjs", str(folder)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=CHECK, timeout=60)
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found
