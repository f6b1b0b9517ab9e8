"""A product bought from a slate says so on the order; a visitor's number is on it with consent only."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.wordpress.app_ear import listen
from tests.wordpress.rig import WordPress

SLATE = "0193a7c1f00d4bada11ce5e1f00dcafe"
FROM = f"{SLATE}:2"
VISITOR = "made-up-visitor-1234"
STORE = "/wp-json/wc/store/v1"


class Shopper:
    """A guest with a cart, as a browser is one."""

    def __init__(self, wordpress: WordPress, **cookies: str) -> None:
        self.wordpress, self.session = wordpress, requests.Session()
        self.session.cookies.update(cookies)

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        nonce = self.session.get(f"{self.wordpress.url}{STORE}/cart", timeout=30).headers["Nonce"]
        headers = {"Nonce": nonce}
        return self.session.post(f"{self.wordpress.url}{STORE}{path}", json=body, headers=headers, timeout=30)

    def add(self, product: int, **more: Any) -> requests.Response:
        return self.post("/cart/add-item", {"id": product, "quantity": 1, **more})

    def buy(self) -> int:
        answer = self.post("/checkout", {"billing_address": {"email": "shopper@people.example"}})
        assert answer.ok, answer.text
        return int(answer.json()["order_id"])


def lines(wordpress: WordPress, order: int) -> dict[int, str]:
    """Product -> what its line says."""
    told = wordpress.run(
        f"$told = array(); foreach (wc_get_order({order})->get_items() as $item) "
        "{ $told[] = array($item->get_product_id(), (string) $item->get_meta('_shelfwise')); } return $told;"
    )
    return {int(product): str(note) for product, note in told}


def visitor(wordpress: WordPress, order: int) -> str:
    return str(wordpress.run(f"return (string) wc_get_order({order})->get_meta('_shelfwise_visitor');"))


@pytest.fixture(autouse=True)
def _linked(wordpress: WordPress) -> None:
    # Where nothing answers: what is bought does not depend on the app.
    wordpress.link("http://127.0.0.1:9")


def test_a_line_says_which_slate_it_was_added_from_and_the_others_say_nothing(wordpress: WordPress) -> None:
    mug, bowl = wordpress.product("mug"), wordpress.product("bowl")
    shopper = Shopper(wordpress)
    assert shopper.add(mug, shelfwise=FROM).status_code == 201
    shopper.add(bowl)
    assert lines(wordpress, shopper.buy()) == {mug: FROM, bowl: ""}


def test_it_makes_no_line_of_its_own_in_the_cart(wordpress: WordPress) -> None:
    mug = wordpress.product("mug")
    shopper = Shopper(wordpress)
    shopper.add(mug)
    cart = shopper.add(mug, shelfwise=FROM).json()
    assert [each["quantity"] for each in cart["items"]] == [2]


def test_anything_else_is_no_slate(wordpress: WordPress) -> None:
    mug = wordpress.product("mug")
    shopper = Shopper(wordpress)
    others: tuple[Any, ...] = ("", "x:1", SLATE, f"{FROM}345", f"{FROM}\n", f"<b>{FROM}", [FROM], {"a": FROM}, 7, None)
    assert {shopper.add(mug, shelfwise=other).status_code for other in others} == {201}
    assert lines(wordpress, shopper.buy()) == {mug: ""}


def test_the_next_order_of_the_same_visit_is_no_slates(wordpress: WordPress) -> None:
    mug = wordpress.product("mug")
    shopper = Shopper(wordpress)
    shopper.add(mug, shelfwise=FROM)
    shopper.buy()
    shopper.add(mug)
    assert lines(wordpress, shopper.buy()) == {mug: ""}


def test_a_form_of_the_theme_says_it_too(wordpress: WordPress) -> None:
    mug = wordpress.product("mug")
    kept = wordpress.run(
        f"wc_load_cart(); $_REQUEST['shelfwise'] = '{FROM}'; WC()->cart->add_to_cart({mug});"
        "return WC()->session->get('shelfwise_from');"
    )
    assert kept == {str(mug): FROM}


def test_what_is_taken_out_and_added_by_hand_is_no_slates(wordpress: WordPress) -> None:
    mug = wordpress.product("mug")
    kept = wordpress.run(
        f"wc_load_cart(); $_REQUEST['shelfwise'] = '{FROM}'; $key = WC()->cart->add_to_cart({mug});"
        f"unset($_REQUEST['shelfwise']); WC()->cart->remove_cart_item($key); WC()->cart->add_to_cart({mug});"
        "return WC()->session->get('shelfwise_from');"
    )
    assert not kept


def test_a_visitor_who_agreed_is_on_the_order(wordpress: WordPress) -> None:
    shopper = Shopper(wordpress, shelfwise_visitor=VISITOR)
    shopper.add(wordpress.product("mug"))
    assert visitor(wordpress, shopper.buy()) == VISITOR


@pytest.mark.parametrize("cookies", [{}, {"shelfwise_visitor": "short"}, {"shelfwise_visitor": "a b c d e f g h"}])
def test_nobody_else_is(wordpress: WordPress, cookies: dict[str, str]) -> None:
    shopper = Shopper(wordpress, **cookies)
    shopper.add(wordpress.product("mug"))
    assert visitor(wordpress, shopper.buy()) == ""


def test_the_consent_api_has_the_last_word(wordpress: WordPress) -> None:
    told = wordpress.run(
        "function wp_has_consent($kind) { return 'functional' === $kind; }"
        f"$_COOKIE['shelfwise_visitor'] = '{VISITOR}';"
        "return Shelfwise\\Consent::visitor();"
    )
    assert told == ""


def test_an_export_tells_what_is_on_a_persons_orders_and_an_erasure_takes_it_away(wordpress: WordPress) -> None:
    mug = wordpress.product("mug")
    shopper = Shopper(wordpress, shelfwise_visitor=VISITOR)
    shopper.add(mug, shelfwise=FROM)
    order = shopper.buy()
    told = wordpress.run("return Shelfwise\\Privacy::export('shopper@people.example');")
    assert {each["value"].split("(")[-1].rstrip(")") for each in told["data"][0]["data"]} == {VISITOR, FROM}
    with listen() as ear:
        wordpress.link(ear.url)
        gone = wordpress.run("return Shelfwise\\Privacy::erase('shopper@people.example');")
        assert ear.said[-1].path == "/v1/events"
        asked = ear.said[-1].json
        assert (asked["visitor"], asked["consent"], asked["events"]) == (VISITOR, False, [])
    assert (gone["items_removed"], gone["items_retained"], gone["done"]) == (True, False, True)
    assert (visitor(wordpress, order), lines(wordpress, order)) == ("", {mug: ""})


def test_an_erasure_that_the_app_did_not_hear_of_says_so_and_can_be_asked_for_again(wordpress: WordPress) -> None:
    shopper = Shopper(wordpress, shelfwise_visitor=VISITOR)
    shopper.add(wordpress.product("mug"))
    order = shopper.buy()
    gone = wordpress.run("return Shelfwise\\Privacy::erase('shopper@people.example');")
    assert gone["items_retained"] is True
    assert len(gone["messages"]) == 1
    assert visitor(wordpress, order) == VISITOR


def test_our_eraser_goes_before_the_one_that_makes_orders_nobodys(wordpress: WordPress) -> None:
    erasers = wordpress.run(
        "return array_keys(apply_filters('wp_privacy_personal_data_erasers', array('other' => array())));"
    )
    assert erasers[0] == "shelfwise"
