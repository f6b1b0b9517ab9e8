"""What the script does in a shopper's browser: adds to the cart, and tells nothing before a yes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.wordpress.rig import PLUGIN, WordPress
from tests.wordpress.slate_app import SLATE, SlateApp, serve_slates

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

GOODS = ("bowl", "plate", "teapot", "jug", "tray", "spoon-rest", "egg-cup", "milk-jug")
SCRIPT_BYTES = 4096
# What the WP Consent API puts into pages, as far as scripts meet it: the kind of consent, its cookies, its event.
CONSENT_API = """<?php add_action('wp_head', function () { ?><script>
window.wp_consent_type = new URLSearchParams(location.search).get('kind') || 'optin';
window.wp_has_consent = (purpose) => document.cookie.includes(`wp_consent_${purpose}=allow`);
window.decide = (purposes, value) => {
  for (const purpose of purposes) document.cookie = `wp_consent_${purpose}=${value}; path=/`;
  document.dispatchEvent(new CustomEvent('wp_listen_for_consent_change', { detail: { [purposes[0]]: value } }));
};
</script><?php });"""
VISITOR = "shelfwise_visitor"


@pytest.fixture
def answering() -> Iterator[SlateApp]:
    with serve_slates() as app:
        yield app


@pytest.fixture
def shop(wordpress: WordPress, answering: SlateApp) -> WordPress:
    answering.products = [wordpress.product(each) for each in GOODS]
    wordpress.link(answering.url)
    return wordpress


@pytest.fixture
def asks_consent(shop: WordPress) -> Iterator[None]:
    """The shop has the WP Consent API, and something that asks."""
    plugin = shop.content / "mu-plugins" / "consent.php"
    plugin.write_text(CONSENT_API)
    yield
    plugin.unlink()


@pytest.fixture
def context(browser: Browser, shop: WordPress) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=shop.url, viewport={"width": 1280, "height": 900})
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; an error of its scripts fails the test. Its requests end before the shop is put back as it was."""
    opened, errors = context.new_page(), []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.wait_for_load_state("networkidle")
    assert errors == []


def cookies(context: BrowserContext) -> dict[str, str]:
    """Names and values of all cookies."""
    return {each["name"]: each["value"] for each in context.cookies()}


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Let the page go on until something holds, for five seconds at most."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail("it did not come to pass")


def test_the_script_is_small() -> None:
    packed = len(zlib.compress((PLUGIN / "assets" / "shelfwise.js").read_bytes(), 9))
    assert packed < SCRIPT_BYTES


@pytest.mark.parametrize("theme", ["block", "classic"])
def test_a_product_goes_into_the_cart_without_leaving_the_page(shop: WordPress, page: Page, theme: str) -> None:
    shop.use_theme(theme)
    page.goto("/product/mug/")
    page.evaluate("document.body.addEventListener('wc-blocks_added_to_cart', () => (window.told = true))")
    with page.expect_request("**/cart/add-item") as asked:
        page.get_by_role("button", name="Bowl", exact=False).first.click()
    assert asked.value.post_data_json == {"id": shop.product("bowl"), "quantity": 1, "shelfwise": f"{SLATE}:1"}
    expect(page.get_by_role("status").filter(has_text="Added to your cart")).to_be_visible()
    assert page.evaluate("window.told")
    assert page.url.endswith("/product/mug/")
    page.get_by_role("link", name="View cart").click()
    expect(page).to_have_url(re.compile("/cart/"))


def test_what_sold_out_meanwhile_is_told_in_the_shops_words(shop: WordPress, page: Page) -> None:
    page.goto("/product/mug/")
    shop.run(f"wc_update_product_stock({shop.product('bowl')}, 0);")
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Bowl", exact=False).first.click()
    expect(page.locator(".shelfwise-said")).not_to_be_empty()
    expect(page.locator(".shelfwise-said")).not_to_contain_text("Added")


def test_without_scripts_the_button_is_a_form(shop: WordPress, browser: Browser) -> None:
    plain = browser.new_context(base_url=shop.url, java_script_enabled=False)
    page = plain.new_page()
    page.goto("/product/mug/")
    page.get_by_role("button", name="Bowl", exact=False).first.click()
    expect(page).to_have_url(re.compile("/product/bowl/"))
    plain.close()


@pytest.mark.usefixtures("asks_consent")
def test_before_a_yes_nothing_is_kept_and_nothing_is_sent(
    page: Page, context: BrowserContext, answering: SlateApp
) -> None:
    page.goto("/product/mug/")
    page.get_by_role("button", name="Bowl", exact=False).first.click()
    expect(page.locator(".shelfwise-said")).to_contain_text("Added")
    page.wait_for_timeout(1500)
    page.goto("/shop/")
    assert VISITOR not in cookies(context)
    assert page.evaluate("localStorage.length") == 0
    assert answering.events == []


