"""Prepares real WordPress for the tests of the plugin: `python -m tests.wordpress.prepare`.

Under `.venv/wordpress/` then stand, for each version: its code (shared, never written to) and a content folder with
its database, which a test run copies.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".venv" / "wordpress"
BUILDS = HERE / "node_modules" / "@wp-playground" / "wordpress-builds"
# The name of a version here: the build's name in the package.
VERSIONS = {"6.5": "6.5", "6.7": "nightly"}
BLOCK_THEME, CLASSIC_THEME = "twentytwentyfour", "twentytwentyone"
CLASSIC_PACKAGE = "wordpress-theme-twentytwentyone"
EXTENSIONS = ("pdo_sqlite", "curl", "mbstring")


def php() -> Path | None:
    """PHP with what WordPress needs here, None where it is not on this machine."""
    found = shutil.which("php")
    if found is None:
        return None
    ran = subprocess.run([found, "-m"], check=False, capture_output=True, text=True)
    return Path(found) if set(EXTENSIONS) <= set(ran.stdout.split()) else None


def absent() -> str:
    """What is missing for a WordPress on this machine, empty when nothing is."""
    if php() is None:
        return "no PHP with SQLite and curl: `make setup-wordpress` installs it as root on Debian"
    if not BUILDS.is_dir():
        return "the npm packages with WordPress are missing: `make setup-wordpress` installs them"
    return ""


def prepare(version: str) -> Path:
    """The folder of a prepared version. It is named after what it is made of, and never changed once it is there."""
    folder = CACHE / f"{version}-{_stamp()[:12]}"
    if folder.is_dir():
        return folder
    making = CACHE / f"making.{version}.{os.getpid()}"
    shutil.rmtree(making, ignore_errors=True)
    _core(version, making / "core")
    _content(making)
    _install(making)
    try:
        making.rename(folder)
    except OSError:  # another process was quicker
        shutil.rmtree(making)
    return folder


def classic_theme() -> Path | None:
    """Where Debian's Twenty Twenty-One lies, None where it could not be had."""
    for folder in (CACHE / "debian", Path("/")):
        theme = folder / "usr/share/wordpress/wp-content/themes" / CLASSIC_THEME
        if theme.is_dir():
            return theme
    return None


def _stamp() -> str:
    """What the prepared folders depend on, as one text."""
    files = sorted(path for part in ("site", "stand_in") for path in (HERE / part).rglob("*") if path.is_file())
    digest = hashlib.sha256(b"1")
    for path in [*files, Path(__file__), BUILDS / "package.json"]:
        digest.update(path.read_bytes())
    digest.update(str(classic_theme()).encode())
    return digest.hexdigest()


def _core(version: str, core: Path) -> None:
    build = VERSIONS[version]
    with zipfile.ZipFile(BUILDS / "src" / "wordpress" / f"wp-{build}.zip") as packed:
        packed.extractall(core)
    # The zip holds what PHP reads; what browsers ask for lies beside it.
    public = next(each for each in (BUILDS / "public", BUILDS) if (each / f"wp-{build}").is_dir())
    shutil.copytree(public / f"wp-{build}", core, dirs_exist_ok=True)
    shutil.copy(HERE / "site" / "wp-config.php", core / "wp-config.php")


def _content(making: Path) -> None:
    content = making / "content"
    shutil.copytree(making / "core" / "wp-content" / "themes" / BLOCK_THEME, content / "themes" / BLOCK_THEME)
    for template in (HERE / "site" / "block-templates").iterdir():
        shutil.copy(template, content / "themes" / BLOCK_THEME / "templates" / template.name)
    classic = classic_theme()
    if classic is not None:
        shutil.copytree(classic, content / "themes" / CLASSIC_THEME)
    for name in ("uploads", "database"):
        (content / name).mkdir()
    shutil.copytree(HERE / "stand_in", content / "plugins")
    (content / "mu-plugins").mkdir()
    shutil.copy(HERE / "site" / "rig.php", content / "mu-plugins" / "rig.php")
    source = BUILDS / "src" / "sqlite-database-integration" / "sqlite-database-integration.zip"
    with zipfile.ZipFile(source) as packed:
        packed.extractall(content / "mu-plugins")
    (content / "mu-plugins" / "sqlite-database-integration-main").rename(content / "mu-plugins" / "sqlite")
    _write_at_once(content / "mu-plugins" / "sqlite" / "wp-includes" / "sqlite" / "class-wp-sqlite-translator.php")
    drop_in = (content / "mu-plugins" / "sqlite" / "db.copy").read_text()
    drop_in = drop_in.replace("'{SQLITE_IMPLEMENTATION_FOLDER_PATH}'", "__DIR__ . '/mu-plugins/sqlite'")
    # Without its last part, which activates the plugin in wp-admin.
    (content / "db.php").write_text(drop_in.split("// Activate the performance-lab plugin")[0])


def _write_at_once(translator: Path) -> None:
    """Take SQLite's lock where a statement that writes begins: taken later it is refused, not waited for."""
    code = translator.read_text()
    for old, new in (
        ("public function begin_transaction() {", "public function begin_transaction( $writes = true ) {"),
        ("execute_sqlite_query( 'BEGIN' )", "execute_sqlite_query( $writes ? 'BEGIN IMMEDIATE' : 'BEGIN' )"),
        (
            "\t\t\t$this->begin_transaction();\n",
            "\t\t\t$this->begin_transaction( 0 !== stripos( ltrim( $statement ), 'SELECT' ) );\n",
        ),
    ):
        if code.count(old) != 1:
            raise RuntimeError(f"WordPress's SQLite drop-in is another than this was written for: {old}")
        code = code.replace(old, new)
    translator.write_text(code)


def _install(making: Path) -> None:
    environ = os.environ | {"RIG_CONTENT": str(making / "content"), "RIG_HOME": "http://127.0.0.1"}
    for script in ("install.php", "goods.php"):
        ran = subprocess.run(
            [str(php()), "-d", "display_errors=stderr", str(HERE / "site" / script), str(making / "core")],
            env=environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if ran.returncode:
            raise RuntimeError(f"{script} failed: {ran.stdout[-3000:]}{ran.stderr[-3000:]}")


def main() -> None:
    """Prepare every version and say what came of it; where PHP is missing, say that. Never fails."""
    reason = absent()
    if reason:
        print(f"Tests in WordPress will be skipped: {reason}.")
        return
    current = {prepare(version) for version in VERSIONS}
    for version in VERSIONS:
        for old in set(CACHE.glob(f"{version}-*")) - current:
            shutil.rmtree(old)
    print(f"Tests of the plugin run in WordPress {' and '.join(VERSIONS)}.")


if __name__ == "__main__":
    main()
