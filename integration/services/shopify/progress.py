"""How far the app is in a shop, in a merchant's words: what is done, what runs, what it is their turn to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from connectors.shopify.api import PLATFORM
from connectors.shopify.scopes import missing
from integration.services.feed import Silence, silence_of
from integration.services.progress import State, Step, count, learning_step, newest_reading, reading_step
from integration.services.shopify.list_making import PLACEMENT_OF
from integration.services.shopify.theme_editor import TITLES
from integration.services.status import ShopState, shop_states
from integration.storage import published_list_writes as published
from integration.storage.access_writes import CONNECTION, TOKEN
from integration.storage.database import Database

_READ = {"products": "Reading your products", "orders": "Reading your orders"}
_HISTORY = {True: "all your past orders", False: "the last 60 days, which is what Shopify gives a new app"}


@dataclass(frozen=True, slots=True)
class Progress:
    """All steps in order.

    notices: what the merchant should know besides. placed: handles of the blocks on the theme. older_orders: whether
    the merchant could still allow orders of any age. moving: something changes by itself.
    """

    headline: str
    steps: tuple[Step, ...]
    notices: tuple[str, ...]
    placed: tuple[str, ...]
    older_orders: bool
    moving: bool


def progress_of(database: Database, shop_id: int, key: str, now: datetime) -> Progress:
    """How far the app is in this shop."""
    shop = shop_states(database, now, key=key)[0]
    with database.read() as connection:
        readings = {kind: newest_reading(connection, shop_id, kind) for kind in ("stock", *_READ)}
        lists = _lists_step(connection, shop_id, readings["products"])
        here = (CONNECTION.c.shop_id == shop_id) & (CONNECTION.c.platform == PLATFORM)
        details: dict[str, Any] = connection.execute(select(CONNECTION.c.details).where(here)).scalar() or {}
        token = connection.execute(
            select(TOKEN.c.scopes, TOKEN.c.lost_at).where(TOKEN.c.shop_id == shop_id, TOKEN.c.platform == PLATFORM)
        ).first()
        silence = silence_of(connection, shop_id)
    scopes = token.scopes.split(",") if token else []
    steps = (
        Step("connected", "Connected to your shop", State.DONE, f"Shelfwise works in {shop.name}."),
        _products_step(readings["products"], readings["stock"], shop),
        _orders_step(readings["orders"], shop, has_all="read_all_orders" in scopes),
        learning_step(readings["orders"], shop),
        lists,
        _widgets_step(details),
    )
    moving = any(step.state in {State.DOING, State.WAITING} for step in steps)
    older_orders = steps[2].state is State.DONE and "read_all_orders" not in scopes
    return Progress(
        _headline(steps), steps, _notices(token, scopes, silence), tuple(_placed(details)), older_orders, moving
    )


def _products_step(reading: Row[Any] | None, stock: Row[Any] | None, shop: ShopState) -> Step:
    if stock is not None and stock.finished_at is None and (reading is None or not reading.read):
        counted = (
            f"First your stock is counted: {stock.read:,} so far." if stock.read else "First your stock is counted."
        )
        step = _reading("products", "product", stock, "")
        return replace(step, fraction=None, detail=step.detail if stock.error else counted)
    done = f"{count(shop.products, 'product')} read. Changes in your shop arrive by themselves."
    return _reading("products", "product", reading, done)


def _reading(key: str, thing: str, reading: Row[Any] | None, done: str) -> Step:
    return reading_step(key, _READ[key], thing, reading, done, preparing="Shopify is preparing the list.")


def _orders_step(reading: Row[Any] | None, shop: ShopState, *, has_all: bool) -> Step:
    done = f"{count(shop.orders, 'order')} read: {_HISTORY[has_all]}. New orders arrive by themselves."
    return _reading("orders", "order", reading, done)


def _lists_step(connection: Connection, shop_id: int, products: Row[Any] | None) -> Step:
    title = "Putting recommendations into your shop"
    known = published.find(connection, shop_id)
    written, total = published.progress(connection, shop_id, tuple(PLACEMENT_OF))
    if known is not None and not known.wanted:
        left = "" if known.finished_at is None else " None of it is left in your shop."
        return Step("lists", title, State.DONE, f"Switched off.{left}")
    if known is not None and known.error:
        message = f"Something went wrong, and it is tried again by itself: {known.error}"
        return Step("lists", title, State.FAILED, message, written / total if total else None)
    if known is not None and known.finished_at is not None:
        done = f"{count(written, 'list')} of products stand in your shop, and are kept up to date by themselves."
        return Step("lists", title, State.DONE, done, 1.0)
    if not total and products is not None and products.finished_at is not None:
        return Step("lists", title, State.DONE, "There are no products that shoppers can see yet.", 1.0)
    if not written:
        return Step("lists", title, State.WAITING, "This begins once your products are read.")
    return Step("lists", title, State.DOING, f"{written:,} of {total:,} lists written so far.", written / total)


def _placed(details: dict[str, Any]) -> list[str]:
    blocks: list[str] = (details.get("theme") or {}).get("blocks", [])
    return blocks


def _widgets_step(details: dict[str, Any]) -> Step:
    title = "Showing recommendations on your theme"
    if placed := _placed(details):
        shown = ", ".join(TITLES.get(block, block) for block in placed)
        return Step("widgets", title, State.DONE, f"On your theme “{details['theme']['name']}”: {shown}.")
    message = "Add them where you like with the buttons below: the theme editor opens with the block in place."
    return Step("widgets", title, State.YOURS, message)


def _headline(steps: tuple[Step, ...]) -> str:
    states = {step.key: step.state for step in steps}
    if any(state is State.FAILED for state in states.values()):
        return "Shelfwise needs another moment"
    if any(state in {State.DOING, State.WAITING} for state in states.values()):
        return "Shelfwise is getting to know your shop"
    if states["widgets"] is State.YOURS:
        return "One step is left: show the recommendations"
    return "Shelfwise is at work"


def _notices(token: Any, scopes: list[str], silence: Silence | None) -> tuple[str, ...]:
    notices = []
    if token is None or token.lost_at is not None:
        notices.append("Shelfwise has lost its access to your shop. Reload this page to give it back.")
    elif lacking := missing(scopes):
        notices.append(
            f"Shelfwise was not allowed all that it asked for ({', '.join(lacking)}). Open the app again and agree, "
            "or parts of it stay switched off."
        )
    if silence is not None and silence.is_trouble:
        notices.append(silence.sentence)
    return tuple(notices)
