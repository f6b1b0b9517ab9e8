"""The zip that a merchant uploads to WordPress."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import templates
from integration.services.woocommerce.plugin_texts import pot

FOLDER = Path(templates.__file__).parent / "woocommerce" / "shelfwise"
NAME = "shelfwise"
# What editors and systems leave in folders is no part of the plugin; it consists of these kinds of file.
KINDS = {".php", ".js", ".css", ".json", ".txt", ".svg", ".png", ".mo", ".po"}
# The earliest time a zip can hold: the same plugin gives the same bytes whenever it is packed.
WHEN = (1980, 1, 1, 0, 0, 0)
UNIX, PLAIN_FILE = 3, 0o100644


def plugin_version() -> str:
    """The version that the plugin's header tells."""
    found = re.search(r"^ \* Version:\s*(\S+)$", (FOLDER / f"{NAME}.php").read_text("utf-8"), re.MULTILINE)
    assert found
    return found[1]


def plugin_zip(public_url: str) -> bytes:
    """The plugin, packed. public_url: the app's address that Connect goes to, "" to have merchants type it.

    Nothing is compressed: compressors differ from machine to machine, and the bytes are to be the same on each.
    """
    files = _files()
    texts = {path: content.decode() for path, content in files.items() if path.endswith((".php", ".js", ".json"))}
    files["languages/shelfwise.pot"] = pot(texts, plugin_version()).encode()
    files["config.php"] = _config(public_url).encode()
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        for path, content in sorted(files.items()):
            entry = ZipInfo(f"{NAME}/{path}", WHEN)
            entry.create_system, entry.external_attr = UNIX, PLAIN_FILE << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def _files() -> dict[str, bytes]:
    """Path within the plugin -> content."""
    found = (each for each in FOLDER.rglob("*") if each.is_file() and each.suffix in KINDS)
    inside = {each.relative_to(FOLDER).as_posix(): each.read_bytes() for each in found}
    return {path: content for path, content in inside.items() if not path.startswith(".") and path != "config.php"}


def _config(public_url: str) -> str:
    address = public_url.rstrip("/").replace("\\", "\\\\").replace("'", "\\'")
    return (
        "<?php\n/**\n * Where the Shelfwise is that this plugin came from.\n *\n * @package Shelfwise\n */\n\n"
        f"defined( 'ABSPATH' ) || exit;\n\nreturn array( 'api' => '{address}' );\n"
    )
