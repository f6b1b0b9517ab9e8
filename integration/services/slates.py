"""Compute a slate for a page view and say it as JSON; there is always an answer."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, or_, select

from integration.clock import Clock
from integration.services.market_shelf import View
from integration.services.shelves import Shelves
from integration.services.slate_log import LoggedSlate, SlateLog
from integration.storage.behaviour import BehaviourEvent, Visitor
from integration.storage.database import Database
from integration.storage.point_reads import PointReads
from integration.storage.upsert import table_of
from recommender.slates import Context, RankedSlate, SlateItem, build_slate

log = logging.getLogger(__name__)
VISITOR = table_of(Visitor)
EVENT = table_of(BehaviourEvent)

ARM = "default"
SESSION_LENGTH = 20
SESSION_KINDS = ("view", "click", "cart_add")
EMPTY = RankedSlate("", ())
_encode = msgspec.json.encode


class NoSuchShop(Exception):
    """The key in the request belongs to no shop (or to one that has left)."""


@dataclass(frozen=True, slots=True)
class SlateRequest:
    """What a page asks for. Product ids are the platform's own; those that the shop doesn't have are passed over."""

    shop: str
    placement: str
    products: tuple[str, ...] = ()
    cart: tuple[str, ...] = ()
    visitor: str = ""
    market: str | None = None
    currency: str | None = None
    count: int = 8


class Slates:
    """Serves slates of all shops in one process."""

    def __init__(self, database: Database, shelves: Shelves, slate_log: SlateLog, clock: Clock) -> None:
        self._shelves = shelves
        self._log = slate_log
        self._clock = clock
        seen = (
            select(EVENT.c.product_id)
            .join(VISITOR, VISITOR.c.id == EVENT.c.visitor_id)
            .where(VISITOR.c.shop_id == bindparam("shop_id"), VISITOR.c.token == bindparam("token"))
            .where(EVENT.c.shop_id == bindparam("shop_id"), EVENT.c.product_id.is_not(None))
            .where(or_(*(EVENT.c.kind == kind for kind in SESSION_KINDS)))
            .order_by(EVENT.c.occurred_at.desc())
            .limit(SESSION_LENGTH)
        )
        self._seen = PointReads(database).prepare(seen)

    def answer(self, request: SlateRequest) -> bytes:
        """The slate as JSON. Raises NoSuchShop; any other trouble gives a lower rung, or an empty slate."""
        slate_id = secrets.token_hex(16)
        try:
            found = self._shelves.view(request.shop, request.market, request.currency)
        except Exception:
            # Without the store nobody knows what is on the shelf: show nothing rather than something sold out.
            log.exception("shop %s: the shelf can't be read", request.shop)
            return _answer(slate_id, request, EMPTY, None, None)
        if found is None:
            raise NoSuchShop(request.shop)
        shop, view = found
        ranked = self._rank(shop.row.shop_id, view, request)
        version = shop.model_version
        entry = LoggedSlate(
            slate_id, shop.row.shop_id, request.placement, version, ARM, request.visitor, self._clock(), ranked
        )
        self._log.add(entry)
        return _answer(slate_id, request, ranked, version, view)

    def _rank(self, shop_id: int, view: View, request: SlateRequest) -> RankedSlate:
        ids, row_of = view.product_ids, view.row_of
        viewing = tuple(int(ids[row_of[key]]) for key in request.products if key in row_of)
        cart = tuple(int(ids[row_of[key]]) for key in request.cart if key in row_of)
        session = (*self._session(shop_id, request.visitor), *cart, *viewing)
        try:
            return build_slate(view.aligned, Context(request.placement, session, viewing, cart, request.count))
        except Exception:
            log.exception("shop %s: the recommender failed; the slate is made without it", shop_id)
            return build_slate(view.without_model(), Context(request.placement, session, viewing, cart, request.count))

    def _session(self, shop_id: int, visitor: str) -> tuple[int, ...]:
        """What the visitor looked at, oldest first; nothing where the store can't say."""
        if not visitor:
            return ()
        try:
            rows = self._seen.all(shop_id=shop_id, token=visitor)
        except Exception:
            log.exception("shop %s: the session can't be read", shop_id)
            return ()
        return tuple(row[0] for row in reversed(rows))


def _answer(slate_id: str, request: SlateRequest, ranked: RankedSlate, version: str | None, view: View | None) -> bytes:
    head = _encode(
        {
            "slate": slate_id,
            "placement": request.placement,
            "strategy": ranked.strategy,
            "model_version": version,
            "arm": ARM,
            "propensity": 1.0,
        }
    )
    items = b",".join(_item(item, view) for item in ranked.items) if view is not None else b""
    return head[:-1] + b',"items":[' + items + b"]}"


def _item(item: SlateItem, view: View) -> bytes:
    reason = item.reason
    because = because_title = None
    if reason.because is not None:
        row = int(view.product_ids.searchsorted(reason.because))
        if row < len(view.product_ids) and view.product_ids[row] == reason.because:
            because, because_title = view.external_ids[row], view.titles[row]
    tail = _encode(
        {
            "stock": "back_soon" if item.back_soon else "low" if item.low else "in_stock",
            "score": round(item.score, 6),
            "strategy": item.strategy,
            "reason": {
                "kind": reason.kind,
                "because": because,
                "because_title": because_title,
                "count": reason.count,
            },
        }
    )
    return b"{" + view.cards[item.row] + b"," + tail[1:]
