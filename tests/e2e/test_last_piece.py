"""The promise that everything else serves: what is sold out is in no widget, on no page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tests.e2e.conftest import LiveShop
from tests.e2e.pages import PATHS, add_to_cart, buy, recommended, settle, shopkeeper, visit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


def _single_choice(page: Page, live: LiveShop) -> Iterator[str]:
    """Addresses of recommended products whose stock is counted and that have one form only."""
    for item in live.slate("home"):
        path = str(item["url"])
        page.goto(path)
        if page.locator("fieldset").count() == 0 and page.locator("details.corner strong").count() == 1:
            yield path


def _slates_with(page: Page, path: str) -> list[str]:
    found = []
    for each in PATHS:
        visit(page, each)
        if path in recommended(page):
            found.append(each)
    return found


def test_the_last_piece_is_bought_and_is_gone_from_every_widget(page: Page, live: LiveShop) -> None:
    path = next(path for path in _single_choice(page, live) if _slates_with(page, path))
    neighbour = next(str(item["url"]) for item in live.slate("home") if item["url"] != path)

    visit(page, path)
    shopkeeper(page, "Empty this shelf")
    assert _slates_with(page, path) == []
    visit(page, path)
    shopkeeper(page, "Restock 5")
    assert _slates_with(page, path) != []

    visit(page, path)
    add_to_cart(page, 4)
    buy(page)
    visit(page, path)
    assert page.get_by_text("Last one", exact=True).is_visible()
    add_to_cart(page)
    buy(page)
    assert page.get_by_text("That was the last one").is_visible()
    settle(page)
    assert path not in recommended(page)
    assert _slates_with(page, path) == []
    visit(page, neighbour)
    assert path not in recommended(page)
    assert str(path) not in [item["url"] for item in live.slate("home")]
    visit(page, path)
    assert page.locator(".stock").inner_text() == "Sold out"


def test_two_shoppers_can_not_both_buy_the_last_piece(
    live: LiveShop, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    path = next(_single_choice(page, live))
    visit(page, path)
    shopkeeper(page, "Empty this shelf")
    shopkeeper(page, "Restock 5")
    add_to_cart(page, 5)
    rival = new_context().new_page()
    visit(rival, path)
    add_to_cart(rival, 5)
    buy(rival)

    page.get_by_role("button", name="Buy now").click()
    assert "Somebody was quicker" in page.get_by_role("alert").inner_text()
    assert page.get_by_text("Sold out meanwhile").is_visible()
