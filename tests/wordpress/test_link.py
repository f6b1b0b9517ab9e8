"""How an app links itself with the plugin, and who can't."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connectors.woocommerce.keys import Keys
from connectors.woocommerce.oauth1 import signed
from tests.wordpress.rig import KEYS, SECRET, SHOP, WordPress

ROUTE = "/wp-json/wc-shelfwise/v1/link"
API = "https://shelfwise.example"
LINK = {"api": API, "shop": SHOP, "secret": SECRET, "name": "Shelfwise"}


def rest(wordpress: WordPress, method: str, body: Any = None) -> requests.Response:
    """The route, asked with the shop's REST keys, as the app does it."""
    return wordpress.request(method, ROUTE, params=signed(method, wordpress.url + ROUTE, {}, Keys(*KEYS)), json=body)


def kept(wordpress: WordPress) -> Any:
    return wordpress.run("return array(get_option('shelfwise_link'), get_option('shelfwise_secret'));")


def test_an_app_with_the_shops_keys_links_itself(wordpress: WordPress) -> None:
    answer = rest(wordpress, "POST", LINK)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["linked"], told["shop"], told["home"]) == (True, SHOP, wordpress.url)
    assert {"plugin", "wordpress", "woocommerce", "php", "theme", "placements"} <= set(told)
    link, secret = kept(wordpress)
    assert (link["api"], link["shop"], link["home"], secret) == (API, SHOP, wordpress.url, SECRET)


def test_the_secret_is_never_told(wordpress: WordPress) -> None:
    answers = [rest(wordpress, "POST", LINK), rest(wordpress, "GET"), rest(wordpress, "DELETE")]
    assert [each.status_code for each in answers] == [200, 200, 200]
    assert not [each for each in answers if SECRET in each.text]
    assert all("no-store" in each.headers["Cache-Control"] for each in answers)


def test_the_secret_is_not_loaded_with_every_page(wordpress: WordPress) -> None:
    rest(wordpress, "POST", LINK)
    assert wordpress.run("return array_key_exists('shelfwise_link', wp_load_alloptions());")
    assert not wordpress.run("return array_key_exists('shelfwise_secret', wp_load_alloptions());")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_who_has_no_keys_learns_and_changes_nothing(wordpress: WordPress, method: str) -> None:
    wordpress.link(API)
    before = kept(wordpress)
    answer = wordpress.request(method, ROUTE, json={**LINK, "api": "https://thief.example"})
    assert answer.status_code == 401
    assert "wordpress" not in answer.json()
    assert kept(wordpress) == before


WRONG: tuple[dict[str, Any], ...] = (
    {"api": "http://shelfwise.example"},
    {"api": "https://user:word@shelfwise.example"},
    {"api": "https://shelfwise.example/?a=b"},
    {"api": "javascript:alert(1)"},
    {"api": "https://" + "a" * 300},
    {"api": ["https://shelfwise.example"]},
    {"shop": "../../etc"},
    {"shop": "Shop"},
    {"shop": ""},
    {"shop": 7},
    {"secret": "short"},
    {"secret": "x" * 300},
    {"secret": "line\nline-line-line-line"},
    {"secret": None},
)


def test_a_link_that_can_not_be_right_is_refused_and_changes_nothing(wordpress: WordPress) -> None:
    answers = {str(wrong): rest(wordpress, "POST", {**LINK, **wrong}).status_code for wrong in WRONG}
    assert set(answers.values()) == {400}, answers
    assert kept(wordpress) == [False, False]


def test_unlinking_forgets_everything_of_the_link(wordpress: WordPress) -> None:
    rest(wordpress, "POST", LINK)
    answer = rest(wordpress, "DELETE")
    assert answer.json()["linked"] is False
    assert kept(wordpress) == [False, False]


def test_another_address_makes_a_copy_another_scheme_does_not(wordpress: WordPress) -> None:
    own = ("https://shop.example", "http://shop.example", "https://www.shop.example", "https://SHOP.example/")
    other = ("https://staging.shop.example", "https://shop.example/staging", "https://shop.example:8443")
    told = wordpress.run(
        "$home = 'https://shop.example'; add_filter('option_home', function () use (&$home) { return $home; }, 99);"
        f"Shelfwise\\Link::keep('{API}', '{SHOP}', '{SECRET}'); $told = array();"
        f"foreach (array{(*own, *other)} as $home) {{ $told[] = Shelfwise\\Link::is_copy(); }} return $told;"
    )
    assert told == [False] * len(own) + [True] * len(other)
