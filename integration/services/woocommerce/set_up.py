"""What the app needs in a WooCommerce shop, put in place when it is connected and looked after every day.

Its facts, webhooks that are there and active (WooCommerce switches one off after a few failures, and tells nobody), and
the link with our plugin, where that is installed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import update

from connectors.woocommerce import subscriptions
from connectors.woocommerce.client import PLUGIN, Shop
from connectors.woocommerce.failures import Failure, ShopError
from connectors.woocommerce.shop_facts import read_facts
from integration.services import access, feed
from integration.services.set_up import SetUp, Steps, Work, change_details
from integration.services.woocommerce import leaving
from integration.services.woocommerce.connected import Linked, linked
from integration.storage.access_writes import SHOP

log = logging.getLogger(__name__)

LONGEST_WORD = 100


class _Plugin(msgspec.Struct, frozen=True):
    """What our plugin says of itself and of where it runs."""

    plugin: str = ""
    wordpress: str = ""
    woocommerce: str = ""
    php: str = ""
    theme: dict[str, str | bool] = {}
    linked: bool = True
    shop: str = ""


def _steps(work: Work) -> Steps:
    with work.database.read() as connection:
        shop = linked(connection, work.vault, work.shop_id)
    if shop is None:
        return {}
    if shop.left_at is not None:
        return {"forgetting": partial(leaving.forget, work, shop)}
    if "leaving" in shop.details:
        return {"leaving": partial(leaving.leave, work, shop)}
    moves = {"address": partial(leaving.move, work, shop)} if "moving_to" in shop.details else {}
    return {**moves, **{name: partial(_called, work, step) for name, step in STEPS.items()}}


def _called(work: Work, step: Callable[[Work, Linked, Shop], None]) -> None:
    with work.database.read() as connection:
        shop = linked(connection, work.vault, work.shop_id)
    assert shop is not None
    caller = Shop(access.access_to(work.database, work.vault, work.settings, work.shop_id, clock=work.clock))
    try:
        step(work, shop, caller)
    finally:
        caller.close()


def _learn_facts(work: Work, shop: Linked, caller: Shop) -> None:
    facts = read_facts(caller)
    told = {"name": facts.name, "currency": facts.currency, "locale": facts.locale[:35]}
    with work.database.write() as connection:
        values: dict[str, Any] = {name: value for name, value in told.items() if value}
        connection.execute(update(SHOP).where(SHOP.c.id == shop.shop_id).values(**values, storefront_url=shop.site))
        change_details(
            connection,
            shop.shop_id,
            timezone=facts.timezone,
            wordpress=facts.wordpress,
            woocommerce=facts.woocommerce,
        )


def _keep_webhooks(work: Work, shop: Linked, caller: Shop) -> None:
    """Have every topic told to us, once. What a shop refuses to make is told of; its other topics are there.

    Where one was gone or switched off, the shop is read for what it did not tell meanwhile.
    """
    address, before = leaving.address_of(work.settings.public_url, shop.key), shop.details.get("webhooks") or {}
    signed = hashlib.sha256(shop.secret.encode()).hexdigest()
    old = before.get("address", address)
    kept = subscriptions.keep(
        caller,
        address,
        shop.secret,
        secret_changed=before.get("signed") != signed,
        old_urls=() if old == address else (old,),
    )
    counted = {"active": kept.active, "of": len(subscriptions.TOPICS)}
    now = {"address": address, "signed": signed, "ids": kept.ids, **counted}
    mended = [*kept.made, *kept.revived] if "ids" in before else []
    with work.database.write() as connection:
        change_details(connection, shop.shop_id, webhooks=now)
        if mended:
            feed.hurry(connection, shop.shop_id, work.clock())
    if mended:
        log.warning("shop %s: webhooks were gone or switched off, and are back: %s", shop.shop_id, ", ".join(mended))
    if kept.refused:
        words = f"Your shop refuses to make webhooks for {', '.join(kept.refused)}: {min(kept.refused.values())}"
        raise ShopError(Failure.BAD_REQUEST, words)


def _keep_plugin_linked(work: Work, shop: Linked, caller: Shop) -> None:
    """Link the plugin where it was not yet; one that the merchant unlinked there is left as it is, and told of."""
    mark = _mark(work.settings.public_url, shop)
    try:
        told = caller.get(f"{PLUGIN}/link").decode(_Plugin)
        if shop.details.get("link") != mark:
            told = caller.post(f"{PLUGIN}/link", _link(work.settings.public_url, shop)).decode(_Plugin)
    except ShopError as error:
        if error.failure is not Failure.NO_ROUTE:
            raise
        with work.database.write() as connection:
            change_details(connection, shop.shop_id, plugin=None, link=None)
        return
    with work.database.write() as connection:
        change_details(connection, shop.shop_id, plugin=_kept(told), link=mark)
    if not told.linked:
        words = "The plugin in your shop was disconnected: choose Connect in WooCommerce > Shelfwise."
        raise ShopError(Failure.NOT_ALLOWED, words)


def _link(public_url: str, shop: Linked) -> dict[str, str]:
    return {"api": public_url.rstrip("/"), "shop": shop.key, "secret": shop.secret, "name": "Shelfwise"}


def _mark(public_url: str, shop: Linked) -> str:
    """What the plugin was linked with, for it to be told again where any of it has changed."""
    return hashlib.sha256("\n".join(_link(public_url, shop).values()).encode()).hexdigest()


def _kept(told: _Plugin) -> dict[str, Any]:
    words = {name: getattr(told, name)[:LONGEST_WORD] for name in ("plugin", "wordpress", "woocommerce", "php")}
    return {**words, "theme": str(told.theme.get("name", ""))[:LONGEST_WORD], "block": bool(told.theme.get("block"))}


# In the order in which they are taken.
STEPS: dict[str, Callable[[Work, Linked, Shop], None]] = {
    "facts": _learn_facts,
    "webhooks": _keep_webhooks,
    "plugin": _keep_plugin_linked,
}
SET_UP = SetUp(timedelta(days=1), lambda _settings: True, _steps, also_left=True)
