"""The page that shows how to add a connector is right: its package is built, installed beside ours and used."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

import connectors
from connectors.errors import BadFile, UnknownPlatform
from integration.services.imports import import_source
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.storage.database import Database

MODULE = "shelfwise_tillroll"


@pytest.fixture
def page(project: Path) -> str:
    """The page."""
    return (project / "docs" / "developers" / "adding-a-connector.md").read_text(encoding="utf-8")


def code(page: str, language: str) -> list[str]:
    """The page's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture
def installed(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's package, as an installer leaves it on the path: a module and what its metadata says."""
    project = tomllib.loads(code(page, "toml")[0])["project"]
    site = tmp_path / "site"
    info = site / f"{MODULE}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (site / f"{MODULE}.py").write_text(code(page, "python")[0], encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups))
    monkeypatch.syspath_prepend(str(site))
    connectors.get.cache_clear()
    yield site
    connectors.get.cache_clear()
    sys.modules.pop(MODULE, None)


@pytest.mark.usefixtures("installed")
def test_the_package_of_the_page_is_found_by_its_entry_point(page: str) -> None:
    assert "tillroll" in connectors.platforms()
    exec(code(page, "python")[1], {})
    assert connectors.get("tillroll").importer is not None


def test_a_platform_is_unknown_until_its_package_is_installed() -> None:
    with pytest.raises(UnknownPlatform, match="tillroll"):
        connectors.get("tillroll")


@pytest.mark.usefixtures("installed")
def test_the_package_of_the_page_fills_a_shop(database: Database, tmp_path: Path) -> None:
    shop_id = create_shop(
        database,
        Vault(Fernet.generate_key().decode()),
        key="s",
        name="S",
        platform="direct",
        external_id="s",
        webhook_secret="s",
        currency="EUR",
    )
    roll = tmp_path / "roll.txt"
    roll.write_text("7;2026-05-01T10:00;candle;4.50\n7;2026-05-01T10:00;matches;1.00\n8;2026-05-01T11:00;candle;4.50\n")
    report = import_source(database, shop_id, "tillroll", str(roll))
    assert (report.read, report.kept) == (3, {"receipt lines": 3})
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM order_line")).scalar_one() == 3


@pytest.mark.usefixtures("installed")
def test_the_package_of_the_page_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    importer = connectors.get("tillroll").importer
    assert importer is not None
    roll = tmp_path / "roll.txt"
    roll.write_text("7;2026-05-01T10:00;candle;4.50\n7;noon;candle;4.50\n")
    with pytest.raises(BadFile, match="line 2"):
        importer.open(str(roll), connectors.base.ImportRequest("EUR"))


def test_a_built_in_platform_cant_be_taken_over(installed: Path) -> None:
    for entries in installed.glob("*.dist-info/entry_points.txt"):
        entries.write_text(f"[shelfwise.connectors]\nfile = {MODULE}:CONNECTOR\n")
    assert connectors.get("file").platform == "file"
    assert connectors.platforms()["file"].startswith("connectors.file:")
