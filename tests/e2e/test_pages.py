"""The pages stand still, fit a phone, and are open to everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import LiveShop, errors_of
from tests.e2e.pages import PATHS, add_to_cart, buy, recommended, visit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

# Holds every slate back for a while, so that each comes long after the page was first painted.
LATE_SLATES = """
const real = window.fetch;
window.fetch = (...args) => new Promise((done) => setTimeout(() => done(real(...args)), 250));
"""
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""
NO_ANSWER = "window.fetch = (_url, { signal }) => new Promise((_, no) => signal.addEventListener('abort', no));"


def _everywhere(page: Page, live: LiveShop) -> list[str]:
    """Every kind of page there is, with something in the cart and an order placed."""
    product = str(live.slate("home")[0]["url"])
    visit(page, product)
    add_to_cart(page)
    buy(page)
    order = page.url
    visit(page, product)
    add_to_cart(page)
    return [*PATHS, product, order]


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_scrolls_sideways_or_complains(
    live: LiveShop, new_context: Callable[..., BrowserContext], width: int
) -> None:
    page = new_context(viewport={"width": width, "height": 844}).new_page()
    errors = errors_of(page)
    for path in _everywhere(page, live):
        visit(page, path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{path} is {wide} px too wide"
    assert errors == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_when_a_slate_arrives(
    live: LiveShop, new_context: Callable[..., BrowserContext], width: int
) -> None:
    context = new_context(viewport={"width": width, "height": 844})
    context.add_init_script(LATE_SLATES + SHIFTS)
    page = context.new_page()
    for path in ("/demo/", "/demo/search?q=nothing+is+called+so", str(live.slate("home")[0]["url"])):
        visit(page, path)
        page.locator("shelfwise-slate").first.scroll_into_view_if_needed()
        assert recommended(page), f"no slate on {path}"
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("window.shifts") == 0, path


def test_axe_finds_nothing_on_any_page(page: Page, live: LiveShop) -> None:
    for path in _everywhere(page, live):
        visit(page, path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


def test_a_recommender_that_does_not_answer_leaves_the_page_as_it_is(
    new_context: Callable[..., BrowserContext],
) -> None:
    context = new_context()
    context.add_init_script(NO_ANSWER)
    page = context.new_page()
    errors = errors_of(page)
    visit(page, "/demo/")
    assert page.locator("shelfwise-slate").first.get_attribute("data-state") == "empty"
    assert not page.locator("shelfwise-slate").first.is_visible()
    assert page.get_by_role("heading", name="New in").is_visible()
    assert errors == []


def test_a_slate_below_the_fold_may_come_later_than_the_budget(
    live: LiveShop, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context(viewport={"width": 1280, "height": 400})
    context.add_init_script(LATE_SLATES.replace("250", "900") + SHIFTS)
    page = context.new_page()
    visit(page, str(live.slate("home")[0]["url"]))
    assert recommended(page)
    assert page.evaluate("window.shifts") == 0


def test_a_widget_can_be_worked_by_keyboard(page: Page) -> None:
    visit(page, "/demo/")
    slate = page.locator("shelfwise-slate").first
    slate.locator(".shelfwise-title").first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "shelfwise-add"
    page.keyboard.press("Enter")
    page.locator("[data-cart-count]", has_text="1").wait_for()
    assert "is in your cart" in page.get_by_role("status").inner_text()


def test_an_unknown_address_gets_a_page_of_the_shop(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    answer = page.goto("/demo/products/no-such-thing")
    assert answer is not None
    assert answer.status == 404
    assert page.get_by_role("heading", level=1).inner_text() == "That is not on our shelves."
