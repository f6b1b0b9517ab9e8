"""WooCommerce > Shelfwise, as a merchant meets it, and what nobody else may do there."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.wordpress.app_ear import STATE, Ear, listen, signature
from tests.wordpress.rig import SECRET, SHOP, WordPress

PAGE = "/wp-admin/admin.php?page=shelfwise"
PASSWORD = "made up for tests"
LOOK_ANEW = "Shelfwise\\Health::forget();"
HIDDEN = re.compile(r"""type=["']hidden["'][^>]*? name=["'](\w+)["'] value=["']([^"']*)["']""")


class Person:
    """Somebody who is signed in to wp-admin."""

    def __init__(self, wordpress: WordPress, name: str) -> None:
        self.url, self.session = wordpress.url, requests.Session()
        form = {"log": name, "pwd": PASSWORD, "testcookie": "1"}
        self.session.cookies.set("wordpress_test_cookie", "WP Cookie check")
        signed_in = self.session.post(f"{self.url}/wp-login.php", data=form, allow_redirects=False, timeout=30)
        assert signed_in.status_code == 302

    def see(self, path: str = PAGE) -> str:
        """The part of a page that is ours, or all of it."""
        return self.session.get(self.url + path, timeout=30).text

    def press(self, action: str, **fields: str) -> requests.Response:
        """Press one of our buttons, with the nonce that its form holds."""
        nonce = re.search(rf'value="shelfwise_{action}">.*?name="_wpnonce" value="([0-9a-f]+)"', self.see(), re.DOTALL)
        assert nonce, f"there is no button to {action}"
        data = {"action": f"shelfwise_{action}", "_wpnonce": nonce[1], **fields}
        return self.session.post(f"{self.url}/wp-admin/admin-post.php", data=data, allow_redirects=False, timeout=30)


@pytest.fixture
def merchant(wordpress: WordPress) -> Person:
    return Person(wordpress, "merchant")


@pytest.fixture
def ear(wordpress: WordPress) -> Iterator[Ear]:
    """An app that the shop is linked with."""
    with listen() as heard:
        wordpress.link(heard.url)
        yield heard


def test_connect_goes_to_the_app_with_the_shops_address_and_the_way_back(
    wordpress: WordPress, merchant: Person
) -> None:
    answer = merchant.press("connect", api="https://shelfwise.example/")
    to = urlsplit(answer.headers["Location"])
    assert (to.scheme, to.netloc, to.path) == ("https", "shelfwise.example", "/woocommerce/connect")
    assert parse_qs(to.query) == {"site": [wordpress.url], "return": [wordpress.url + PAGE]}


def test_an_address_that_can_not_be_right_goes_nowhere(wordpress: WordPress, merchant: Person) -> None:
    for typed in ("", "http://shelfwise.example", "javascript:alert(1)", "//evil.example", "https://a@b.c"):
        answer = merchant.press("connect", api=typed)
        assert answer.headers["Location"] == f"{wordpress.url}{PAGE}&shelfwise=bad_address", typed
    assert "That is no address of Shelfwise" in merchant.see(f"{PAGE}&shelfwise=bad_address")


def test_a_downloaded_plugin_knows_where_to_connect(wordpress: WordPress, merchant: Person) -> None:
    config = wordpress.content / "plugins" / "shelfwise" / "config.php"
    config.write_text("<?php return array( 'api' => 'https://mine.example' );")
    try:
        assert 'name="api"' not in merchant.see()
        assert merchant.press("connect").headers["Location"].startswith("https://mine.example/woocommerce/connect?")
    finally:
        config.unlink()


def test_health_is_asked_for_signed_and_at_most_once_a_minute(merchant: Person, ear: Ear) -> None:
    page = merchant.see()
    assert all(each in page for each in ("Reading your products", "12 read.", "5,000", "7 of 7"))
    merchant.see()
    (said,) = ear.said
    path = f"/woocommerce/shops/{SHOP}/state"
    assert (said.method, said.path) == ("GET", path)
    text = f"{said.headers['X-Shelfwise-Time']}.{path}.".encode()
    assert said.headers["X-Shelfwise-Signature"] == signature(SECRET, text)


