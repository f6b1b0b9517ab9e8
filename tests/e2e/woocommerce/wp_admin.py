"""What a merchant does in wp-admin with the plugin's zip: uploads it, replaces an older one, activates it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.browsers import CHROMIUM_FLAGS, find_chromium
from tests.e2e.woocommerce.rest import Failed

if TYPE_CHECKING:
    from playwright.sync_api import Page

MILLISECONDS = 60_000
BY_HAND = "Upload the plugin by hand (Plugins, Add New, Upload Plugin), and leave the administrator's name out."


def upload_plugin(shop: str, app: str, user: str, password: str) -> str:
    """Take the zip from the app and put it into the shop, as this administrator. Raises Failed."""
    zipped = requests.get(f"{app}/install/woocommerce/plugin.zip", timeout=30)
    program = find_chromium()
    if not zipped.ok or program is None:
        raise Failed(f"the app's zip: {zipped.status_code}; Chromium: {program}", "`make browser` installs a Chromium.")
    from playwright.sync_api import Error, sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "shelfwise.zip"
        file.write_bytes(zipped.content)
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        try:
            page = browser.new_context(ignore_https_errors=True).new_page()
            page.set_default_timeout(MILLISECONDS)
            _log_in(page, shop, user, password)
            return put_in(page, shop, file)
        except Error as error:
            raise Failed(f"wp-admin: {error.message.splitlines()[0]}", BY_HAND) from None
        finally:
            browser.close()


def put_in(page: Page, shop: str, file: Path) -> str:
    """Upload and activate, on a page that is logged in. Raises Failed, or the browser's error."""
    page.goto(f"{shop}/wp-admin/plugin-install.php?tab=upload")
    page.set_input_files("#pluginzip", file)
    page.click("#install-plugin-submit")
    page.wait_for_load_state()
    replace = page.locator("a.update-from-upload-overwrite")
    replaces = replace.count() > 0
    if replaces:
        replace.click()
        page.wait_for_load_state()
    activate = page.locator("a[href*='action=activate'][href*='shelfwise']")
    if activate.count():
        activate.first.click()
        page.wait_for_load_state()
    page.goto(f"{shop}/wp-admin/plugins.php")
    if not page.locator("tr.active[data-plugin^='shelfwise/']").count():
        raise Failed("the plugin is not active after its upload", BY_HAND)
    return "an older one was replaced" if replaces else "uploaded and active"


def _log_in(page: Page, shop: str, user: str, password: str) -> None:
    page.goto(f"{shop}/wp-login.php")
    page.fill("#user_login", user)
    page.fill("#user_pass", password)
    page.click("#wp-submit")
    page.wait_for_load_state()
    if page.locator("#login_error").count():
        raise Failed(f"wp-login does not take {user!r} with this password")
