"""When stock changes in the shop, the app is told at once: signed, bounded, and nothing is lost while it is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.wordpress.app_ear import Ear, listen, signature
from tests.wordpress.rig import SECRET, SHOP, WordPress

WAITING = "return array_values(Shelfwise\\Push_Journal::rows());"
AGAIN = "do_action('shelfwise_push_again');"


@pytest.fixture
def ear(wordpress: WordPress) -> Iterator[Ear]:
    """An app that the shop is linked with."""
    with listen() as heard:
        wordpress.link(heard.url)
        yield heard


def sell(wordpress: WordPress, product: int, count: int = 1) -> None:
    wordpress.run(f"wc_update_product_stock({product}, {count}, 'decrease');")


def test_a_sale_is_told_signed_and_with_its_time(wordpress: WordPress, ear: Ear) -> None:
    mug = wordpress.product("mug")
    left = wordpress.run(f"return wc_get_product({mug})->get_stock_quantity();") - 2
    before = datetime.now(UTC)
    sell(wordpress, mug, 2)
    (said,) = ear.pushed()
    assert (said.method, said.path) == ("POST", f"/webhooks/woocommerce/{SHOP}")
    assert said.headers["X-WC-Webhook-Topic"] == "shelfwise.stock"
    assert said.headers["X-WC-Webhook-ID"] == "0"
    assert said.headers["X-WC-Webhook-Source"] == f"{wordpress.url}/"
    assert said.headers["X-WC-Webhook-Signature"] == signature(SECRET, said.body)
    sent_at = datetime.fromisoformat(said.json["sent_at"])
    assert abs(sent_at - before) < timedelta(seconds=5)
    assert said.json["items"] == [
        {
            "id": mug,
            "parent_id": 0,
            "type": "simple",
            "manages": True,
            "quantity": left,
            "status": "instock",
            "backorders": "no",
        }
    ]


def test_many_changes_of_one_request_are_one_message_with_the_last_state(wordpress: WordPress, ear: Ear) -> None:
    mug, bowl = wordpress.product("mug"), wordpress.product("bowl")
    wordpress.run(
        f"foreach (array(5, 4, 3) as $left) {{ wc_update_product_stock({mug}, $left); }}"
        f"wc_update_product_stock({bowl}, 0);"
    )
    (said,) = ear.pushed()
    items = {item["id"]: (item["quantity"], item["status"]) for item in said.json["items"]}
    assert items == {mug: (3, "instock"), bowl: (0, "outofstock")}


def test_what_is_told_is_the_table_not_what_a_request_had_loaded(wordpress: WordPress, ear: Ear) -> None:
    mug = wordpress.product("mug")
    # Another request sells the last piece after this one has loaded the product.
    wordpress.run(
        f"wc_update_product_stock({mug}, 7); wc_get_product({mug})->get_stock_quantity(); global $wpdb;"
        f"$wpdb->update($wpdb->postmeta, array('meta_value' => 0), array('post_id' => {mug}, 'meta_key' => '_stock'));"
    )
    assert ear.items()[mug]["quantity"] == 0


def test_a_variation_is_told_with_its_product(wordpress: WordPress, ear: Ear) -> None:
    scarf = wordpress.product("scarf")
    child = wordpress.run(f"return wc_get_product({scarf})->get_children()[0];")
    wordpress.run(f"do_action('woocommerce_variation_set_stock', wc_get_product({child}));")
    item = ear.items()[child]
    assert (item["type"], item["parent_id"], item["manages"], item["quantity"]) == ("variation", scarf, "parent", 5)


def test_a_status_without_a_count_is_told(wordpress: WordPress, ear: Ear) -> None:
    lamp = wordpress.product("not-counted")
    wordpress.run(f"wc_update_product_stock_status({lamp}, 'outofstock');")
    item = ear.items()[lamp]
    assert (item["manages"], item["quantity"], item["status"]) == (False, None, "outofstock")


@pytest.mark.parametrize(
    "leaves",
    [
        "wp_trash_post({id});",
        "wp_update_post(array('ID' => {id}, 'post_status' => 'draft'));",
        "wp_update_post(array('ID' => {id}, 'post_status' => 'private'));",
        "wp_delete_post({id}, true);",
    ],
)
def test_a_product_that_shoppers_see_no_more_is_told_as_sold_out(wordpress: WordPress, ear: Ear, leaves: str) -> None:
    mug = wordpress.product("mug")
    wordpress.run(leaves.replace("{id}", str(mug)))
    assert ear.items()[mug]["status"] == "outofstock"


def test_a_variable_product_goes_with_its_variations_and_comes_back_with_them(wordpress: WordPress, ear: Ear) -> None:
    scarf = wordpress.product("scarf")
    children = wordpress.run(f"return wc_get_product({scarf})->get_children();")
    wordpress.run(f"wp_update_post(array('ID' => {scarf}, 'post_status' => 'draft'));")
    assert {ear.items()[each]["status"] for each in (scarf, *children)} == {"outofstock"}
    wordpress.run(f"wp_update_post(array('ID' => {scarf}, 'post_status' => 'publish'));")
    ear.pushed(2)
    assert {ear.items()[each]["status"] for each in (scarf, *children)} == {"instock"}


def test_an_import_is_told_in_messages_of_at_most_500(wordpress: WordPress, ear: Ear) -> None:
    wordpress.run("for ($id = 100001; $id <= 101203; $id++) { Shelfwise\\Stock_Push::note($id); }")
    sizes = [len(each.json["items"]) for each in ear.pushed(3)]
    assert sizes == [500, 500, 203]


def test_nothing_is_sent_from_a_page_on_which_no_stock_changed(wordpress: WordPress, ear: Ear) -> None:
    wordpress.run("return 1;")
    assert ear.said == []


def test_a_shop_that_is_not_linked_sends_nothing(wordpress: WordPress) -> None:
    with listen() as ear:
        wordpress.link(ear.url)
        wordpress.run("Shelfwise\\Link::forget();")
        sell(wordpress, wordpress.product("mug"))
        assert ear.said == []


def test_a_copy_of_the_shop_sends_nothing(wordpress: WordPress, ear: Ear) -> None:
    link: dict[str, Any] = wordpress.run("return get_option('shelfwise_link');")
    assert link["home"] == wordpress.url
    wordpress.run(
        "update_option('shelfwise_link', array('home' => 'https://live.example') + get_option('shelfwise_link'));"
    )
    sell(wordpress, wordpress.product("mug"))
    assert ear.said == []
    assert wordpress.run(WAITING) == []


def test_a_slow_app_is_not_waited_for_and_not_asked_again_at_once(wordpress: WordPress, ear: Ear) -> None:
    mug = wordpress.product("mug")
    ear.delay = 2.0
    began = time.monotonic()
    for _ in range(3):
        sell(wordpress, mug)
    assert time.monotonic() - began < 1.5
    assert len(ear.said) == 1
    assert {each for row in wordpress.run(WAITING) for each in row} == {mug}


@pytest.mark.parametrize("status", [500, 429])
def test_what_did_not_arrive_is_sent_once_the_app_is_back(wordpress: WordPress, ear: Ear, status: int) -> None:
    mug, bowl = wordpress.product("mug"), wordpress.product("bowl")
    ear.status = status
    sell(wordpress, mug)
    sell(wordpress, bowl)
    assert wordpress.run("return wp_next_scheduled('shelfwise_push_again') - time();") > 30
    ear.status = 200
    wordpress.run(AGAIN)
    assert {item["id"] for item in ear.pushed(2)[-1].json["items"]} == {mug, bowl}
    assert wordpress.run(WAITING) == []
    assert wordpress.run("return Shelfwise\\Push_Journal::state()['failures'];") == 0


def test_the_next_push_that_arrives_has_what_waits_sent_at_once(wordpress: WordPress, ear: Ear) -> None:
    mug, bowl = wordpress.product("mug"), wordpress.product("bowl")
    ear.status = 500
    sell(wordpress, mug)
    ear.status = 200
    wordpress.run("update_option('shelfwise_push', array('failed_at' => time() - 60) + get_option('shelfwise_push'));")
    sell(wordpress, bowl)
    assert wordpress.run("return wp_next_scheduled('shelfwise_push_again') - time();") <= 1
    wordpress.run(AGAIN)
    assert [item["id"] for item in ear.pushed(3)[-1].json["items"]] == [mug]
    sell(wordpress, bowl)
    assert wordpress.run("return Shelfwise\\Push_Journal::state()['waiting'];") is False


def test_what_the_app_refuses_for_good_is_not_tried_for_ever(wordpress: WordPress, ear: Ear) -> None:
    ear.status = 401
    sell(wordpress, wordpress.product("mug"))
    assert wordpress.run(WAITING) == []
    assert wordpress.run("return Shelfwise\\Push_Journal::state()['error'];") == "HTTP 401"


def test_what_waits_is_bounded(wordpress: WordPress, ear: Ear) -> None:
    wordpress.run("for ($n = 1; $n <= 199; $n++) { add_option(\"shelfwise_due_$n\", '7', '', false); }")
    wordpress.run("foreach (array(1, 2, 3) as $n) { Shelfwise\\Push_Journal::keep(array($n)); }")
    assert wordpress.run("return count(Shelfwise\\Push_Journal::rows());") == 200


def test_unlinking_forgets_what_waits(wordpress: WordPress, ear: Ear) -> None:
    ear.status = 500
    sell(wordpress, wordpress.product("mug"))
    wordpress.run("Shelfwise\\Link::forget();")
    assert wordpress.run(WAITING) == []
    assert wordpress.run("return wp_next_scheduled('shelfwise_push_again');") is False