def test_what_is_wrong_is_said_in_words(wordpress: WordPress, merchant: Person, ear: Ear) -> None:
    words = {401: "clock of your server", 404: "does not know this shop", 500: "not answer at the moment (HTTP 500)"}
    for status, sentence in words.items():
        ear.status = status
        wordpress.run(LOOK_ANEW)
        assert sentence in html.unescape(merchant.see())


def test_while_something_is_read_its_bar_moves_by_itself(wordpress: WordPress, merchant: Person, ear: Ear) -> None:
    step = {
        "name": "Reading your orders",
        "done": False,
        "state": "doing",
        "read": 30,
        "expected": 120,
        "sentence": "x",
    }
    ear.state = {**STATE, "steps": [step]}
    page = merchant.see()
    assert 'data-reading="1"' in page
    told = re.search(r"window\.shelfwiseAdmin = (\{.*?\});", page)
    assert told
    nonce = json.loads(told[1])["nonce"]
    wordpress.run(LOOK_ANEW)
    ear.state = {**STATE, "steps": [{**step, "read": 60}]}
    part = merchant.see(f"/wp-admin/admin-ajax.php?action=shelfwise_state&_ajax_nonce={nonce}")
    assert 'max="100" value="50"' in json.loads(part)["data"]["html"]
    wordpress.run(LOOK_ANEW)
    ear.state = STATE
    assert 'data-reading="0"' in merchant.see()


NONSENSE: tuple[object, ...] = (
    [],
    "text",
    {"connected": True, "steps": "x", "trouble": {"a": ["b"]}, "webhooks": 7, "products": "many", "orders": -3},
    {**STATE, "steps": [7, {"name": ["a"], "read": "x", "expected": 0}], "trained_at": 12},
    {**STATE, "trouble": ["<script>alert(1)</script>"], "steps": [{"name": "<img src=x onerror=alert(1)>"}]},
)


def test_whatever_an_app_answers_breaks_nothing_and_runs_nothing(
    wordpress: WordPress, merchant: Person, ear: Ear
) -> None:
    for state in NONSENSE:
        ear.state = state
        wordpress.run(LOOK_ANEW)
        page = merchant.see()
        assert "Where slates show" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_choices_are_kept_and_cleaned(wordpress: WordPress, merchant: Person, ear: Ear) -> None:
    form = re.search(r'action="options.php">(.*?)</form>', merchant.see(), re.DOTALL)
    assert form
    hidden = dict(HIDDEN.findall(form[1]))
    sent = {
        "shelfwise_settings[product][on]": "1",
        "shelfwise_settings[product][heading]": 'Goes <b>well</b> " with',
        "shelfwise_settings[product][count]": "9999",
        "shelfwise_settings[cart][on]": "0",
        "shelfwise_settings[cart][count]": "-4",
        "shelfwise_settings[made-up][on]": "1",
    }
    answer = merchant.session.post(f"{merchant.url}/wp-admin/options.php", data={**hidden, **sent}, timeout=30)
    assert "Settings saved." in answer.text
    kept = wordpress.run("return get_option('shelfwise_settings');")
    assert kept["product"] == {"on": True, "heading": 'Goes well " with', "count": 24}
    assert (kept["cart"]["on"], kept["cart"]["count"]) == (False, 1)
    assert "made-up" not in kept
    assert kept["search"]["on"] is True


def test_disconnecting_tells_the_app_and_forgets_here(wordpress: WordPress, merchant: Person, ear: Ear) -> None:
    answer = merchant.press("disconnect")
    assert answer.headers["Location"].endswith("shelfwise=disconnected")
    assert [(each.method, each.path) for each in ear.said][-1] == ("POST", f"/woocommerce/shops/{SHOP}/disconnect")
    assert wordpress.run("return array(get_option('shelfwise_link'), get_option('shelfwise_secret'));") == [
        False,
        False,
    ]


