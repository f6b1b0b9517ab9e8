"""Takes the documents' pictures of a running `make run PLATFORM=shopify`: `python -m tests.pictures ADDRESS`.

ADDRESS: of the server that plays Shopify. Its first shop has to have the app installed, with its lists published. The
app's icon is drawn from its SVG in the same round.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browsers import CHROMIUM_FLAGS, find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
ICON = 1200
LISTING = {"width": 1600, "height": 900}
GUIDE = {"width": 1100, "height": 760}
MOST_TRIES = 12
TWO_ROWS = 7


def take(address: str) -> None:
    """Every picture. Raises AssertionError where what is to be seen is not there."""
    chromium = find_chromium()
    assert chromium is not None, "no Chromium is installed: `make browser` installs one, or says how"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        _icon(browser)
        with _page(browser, LISTING) as page:
            shop = _first_shop(page, address)
            _decline(page, shop)
            _admin(page, shop, "shopify-listing-home.png")
            product = _product(page, shop)
            _shown(page, product, "Bought together", "shopify-listing-product.png")
            _cart(page, shop, product, "shopify-listing-cart.png")
        with _page(browser, GUIDE) as page:
            _decline(page, shop)
            _admin(page, shop, "shopify-home.png")
            _shown(page, product, "You may also like", "shopify-product.png")
            _cart(page, shop, product, "shopify-cart.png")
        browser.close()


@contextmanager
def _page(browser: Browser, size: dict[str, int]) -> Iterator[Page]:
    context = browser.new_context(viewport=size, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def _icon(browser: Browser) -> None:
    drawn = (IMAGES / "shopify-icon.svg").read_text()
    with _page(browser, {"width": ICON, "height": ICON}) as page:
        page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{ICON}px}}</style>{drawn}")
        page.screenshot(path=IMAGES / "shopify-icon.png")


def _first_shop(page: Page, address: str) -> str:
    """The address of the first shop on the server."""
    page.goto(address)
    link = page.locator("a[href*='myshopify.com']").first.get_attribute("href") or ""
    found = re.search(r"[a-z0-9-]+\.myshopify\.com", link)
    assert found, f"{address} shows no shop"
    return f"{address.rstrip('/')}/{found[0]}"


def _decline(page: Page, shop: str) -> None:
    """Answer the shop's own question for consent, so that it covers nothing."""
    page.goto(shop)
    page.get_by_role("button", name="Decline").click()


def _admin(page: Page, shop: str, name: str) -> None:
    """The app's home page, without the admin around it."""
    page.goto(f"{shop}/admin/apps/shelfwise")
    page.goto(page.locator("iframe[data-app]").get_attribute("src") or "")
    page.locator("[data-steps]").wait_for()
    page.screenshot(path=IMAGES / name)


def _product(page: Page, shop: str) -> str:
    """The address of the first product that has both lists."""
    page.goto(f"{shop}/collections/all")
    links = page.locator("a[href*='/products/']").evaluate_all("all => [...new Set(all.map((each) => each.href))]")
    for link in links[:MOST_TRIES]:
        page.goto(link)
        if page.locator("[data-shelfwise]").count() >= TWO_ROWS:
            return str(link)
    raise AssertionError("no product of the shop has its lists")


def _shown(page: Page, address: str, heading: str, name: str) -> None:
    """A page with one of our lists at the top of the window."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('footer')?.remove()")
    found = page.get_by_role("heading", name=heading)
    found.scroll_into_view_if_needed()
    found.evaluate("each => scrollBy(0, each.getBoundingClientRect().top - 60)")
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / name)


def _cart(page: Page, shop: str, product: str, name: str) -> None:
    """The cart with that product in it."""
    page.goto(product)
    page.locator("form[action*='/cart/add'] button").first.click()
    page.wait_for_load_state("networkidle")
    _shown(page, f"{shop}/cart", "Goes well with your cart", name)


if __name__ == "__main__":
    take(sys.argv[1])
