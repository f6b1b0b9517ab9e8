"""Consent first: without it nothing is stored in the browser and nothing of what a visitor does is kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from integration.settings import Settings
from integration.storage.behaviour import BehaviourEvent, Visitor
from integration.storage.database import Database
from tests.e2e.conftest import LiveShop
from tests.e2e.pages import add_to_cart, buy, settle, visit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

SHOPS_OWN_COOKIES = {"demo_cart", "demo_consent"}
STORED = "[localStorage.length, sessionStorage.length]"


def _kept(live: LiveShop) -> dict[str, int]:
    """Behaviour events in the store, by kind."""
    with closing(Database(Settings.from_environ(live.environ).database_url)) as database, database.read() as connection:
        rows = connection.execute(select(BehaviourEvent.kind, func.count()).group_by(BehaviourEvent.kind))
        return {str(kind): count for kind, count in rows}


def _visitors(live: LiveShop) -> set[str]:
    with closing(Database(Settings.from_environ(live.environ).database_url)) as database, database.read() as connection:
        return set(connection.execute(select(Visitor.token)).scalars())


def _events_sent(page: Page) -> list[str]:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/v1/events" in request.url else None)
    return sent


def test_without_consent_nothing_is_stored_and_nothing_is_sent(
    live: LiveShop, new_context: Callable[..., BrowserContext]
) -> None:
    before = _kept(live)
    for choice in (None, "No, thanks"):
        context = new_context()
        page = context.new_page()
        sent = _events_sent(page)
        visit(page, "/demo/")
        if choice:
            page.get_by_role("button", name=choice).click()
            page.locator("[data-consent-bar]").wait_for(state="detached")
        page.locator("shelfwise-slate .shelfwise-add").first.click()
        visit(page, str(live.slate("home")[0]["url"]))
        add_to_cart(page)
        buy(page)
        page.evaluate("window.shelfwise.flush()")
        assert page.evaluate(STORED) == [0, 0]
        assert {cookie["name"] for cookie in context.cookies()} <= SHOPS_OWN_COOKIES
        assert sent == []
    assert _kept(live) == before


def test_with_consent_views_impressions_clicks_and_cart_adds_are_kept(
    live: LiveShop, new_context: Callable[..., BrowserContext]
) -> None:
    before = _kept(live)
    page = new_context().new_page()
    visit(page, "/demo/")
    page.get_by_role("button", name="Yes, remember").click()
    page.locator("[data-consent-bar]").wait_for(state="detached")
    page.locator("shelfwise-slate .shelfwise-list").scroll_into_view_if_needed()
    with page.expect_request("**/v1/events", timeout=15_000) as seen:
        page.wait_for_timeout(0)
    batch = seen.value.post_data_json
    assert batch is not None
    kinds = {event["kind"] for event in batch["events"]}
    assert kinds == {"impression"}

    page.locator("shelfwise-slate .shelfwise-add").first.click()
    page.locator("[data-cart-count]", has_text="1").wait_for()
    page.locator("shelfwise-slate .shelfwise-title").nth(1).click()
    page.wait_for_url("**/demo/products/*")
    settle(page)
    with page.expect_response("**/v1/events"):
        page.evaluate("window.shelfwise.flush()")
    after = _kept(live)
    grown = {kind for kind in after if after[kind] > before.get(kind, 0)}
    assert grown >= {"view", "impression", "click", "cart_add"}
    assert page.evaluate("localStorage.getItem('shelfwise:visitor')") in _visitors(live)


def test_consent_that_is_taken_back_forgets_the_visitor(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    visit(page, "/demo/")
    page.get_by_role("button", name="Yes, remember").click()
    page.locator("[data-consent-bar]").wait_for(state="detached")
    visit(page, "/demo/")
    assert page.evaluate(STORED) == [1, 0]
    with page.expect_navigation():
        page.get_by_role("button", name="Forget me").click()
    assert page.evaluate(STORED) == [0, 0]
