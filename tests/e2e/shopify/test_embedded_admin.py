"""A merchant installs the app and opens it: in a frame, without cookies, on a phone, with a screen reader."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from integration.app import create_app
from integration.services import readings
from integration.services.secrets import Vault
from integration.services.set_up import set_up
from integration.settings import Settings
from integration.storage.database import Database
from tests.e2e.conftest import errors_of
from tests.functional.shopify.conftest import Play, play  # noqa: F401 -- a fixture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

STYLES = Path(__file__).parents[3] / "templates" / "shopify" / "admin" / "assets" / "admin.css"
Opened = Callable[..., "Page"]


@pytest.fixture
def database_url(_sqlite_copies: Callable[[], tuple[str, Callable[[], None]]]) -> Iterator[str]:
    url, remove = _sqlite_copies()
    yield url
    remove()


@pytest.fixture
def ours(play: Play, settings: Settings) -> Iterator[Settings]:  # noqa: F811
    """The app, served to the played Shopify."""
    of_play = play.settings(settings)
    server = make_server("127.0.0.1", 0, create_app(of_play), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    play.platform.app_url = f"http://127.0.0.1:{server.server_port}"
    yield of_play
    server.shutdown()
    server.server_close()


@pytest.fixture
def admin(browser: Browser, play: Play, ours: Settings) -> Iterator[Opened]:  # noqa: F811
    """Opens the app in the admin of a browser whose other sites keep no cookies, as in a private window."""
    contexts: list[BrowserContext] = []

    def opened(width: int = 1200, height: int = 1000) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{play.url}/{play.shop}/admin/apps/shelfwise")
        return page

    yield opened
    for context in contexts:
        context.close()


def framed(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def test_a_merchant_installs_the_app_and_sees_how_far_it_is(
    admin: Opened,
    play: Play,  # noqa: F811
    ours: Settings,
    database: Database,
) -> None:
    page = admin()
    page.get_by_role("button", name="Install").click()
    app = framed(page)
    errors = errors_of(page)
    app.get_by_role("heading", name="getting to know your shop").wait_for()
    assert app.locator("[data-step]").count() == 6
    assert app.locator("[data-step=connected]").get_attribute("data-state") == "done"
    set_up(database, Vault(ours.secret_keys), ours, 1)
    app.locator("[data-step=connected]").get_by_text(play.state.name).wait_for(timeout=10_000)
    app.locator("[data-placed=similar]").get_by_text("On your theme").wait_for()
    assert page.context.cookies() == []
    assert [each for each in errors if "404" not in each] == []


def test_a_token_that_went_stale_is_fetched_anew_without_anybody_noticing(
    admin: Opened,
    play: Play,  # noqa: F811
) -> None:
    play.install()
    page = admin()
    app = framed(page)
    app.get_by_role("heading", level=1).wait_for()
    frame = page.frames[1]
    frame.evaluate(
        """() => { const here = new URL(location); here.searchParams.delete("id_token"); location = here }"""
    )
    app.locator("[data-steps]").wait_for()
    frame.wait_for_url("**/shopify/app?*bounced=*id_token=*")
    assert app.locator("[data-step]").count() == 6


def test_the_page_serves_people_who_use_a_screen_reader_and_people_on_a_phone(
    admin: Opened,
    play: Play,  # noqa: F811
) -> None:
    play.install()
    page = admin(width=390, height=800)
    framed(page).get_by_role("heading", level=1).wait_for()
    frame = page.frames[1]
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = "(each) => each.filter((one) => one.getBoundingClientRect().height < 44).length"
    assert frame.locator(".button:visible").evaluate_all(small) == 0
    alone = page.context.new_page()
    alone.set_content(frame.content().replace("<script", "<template").replace("</script", "</template"))
    alone.add_style_tag(path=str(STYLES))
    found = Axe().run(alone)
    assert found.violations_count == 0, found.generate_report()


def test_an_address_of_ours_outside_of_the_admin_says_where_it_belongs(
    browser: Browser,
    play: Play,  # noqa: F811
    ours: Settings,
) -> None:
    page = browser.new_page()
    page.goto(f"{play.platform.app_url}/shopify/app")
    page.get_by_role("heading", name="in your Shopify admin").wait_for()
    play.install()
    page.goto(f"{play.platform.app_url}/shopify/app?shop={play.shop}")
    page.wait_for_url(f"{play.url}/{play.shop}/admin/apps/shelfwise")
    framed(page).get_by_role("heading", level=1).wait_for()
    page.context.close()


def test_a_merchant_may_have_older_orders_read_too(
    admin: Opened,
    play: Play,  # noqa: F811
    ours: Settings,
    database: Database,
) -> None:
    play.install()
    page = admin()
    app = framed(page)
    app.get_by_role("heading", level=1).wait_for()
    vault = Vault(ours.secret_keys)
    set_up(database, vault, ours, 1)
    platform, reader = readings.open_reader(database, vault, ours, 1)
    readings.plan(database, 1, platform, reader.kinds, now=datetime.now(UTC))
    while readings.run(database, 1, reader).more:
        pass
    asked = """() => { window.asked = []; shopify.scopes = { request: async (scopes) => {
        window.asked.push(...scopes); return { result: "granted-all" } } } }"""
    page.frames[1].evaluate(asked)
    app.get_by_role("button", name="Read older orders too").click(timeout=10_000)
    page.frames[1].wait_for_function("asked.length")
    assert page.frames[1].evaluate("asked") == ["read_all_orders"]
    play.platform.grant(play.state, "read_all_orders")
    assert {each.finished for each in readings.progress(database, 1)} == {True}
    set_up(database, vault, ours, 1)
    assert {each.finished for each in readings.progress(database, 1)} == {False}
    app.get_by_role("button", name="Read older orders too").wait_for(state="hidden", timeout=10_000)