@pytest.mark.usefixtures("asks_consent")
def test_after_a_yes_what_was_seen_and_done_is_counted_once(
    shop: WordPress, page: Page, context: BrowserContext, answering: SlateApp
) -> None:
    page.goto("/product/mug/")
    page.evaluate("decide(['statistics'], 'allow')")
    page.locator(".shelfwise-card").first.scroll_into_view_if_needed()
    page.wait_for_timeout(1300)
    page.get_by_role("button", name="Bowl", exact=False).first.click()
    expect(page.locator(".shelfwise-said")).to_contain_text("Added")
    page.get_by_role("link", name="Plate").first.click()
    until(page, lambda: "click" in answering.kinds())
    (batch,) = answering.events
    assert (batch["shop"], batch["consent"], batch["visitor"]) == ("corner-shop", True, cookies(context)[VISITOR])
    kinds = answering.kinds()
    assert [kinds.count(kind) for kind in ("view", "cart_add", "click")] == [1, 1, 1]
    seen = [event["product"] for event in batch["events"] if event["kind"] == "impression"]
    assert len(set(seen)) == len(seen) >= 3
    by_kind = {event["kind"]: event for event in batch["events"]}
    assert by_kind["view"]["product"] == str(shop.product("mug"))
    assert by_kind["click"]["product"] == str(shop.product("plate"))
    assert (by_kind["click"]["slate"], by_kind["click"]["position"]) == (SLATE, 2)


@pytest.mark.usefixtures("asks_consent")
def test_a_no_forgets_the_visitor_here_and_in_the_app(page: Page, context: BrowserContext, answering: SlateApp) -> None:
    page.goto("/product/mug/")
    page.evaluate("decide(['statistics'], 'allow')")
    until(page, lambda: VISITOR in cookies(context))
    visitor = cookies(context)[VISITOR]
    page.evaluate("decide(['statistics'], 'deny')")
    until(page, lambda: bool(answering.events))
    assert VISITOR not in cookies(context)
    assert page.evaluate("localStorage.length") == 0
    assert answering.events == [{"shop": "corner-shop", "visitor": visitor, "consent": False, "events": []}]


@pytest.mark.usefixtures("asks_consent")
def test_a_question_that_is_still_open_forgets_nobody(page: Page, context: BrowserContext, answering: SlateApp) -> None:
    page.goto("/product/mug/")
    page.evaluate("decide(['statistics'], 'allow')")
    until(page, lambda: VISITOR in cookies(context))
    page.add_init_script("Object.defineProperty(window, 'wp_consent_type', { get: () => '', set: () => {} })")
    page.goto("/product/bowl/")
    page.wait_for_timeout(300)
    assert VISITOR in cookies(context)
    assert [batch for batch in answering.events if not batch["consent"]] == []


@pytest.mark.usefixtures("asks_consent")
def test_whoever_agreed_to_it_and_comes_back_sees_their_own_slate(
    shop: WordPress, page: Page, answering: SlateApp
) -> None:
    page.goto("/product/mug/")
    page.evaluate("decide(['statistics', 'marketing'], 'allow')")
    page.goto("/product/mug/")
    expect(page.locator(".shelfwise-heading")).to_have_text("Picked for you")
    expect(page.locator(".shelfwise-card")).to_have_count(4)
    assert (
        page.locator(".shelfwise-card").first.get_attribute("data-shelfwise") == f"{shop.product('milk-jug')},{SLATE}:1"
    )
    assert all("visitor" not in asked or asked["product"] for asked in answering.asked)


@pytest.mark.parametrize("theme", ["block", "classic"])
def test_axe_finds_nothing_wrong_with_a_slate(shop: WordPress, page: Page, theme: str) -> None:
    shop.use_theme(theme)
    page.goto("/product/mug/")
    found = Axe().run(page, context=".shelfwise")
    assert found.violations_count == 0, found.generate_report()


def test_nothing_moves_and_nothing_sticks_out(shop: WordPress, browser: Browser) -> None:
    for theme in ("block", "classic"):
        shop.use_theme(theme)
        for width in (1280, 390):
            small = browser.new_context(base_url=shop.url, viewport={"width": width, "height": 900})
            page = small.new_page()
            page.add_init_script(
                "window.moved = 0; new PerformanceObserver((list) => { for (const shift of list.getEntries())"
                " if (shift.sources.some(({ node }) => node?.closest?.('.shelfwise'))) window.moved += shift.value; })"
                ".observe({ type: 'layout-shift', buffered: true })"
            )
            page.goto("/product/mug/")
            page.locator(".shelfwise-card").first.scroll_into_view_if_needed()
            page.wait_for_timeout(200)
            assert page.evaluate("window.moved") < 0.01
            right = page.evaluate("document.querySelector('.shelfwise').getBoundingClientRect().right")
            assert right <= width, (theme, width)
            small.close()
