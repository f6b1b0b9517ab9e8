"""What a browser test looks for on the demo shop's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATHS = (
    "/demo/",
    "/demo/collections/pantry",
    "/demo/collections/everything?page=2",
    "/demo/cart",
    "/demo/search?q=stoneware",
    "/demo/search?q=nothing+is+called+so",
    "/demo/shelf",
)


def visit(page: Page, path: str) -> None:
    """Open a page and wait until each of its widgets has shown what it got, or nothing."""
    page.goto(path)
    settle(page)


def settle(page: Page) -> None:
    """Wait until each widget of the page that is open has shown what it got, or nothing."""
    expect(page.locator("shelfwise-slate:not([data-state])")).to_have_count(0)


def recommended(page: Page) -> list[str]:
    """Addresses of the products in the widgets of a page."""
    links = page.locator("shelfwise-slate .shelfwise-title").evaluate_all("all => all.map(a => a.pathname)")
    return [str(link) for link in links]


def add_to_cart(page: Page, pieces: int = 1) -> None:
    """Put pieces of the product whose page is open into the cart; ends on the cart's page."""
    page.get_by_label("Pieces", exact=True).fill(str(pieces))
    page.locator("form.buy").get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/demo/cart")


def buy(page: Page) -> None:
    """Pay for the cart; ends on the page that thanks."""
    page.get_by_role("button", name="Buy now").click()
    page.wait_for_url("**/demo/orders/*")


def shopkeeper(page: Page, action: str) -> None:
    """Press a button in the shopkeeper's corner of the product page that is open."""
    corner = page.locator("details.corner")
    corner.locator("summary").click()
    with page.expect_navigation():
        corner.get_by_role("button", name=action).click()
