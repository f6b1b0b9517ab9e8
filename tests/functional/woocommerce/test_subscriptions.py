"""Our webhooks in a shop: each topic once, active, ours alone; whatever others have there stays as it is."""

from __future__ import annotations

from connectors.base import Access
from connectors.woocommerce import subscriptions
from connectors.woocommerce.client import Shop
from connectors.woocommerce.subscriptions import TOPICS
from tests.functional.woocommerce.conftest import Woo

OURS, OLD, THEIRS = (f"http://127.0.0.1:9/{each}" for each in ("webhooks/woocommerce/fern", "before", "webhooks/other"))


def shop_of(woo: Woo) -> Shop:
    token = f"{woo.key}:{woo.secret}"
    return Shop(Access(woo.address, woo.address, lambda: token, lambda _seconds: None, allow_loopback=True))


def test_each_topic_is_made_once_and_left_alone_then(woo: Woo) -> None:
    shop = shop_of(woo)
    first = subscriptions.keep(shop, OURS, "s1")
    assert sorted(first.made) == sorted(TOPICS)
    asked = shop.requests
    again = subscriptions.keep(shop, OURS, "s1")
    assert (again.made, again.revived, again.removed, again.ids) == ([], [], 0, first.ids)
    assert shop.requests == asked + 1
    assert {each.secret for each in woo.state.webhooks.values()} == {"s1"}


def test_what_was_disabled_is_revived_and_what_is_missing_made(woo: Woo) -> None:
    shop = shop_of(woo)
    first = subscriptions.keep(shop, OURS, "s1")
    woo.state.webhooks[int(first.ids["order.updated"])].status = "disabled"
    woo.state.webhooks[int(first.ids["product.updated"])].status = "paused"
    del woo.state.webhooks[int(first.ids["order.created"])]
    mended = subscriptions.keep(shop, OURS, "s1")
    assert sorted(mended.revived) == ["order.updated", "product.updated"]
    assert mended.made == ["order.created"]
    assert {each.status for each in woo.state.webhooks.values()} == {"active"}
    assert mended.active == len(TOPICS)


def test_doubles_and_topics_of_another_time_are_taken_away_and_other_peoples_never(woo: Woo) -> None:
    woo.listen(THEIRS, "theirs", "order.created", "product.updated")
    woo.listen(f"{OURS}-not", "theirs", "order.created")
    double = woo.listen(OURS, "s1", "order.created", "order.created", "coupon.created")
    theirs = [each for each in woo.state.webhooks.values() if each.delivery_url != OURS]
    kept = subscriptions.keep(shop_of(woo), OURS, "s1")
    assert kept.removed == 2
    assert kept.ids["order.created"] == str(double[0].id)
    ours = [each.topic for each in woo.state.webhooks.values() if each.delivery_url == OURS]
    assert sorted(ours) == sorted(TOPICS)
    assert subscriptions.remove(shop_of(woo), OURS) == len(TOPICS)
    assert list(woo.state.webhooks.values()) == theirs


def test_a_new_secret_and_a_new_address_reach_the_webhooks_that_there_are(woo: Woo) -> None:
    shop = shop_of(woo)
    first = subscriptions.keep(shop, OLD, "s1")
    moved = subscriptions.keep(shop, OURS, "s2", secret_changed=True, old_urls=(OLD,))
    assert moved.ids == first.ids
    assert {(each.delivery_url, each.secret) for each in woo.state.webhooks.values()} == {(OURS, "s2")}


def test_ours_are_found_among_hundreds(woo: Woo) -> None:
    for _ in range(110):
        woo.listen(THEIRS, "theirs", "order.created", "order.updated")
    first = subscriptions.keep(shop_of(woo), OURS, "s1")
    assert len(first.made) == len(TOPICS)
    assert subscriptions.keep(shop_of(woo), OURS, "s1").made == []
    assert subscriptions.remove(shop_of(woo), OURS) == len(TOPICS)
    assert len(woo.state.webhooks) == 220


def test_taking_away_twice_takes_nothing(woo: Woo) -> None:
    subscriptions.keep(shop_of(woo), OURS, "s1")
    assert subscriptions.remove(shop_of(woo), OURS) == len(TOPICS)
    assert subscriptions.remove(shop_of(woo), OURS) == 0
