"""Looks at a shop's pages in Chromium: our recommendations are there, once each, and nothing on the page complains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browsers import CHROMIUM_FLAGS, find_chromium
from tests.e2e.woocommerce.rest import Failed, RestShop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLATE = "section:has(.shelfwise-card)"
HEADINGS = "(all) => all.map((each) => each.querySelector('h2')?.textContent || each.ariaLabel)"
PAGE_MILLISECONDS, SETTLING_MILLISECONDS = 30_000, 400
PLUGIN = "Is the plugin active and linked, and is the placement on (WooCommerce, Shelfwise)?"


def looked_at(shop: RestShop, product: int, thanks: str) -> str:
    """Open product, shop, cart and thank-you page. Gives how many slates each shows. Raises Failed.

    thanks: the thank-you page's address of an order, "" where there is none.
    """
    program = find_chromium()
    if program is None:
        raise Failed("no Chromium is installed", "`make browser` installs one, or says how")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        try:
            found = {name: _slates(browser, address) for name, address in _pages(shop, product, thanks).items()}
        finally:
            browser.close()
    said = ", ".join(f"{name} {count}" for name, count in found.items())
    if not any(found.values()):
        raise Failed(f"no page shows a recommendation ({said})", PLUGIN)
    return said


def _pages(shop: RestShop, product: int, thanks: str) -> dict[str, str]:
    link = str(shop.told("GET", f"wc/v3/products/{product}")["permalink"])
    status = shop.told("GET", "wc/v3/system_status", _fields="pages")
    numbers = {str(each["page_name"]): str(each["page_id"]) for each in status["pages"]}
    pages = {"product": link, "cart": f"{shop.url}/?add-to-cart={product}&page_id={numbers.get('Cart', '0')}"}
    if "Shop base" in numbers:
        pages["shop"] = f"{shop.url}/?page_id={numbers['Shop base']}"
    return {**pages, "thank-you": thanks} if thanks else pages


def _slates(browser: Browser, address: str) -> int:
    """How many of our slates the page shows. Raises Failed where one stands twice, or a script of the page fails."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        answer = page.goto(address, timeout=PAGE_MILLISECONDS)
        if answer is None or not answer.ok:
            raise Failed(f"{address} answers {answer.status if answer else 'nothing'}")
        page.wait_for_timeout(SETTLING_MILLISECONDS)
        headings = page.locator(SLATE).evaluate_all(HEADINGS)
        if len(set(headings)) < len(headings):
            raise Failed(f"{address} shows a slate twice: {headings}")
        if any("shelfwise" in each.lower() for each in errors):
            raise Failed(f"{address}: {errors}")
        return len(headings)
    finally:
        context.close()
