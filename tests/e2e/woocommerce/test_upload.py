"""The zip as it is packed, uploaded by a merchant in the wp-admin of a real WordPress."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from integration.services.woocommerce.plugin_zip import plugin_zip
from tests.conftest import missing
from tests.e2e.woocommerce.wp_admin import put_in
from tests.wordpress.conftest import NEWEST
from tests.wordpress.prepare import absent
from tests.wordpress.rig import MERCHANT, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

APP = "https://app.example"
OFF = "require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins('shelfwise/shelfwise.php');"


def test_the_zip_is_taken_new_and_over_an_older_one_and_knows_its_app(browser: Browser, tmp_path: Path) -> None:
    if reason := absent():
        missing(reason)
    zipped = tmp_path / "shelfwise.zip"
    zipped.write_bytes(plugin_zip(APP))
    context = browser.new_context(extra_http_headers={"X-Rig-As": str(MERCHANT)})
    page = context.new_page()
    folder = tmp_path / "site"
    folder.mkdir()
    with serve(NEWEST, folder) as wordpress:
        wordpress.run(OFF)
        shutil.rmtree(wordpress.content / "plugins" / "shelfwise")
        assert put_in(page, wordpress.url, zipped) == "uploaded and active"
        assert put_in(page, wordpress.url, zipped) == "an older one was replaced"
        assert wordpress.run("return Shelfwise\\Link::offered_api();") == APP
        page.goto(f"{wordpress.url}/wp-admin/admin.php?page=shelfwise")
        page.get_by_role("button", name="Connect").wait_for()
        # WordPress itself warns where it can't ask wordpress.org about the plugin that ours requires.
        assert [each for each in wordpress.complaints() if "/plugins/shelfwise/" in each] == []
    context.close()
