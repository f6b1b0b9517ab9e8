"""Our blocks on a shop's theme, as shoppers meet them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.shopify.conftest import PROXY, SLATE, Storefront, paths, settled
from tests.played_theme import on_sale, publish, sell_out

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

Visitor = Callable[..., "BrowserContext"]
STORED = "[localStorage.length, sessionStorage.length]"
CARDS = "shelfwise-list section:not([hidden]) .shelfwise-card"


def _in_cart(page: Page, front: Storefront) -> list[dict[str, object]]:
    items: list[dict[str, object]] = page.request.get(f"{front.url}/cart.js").json()["items"]
    return items


def _product(front: Storefront) -> str:
    return f"{front.url}/products/{on_sale(front.shop)[3].handle}"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_no_page_is_too_wide_and_axe_finds_nothing(
    front: Storefront, visitor: Visitor, width: int
) -> None:
    page = visitor(consent="none", viewport={"width": width, "height": 844}).new_page()
    for path in paths(front):
        page.goto(front.url + path)
        settled(page)
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        settled(page)
        assert page.evaluate("window.shifts") == 0, path
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{path} is {wide} px too wide"
        if path != "/cart":
            assert page.locator(CARDS).count() > 0, path
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


def test_it_reads_from_right_to_left_where_the_language_does(front: Storefront, visitor: Visitor) -> None:
    page = visitor(consent="none").new_page()
    page.goto(f"{front.url}/?locale=ar")
    assert page.locator("html").get_attribute("dir") == "rtl"
    boxes = [page.locator(CARDS).nth(each).bounding_box() for each in (0, 1)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] > boxes[1]["x"]
    assert page.evaluate("window.shifts") == 0


@pytest.mark.parametrize("consent", [None, "none"])
def test_without_consent_nothing_is_stored_and_nothing_is_asked_of_us(
    front: Storefront, visitor: Visitor, consent: str | None
) -> None:
    context = visitor(consent=consent)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/cart", f"/products/{on_sale(front.shop)[3].handle}"):
        page.goto(front.url + path)
        settled(page)
        assert page.evaluate(STORED) == [0, 0]
    page.locator(f"{CARDS} > .shelfwise-form button").first.click()
    expect(page.locator(".shelfwise-said").filter(has_text="Added")).to_have_count(1)
    assert page.evaluate(STORED) == [0, 0]
    assert {str(each["name"]) for each in context.cookies()} <= {"cart", "_tracking_consent"}
    assert [each for each in asked if PROXY in each or "consented" in each] == []
    assert {each.split("/")[2] for each in asked} == {front.url.split("/")[2]}
    assert page.request.get(f"{front.url}/cart.js").json()["attributes"] == {}
    assert (front.asked, front.told) == ([], [])


def test_a_card_puts_its_variant_into_the_cart_and_says_so(front: Storefront, visitor: Visitor) -> None:
    page = visitor(consent="none").new_page()
    page.goto(_product(front))
    similar = page.locator("#shopify-section-apps")
    card = similar.locator(".shelfwise-card").filter(has=page.locator("select")).first
    card.locator("select").select_option(index=1)
    wanted = card.locator("select").input_value()
    card.locator("button").click()
    expect(similar.locator(".shelfwise-said").first).to_contain_text("Added to your cart.")
    [line] = _in_cart(page, front)
    assert str(line["variant_id"]) == wanted
    assert re.fullmatch(r"[0-9a-f]{32}:\d+", str(line["properties"]["_shelfwise"]))  # type: ignore[index]
    expect(page.locator("[data-drawer]")).to_be_visible()
    expect(page.locator("[data-drawer] .shelfwise-card").first).to_be_visible()
    expect(page.locator("header [data-pieces]")).to_have_text("1")


def test_a_theme_without_standard_actions_gets_the_cart_api(front: Storefront, visitor: Visitor) -> None:
    page = visitor(consent="none").new_page()
    page.goto(_product(front))
    page.evaluate("delete window.Shopify.actions")
    button = page.locator("#shopify-section-apps .shelfwise-card button").first
    button.click()
    expect(page.locator("#shopify-section-apps .shelfwise-said").first).to_contain_text("View cart")
    expect(button).to_be_focused()
    assert len(_in_cart(page, front)) == 1
    page.goto(f"{front.url}/cart")
    page.evaluate("delete window.Shopify.actions")
    with page.expect_navigation():
        page.locator("main .shelfwise-card button").first.click()
    expect(page.locator("main .line")).to_have_count(2)


def test_somebody_who_is_too_late_is_told_so_politely(front: Storefront, visitor: Visitor) -> None:
    page = visitor(consent="none").new_page()
    page.goto(_product(front))
    similar = page.locator("#shopify-section-apps")
    card = similar.locator(".shelfwise-card").first
    number = int(str(card.get_attribute("data-shelfwise")).split(",")[0])
    sell_out(front.shop, front.shop.products[number].variants)
    card.locator("button").click()
    expect(similar.locator(".shelfwise-said").first).to_contain_text("sold out")
    assert _in_cart(page, front) == []
    page.reload()
    assert page.locator(f"#shopify-section-apps [data-shelfwise^='{number},']").count() == 0


def test_a_shop_that_can_not_be_reached_is_said_too(front: Storefront, visitor: Visitor) -> None:
    context = visitor(consent="none")
    page = context.new_page()
    page.goto(_product(front))
    page.evaluate("() => { window.Shopify.actions.updateCart = async () => { throw new TypeError('gone'); }; }")
    page.locator("#shopify-section-apps .shelfwise-card button").first.click()
    expect(page.locator("#shopify-section-apps .shelfwise-said").first).to_contain_text("did not work")


def test_a_bundle_goes_into_the_cart_with_one_button(front: Storefront, visitor: Visitor) -> None:
    page = visitor(consent="none").new_page()
    page.goto(_product(front))
    bundle = page.locator(".shelfwise-bundle")
    before = bundle.locator(".shelfwise-total").inner_text()
    bundle.locator("[type=checkbox]").nth(1).uncheck()
    assert bundle.locator(".shelfwise-total").inner_text() != before
    wanted = [each.input_value() for each in bundle.locator("[type=checkbox]:checked").all()]
    bundle.get_by_role("button").click()
    expect(page.locator("header [data-pieces]")).to_have_text("2")
    assert {str(each["variant_id"]) for each in _in_cart(page, front)} == set(wanted)


def test_everything_works_without_javascript(front: Storefront, visitor: Visitor) -> None:
    page = visitor(java_script_enabled=False).new_page()
    for path in paths(front)[:3]:
        page.goto(front.url + path)
        assert page.locator(CARDS).count() > 2, path
    page.goto(_product(front))
    page.locator("#shopify-section-apps .shelfwise-card button").first.click()
    page.wait_for_url("**/cart")
    assert page.locator("main .line").count() == 1
    page.goto(_product(front))
    page.locator(".shelfwise-bundle button").click()
    page.wait_for_url("**/cart")
    assert page.locator("main .line").count() in {3, 4}, "one of them may be the line that was there"
    marks = [each["properties"].get("_shelfwise", "") for each in _in_cart(page, front)]  # type: ignore[attr-defined]
    assert sum(bool(re.fullmatch(r"[0-9a-f]{32}:\d+", mark)) for mark in marks) == len(marks) - 1


def test_with_consent_a_better_list_takes_the_place_without_a_jump(front: Storefront, visitor: Visitor) -> None:
    wanted = on_sale(front.shop)[20:28]
    front.personal(*wanted)
    page = visitor(consent="preferences,analytics").new_page()
    page.goto(_product(front))
    similar = page.locator("#shopify-section-apps shelfwise-list").first
    expect(similar.locator(".shelfwise-card .shelfwise-link").first).to_have_text(wanted[0].title)
    assert similar.locator(".shelfwise-card").count() == 8
    assert page.evaluate("window.shifts") == 0
    [asked] = front.asked
    assert asked["placement"] == "product"
    assert asked["product"] == str(on_sale(front.shop)[3].id)
    assert re.fullmatch(r"[0-9a-f]{32}", asked["visitor"])
    assert str(similar.locator(".shelfwise-card").first.get_attribute("data-shelfwise")).endswith(f",{SLATE},1")


@pytest.mark.parametrize("width", [320, 1280])
def test_a_list_for_the_shopper_brings_its_own_heading_without_a_jump(
    front: Storefront, visitor: Visitor, width: int
) -> None:
    wanted = on_sale(front.shop)[20:28]
    front.personal(*wanted)
    page = visitor(consent="preferences", viewport={"width": width, "height": 900}).new_page()
    page.goto(f"{front.url}/")
    expect(page.locator(".shelfwise-link").first).to_have_text(wanted[0].title)
    assert page.locator(".shelfwise-heading").first.inner_text() == "Picked for you"
    assert page.evaluate("window.shifts") == 0


@pytest.mark.parametrize("consent", ["none", "preferences"])
def test_what_sells_in_the_shop_is_called_so_whatever_a_shopper_allows(
    front: Storefront, visitor: Visitor, consent: str
) -> None:
    front.personal(*on_sale(front.shop)[20:28], kind="trending")
    page = visitor(consent=consent).new_page()
    for path in ("/", "/nowhere", "/search?q=zzzz"):
        page.goto(front.url + path)
        settled(page)
        block = page.locator("shelfwise-list").first
        assert block.locator(".shelfwise-link").first.inner_text() == on_sale(front.shop)[0].title
        assert block.locator(".shelfwise-heading").inner_text() == "Popular right now"


@pytest.mark.parametrize("trouble", ["nothing personal", "no answer", "nonsense"])
def test_a_worse_answer_or_none_leaves_the_list_as_it_is(front: Storefront, visitor: Visitor, trouble: str) -> None:
    if trouble == "nothing personal":
        front.personal(*on_sale(front.shop)[20:28], kind="trending")
    elif trouble == "nonsense":
        front.slate = {"items": [{"reason": None}, 7, None]}
    elif trouble == "no answer":
        front.slate = None
    page = visitor(consent="preferences,analytics").new_page()
    page.goto(_product(front))
    similar = page.locator("#shopify-section-apps shelfwise-list").first
    before = [each.inner_text() for each in similar.locator(".shelfwise-link").all()]
    settled(page)
    assert [each.inner_text() for each in similar.locator(".shelfwise-link").all()] == before
    assert page.evaluate("window.shifts") == 0


def test_with_consent_seen_and_clicked_cards_are_told_and_the_cart_knows_who_fills_it(
    front: Storefront, visitor: Visitor
) -> None:
    page = visitor(consent="analytics").new_page()
    page.goto(_product(front))
    similar = page.locator("#shopify-section-apps")
    similar.locator(".shelfwise-card").first.scroll_into_view_if_needed()
    page.wait_for_timeout(1300)
    similar.locator(".shelfwise-card button").first.click()
    expect(page.locator("[data-drawer]")).to_be_visible()
    settled(page)
    attributes = page.request.get(f"{front.url}/cart.js").json()["attributes"]
    assert re.fullmatch(r"[0-9a-f]{32}", attributes["_shelfwise_visitor"])
    page.keyboard.press("Escape")
    similar.locator(".shelfwise-link").first.click()
    page.wait_for_url("**/products/**")
    settled(page)
    assert {each["kind"] for each in front.told} == {"impression", "click"}
    for each in front.told:
        assert re.fullmatch(r"[0-9a-f]{32}", each["slate"])
        assert each["position"] >= 1
    assert front.asked == [], "no personal list without consent to preferences"


def test_consent_that_is_given_later_counts_and_taken_back_forgets(front: Storefront, visitor: Visitor) -> None:
    page = visitor().new_page()
    page.goto(_product(front))
    page.get_by_role("button", name="Accept").click()
    page.wait_for_function("localStorage.getItem('shelfwise:visitor')")
    assert page.evaluate("localStorage.getItem('shelfwise:recent')") == on_sale(front.shop)[3].handle
    page.evaluate("window.Shopify.customerPrivacy.setTrackingConsent({})")
    assert page.evaluate(STORED) == [0, 0]


def test_what_was_looked_at_is_shown_again_with_consent(front: Storefront, visitor: Visitor) -> None:
    page = visitor(consent="preferences").new_page()
    seen = on_sale(front.shop)[:2]
    for each in seen:
        page.goto(f"{front.url}/products/{each.handle}")
        settled(page)
    page.goto(f"{front.url}/")
    recent = page.locator("#shopify-block-shelfwise_recent_home")
    expect(recent.locator(".shelfwise-link")).to_have_text([each.title for each in reversed(seen)])
    assert page.evaluate("window.shifts") == 0


def test_shopifys_own_recommendations_stand_in_for_a_list_that_is_not_there(
    front: Storefront, visitor: Visitor
) -> None:
    here = on_sale(front.shop)[3]
    publish(front.shop, here, [])
    page = visitor(consent="none", viewport={"width": 390, "height": 700}).new_page()
    page.goto(f"{front.url}/products/{here.handle}")
    similar = page.locator("#shopify-section-apps shelfwise-list").first
    expect(similar.locator(".shelfwise-card").first).to_be_visible()
    assert page.evaluate("window.shifts") == 0
    assert similar.locator("img").first.get_attribute("loading") == "lazy"
    similar.locator(".shelfwise-form:not(:has(select)) button").first.click()
    expect(similar.locator(".shelfwise-said")).to_contain_text("Added")
    assert [each["properties"] for each in _in_cart(page, front)] == [{}]
    front.shop.collections.clear()
    page.reload()
    settled(page)
    assert not similar.locator("section").is_visible()