def test_disconnecting_from_a_dead_app_says_what_is_left_to_do(merchant: Person, ear: Ear) -> None:
    ear.status = 503
    answer = merchant.press("disconnect")
    assert answer.headers["Location"].endswith("shelfwise=disconnected_alone")
    assert "REST API" in merchant.see(f"{PAGE}&shelfwise=disconnected_alone")


def test_a_copy_keeps_still_says_so_and_can_say_that_the_shop_moved(
    wordpress: WordPress, merchant: Person, ear: Ear
) -> None:
    wordpress.run(
        "update_option('shelfwise_link', array('home' => 'https://live.example') + get_option('shelfwise_link'));"
    )
    page = merchant.see()
    assert "This looks like a copy of your shop" in page
    assert ear.said == []
    answer = merchant.press("moved")
    assert answer.headers["Location"].endswith("shelfwise=moved")
    assert ear.said[-1].path.endswith("/moved")
    assert ear.said[-1].json == {"home": wordpress.url}
    assert "Where slates show" in merchant.see()


def test_a_copy_that_is_disconnected_leaves_the_shop_connected(
    wordpress: WordPress, merchant: Person, ear: Ear
) -> None:
    wordpress.run(
        "update_option('shelfwise_link', array('home' => 'https://live.example') + get_option('shelfwise_link'));"
    )
    merchant.press("disconnect")
    assert ear.said == []
    assert wordpress.run("return get_option('shelfwise_link');") is False


def test_a_button_without_its_nonce_does_nothing(wordpress: WordPress, merchant: Person, ear: Ear) -> None:
    for action in ("connect", "disconnect", "moved", "dismiss"):
        data = {"action": f"shelfwise_{action}", "api": "https://evil.example", "_wpnonce": "0123456789"}
        answer = merchant.session.post(f"{wordpress.url}/wp-admin/admin-post.php", data=data, timeout=30)
        assert answer.status_code == 403
    assert ear.said == []
    assert wordpress.run("return Shelfwise\\Link::api();") == ear.url


def test_who_may_not_manage_the_shop_sees_and_changes_nothing(wordpress: WordPress, ear: Ear) -> None:
    wordpress.run(
        f"wp_insert_user(array('user_login' => 'writer', 'user_pass' => '{PASSWORD}', 'role' => 'editor',"
        "'user_email' => 'writer@people.example'));"
    )
    writer = Person(wordpress, "writer")
    assert "Shelfwise" not in writer.see("/wp-admin/profile.php")
    assert writer.session.get(wordpress.url + PAGE, timeout=30).status_code == 403
    state = writer.session.get(f"{wordpress.url}/wp-admin/admin-ajax.php?action=shelfwise_state", timeout=30)
    assert state.status_code == 403
    assert ear.said == []


def test_one_notice_while_not_connected_on_the_pages_it_belongs_to_until_it_is_dismissed(
    wordpress: WordPress, merchant: Person
) -> None:
    words = "Shelfwise is installed. Connect it"
    products = "/wp-admin/edit.php?post_type=product"
    page = merchant.see(products)
    assert words in page
    assert words not in merchant.see("/wp-admin/edit.php")
    assert words not in merchant.see()
    dismiss = re.search(r'href="([^"]*action=shelfwise_dismiss[^"]*)"', page)
    assert dismiss
    back = {"Referer": wordpress.url + products}
    assert words not in merchant.session.get(html.unescape(dismiss[1]), headers=back, timeout=30).text


def test_no_notice_once_all_is_well(merchant: Person, ear: Ear) -> None:
    assert "notice-info" not in merchant.see("/wp-admin/edit.php?post_type=product")
