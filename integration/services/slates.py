"""Compute a slate for a page view and say it as JSON; there is always an answer."""

from __future__ import annotations

import logging
import random
import secrets
import time
from dataclasses import dataclass
from datetime import datetime

import msgspec

from integration.clock import Clock
from integration.observability.catalogue import SLATE_SECONDS, SLATE_TROUBLES
from integration.observability.context import about
from integration.services.market_shelf import View
from integration.services.shelves import Shelves
from integration.services.slate_log import SlateLog
from integration.services.visits import NOTHING_KNOWN, Visit, Visits
from integration.storage.base import to_micros
from integration.storage.point_reads import PointReads
from recommender.serving.origins import moment
from recommender.serving.slates import Context, RankedSlate, SlateItem, build_slate

log = logging.getLogger(__name__)

ARM = "default"
EMPTY = RankedSlate("", ())
NO_STRATEGY = "none"
_encode = msgspec.json.encode


class NoSuchShop(Exception):
    """The key in the request belongs to no shop (or to one that has left)."""


@dataclass(frozen=True, slots=True)
class SlateRequest:
    """What a page asks for. Product ids are the platform's own; those that the shop doesn't have are passed over.

    customer: the platform's number of who is signed in and agreed to be recognised. origins: what the visit comes from,
    as `recommender.serving.origins` calls it. query: what was searched for.
    """

    shop: str
    placement: str
    products: tuple[str, ...] = ()
    cart: tuple[str, ...] = ()
    visitor: str = ""
    market: str | None = None
    currency: str | None = None
    count: int = 8
    origins: tuple[str, ...] = ()
    query: str = ""
    customer: str = ""


class Slates:
    """Serves slates of all shops in one process."""

    def __init__(self, reads: PointReads, shelves: Shelves, slate_log: SlateLog, clock: Clock) -> None:
        self._shelves = shelves
        self._log = slate_log
        self._clock = clock
        # Seeded once from the system, whose own generator costs as much as a ranking on some machines: a slate's
        # id has to be unique, not secret.
        self._random = random.Random(secrets.randbits(256))  # noqa: S311
        self._visits = Visits(reads)

    def warm(self) -> None:
        """Read the shelves and models of the newest shops, so that a process's first shoppers don't wait for it."""
        try:
            self._shelves.warm()
        except Exception:
            log.exception("the shelves could not be read ahead of time; each shop's first slate reads its own")

    def answer(self, request: SlateRequest) -> bytes:
        """The slate as JSON. Raises NoSuchShop; any other trouble gives a lower rung, or an empty slate."""
        began = time.perf_counter()
        ranked, body = self._made(request)
        SLATE_SECONDS.observe(time.perf_counter() - began, request.placement, ranked.strategy or NO_STRATEGY)
        return body

    def _made(self, request: SlateRequest) -> tuple[RankedSlate, bytes]:
        now = self._clock()
        slate_id = self._new_id(now)
        try:
            found = self._shelves.view(request.shop, request.market, request.currency)
        except Exception:
            # Without the store nobody knows what is on the shelf: show nothing rather than something sold out.
            with about(shop=request.shop, placement=request.placement):
                log.exception("shop %s: the shelf can't be read", request.shop)
            SLATE_TROUBLES.add("shelf")
            return EMPTY, _answer(slate_id, request, EMPTY, None, None)
        if found is None:
            raise NoSuchShop(request.shop)
        shop, view = found
        ranked = self._rank(shop.row.shop_id, view, request, now)
        version = view.model_version
        self._log.add(
            shop_id=shop.row.shop_id,
            slate_id=slate_id,
            placement=request.placement,
            model_version=version,
            arm=ARM,
            visitor=request.visitor,
            created_at=now,
            ranked=ranked,
        )
        return ranked, _answer(slate_id, request, ranked, version, view)

    def _new_id(self, now: datetime) -> str:
        """48 bits of the time in milliseconds, then 80 random ones: rows of the log are added at the index's end."""
        return f"{int(now.timestamp() * 1000) << 80 | self._random.getrandbits(80):032x}"

    def _rank(self, shop_id: int, view: View, request: SlateRequest, now: datetime) -> RankedSlate:
        ids, row_of = view.product_ids, view.row_of
        viewing = tuple(int(ids[row_of[key]]) for key in request.products if key in row_of)
        cart = tuple(int(ids[row_of[key]]) for key in request.cart if key in row_of)
        visit = self._visit(shop_id, request.visitor, request.customer, now)
        session = (*visit.seen, *cart, *viewing)
        origins = (*request.origins, *moment(to_micros(now)))
        count, query = request.count, request.query
        context = Context(request.placement, session, viewing, cart, count, visit.bought, origins, query)
        try:
            return build_slate(view.aligned, context)
        except Exception:
            with about(shop=shop_id, placement=request.placement, model=view.model_version or ""):
                log.exception("shop %s: the recommender failed; the slate is made without it", shop_id)
            SLATE_TROUBLES.add("model")
            return build_slate(view.without_model(), context)

    def _visit(self, shop_id: int, visitor: str, customer: str, now: datetime) -> Visit:
        """What is known of the visitor; nothing where the store can't say."""
        if not (visitor or customer):
            return NOTHING_KNOWN
        try:
            return self._visits.of(shop_id, visitor, now, customer)
        except Exception:
            with about(shop=shop_id):
                log.exception("shop %s: the session can't be read", shop_id)
            SLATE_TROUBLES.add("visit")
            return NOTHING_KNOWN


def _answer(slate_id: str, request: SlateRequest, ranked: RankedSlate, version: str | None, view: View | None) -> bytes:
    # Joined by hand: the cards are JSON already, and every other text here is ours or goes through the encoder.
    items = b",".join([_item(item, view) for item in ranked.items]) if view is not None else b""
    return (
        b'{"slate":"%b","placement":"%b","strategy":"%b","model_version":%b,"arm":"%b","propensity":1.0,"items":[%b]}'
        % (
            slate_id.encode(),
            request.placement.encode(),
            ranked.strategy.encode(),
            _encode(version),
            ARM.encode(),
            items,
        )
    )


def _item(item: SlateItem, view: View) -> bytes:
    kind, because, count = item.reason.kind, item.reason.because, item.reason.count
    key = title = b"null"
    if because is not None:
        row = int(view.product_ids.searchsorted(because))
        if row < len(view.product_ids) and view.product_ids[row] == because:
            key, title = _encode(view.external_ids[row]), _encode(view.titles[row])
    stock = b"back_soon" if item.back_soon else b"low" if item.low else b"in_stock"
    return (
        b'{%b,"stock":"%b","score":%.6f,"strategy":"%b",'
        b'"reason":{"kind":"%b","because":%b,"because_title":%b,"count":%b}}'
    ) % (
        view.cards[item.row],
        stock,
        item.score,
        item.strategy.encode(),
        kind.encode(),
        key,
        title,
        b"null" if count is None else b"%d" % count,
    )
