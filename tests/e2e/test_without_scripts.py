"""A shop whose visitor has no JavaScript is a shop all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.e2e.conftest import LiveShop
from tests.e2e.pages import add_to_cart, buy

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext


def test_pages_stand_and_one_can_buy(live: LiveShop, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/demo/")
    assert page.get_by_role("heading", level=1).is_visible()
    page.goto(str(live.slate("home")[0]["url"]))
    add_to_cart(page)
    buy(page)
    assert page.get_by_role("heading", name="Thank you.").is_visible()


def test_a_widget_that_never_comes_leaves_no_hole(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/demo/")
    box = page.locator("shelfwise-slate").bounding_box()
    assert box is not None
    assert box["height"] == 0


def test_the_consent_bar_works_by_plain_form(new_context: Callable[..., BrowserContext]) -> None:
    context = new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto("/demo/")
    page.get_by_role("button", name="No, thanks").click()
    assert page.locator("[data-consent-bar]").count() == 0
    assert {cookie["name"]: cookie["value"] for cookie in context.cookies()} == {"demo_consent": "no"}
