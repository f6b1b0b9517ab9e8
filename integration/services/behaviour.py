"""What visitors do, kept with their consent only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, FromClause, delete, select, update

from integration.services.shops import UnknownShop
from integration.storage.behaviour import BehaviourEvent, Impression, Session, Slate, Visitor
from integration.storage.catalogue_writes import product_ids
from integration.storage.database import Database
from integration.storage.shops import Shop
from integration.storage.upsert import table_of, upsert

SHOP = table_of(Shop)
VISITOR = table_of(Visitor)
SESSION = table_of(Session)
EVENT = table_of(BehaviourEvent)
IMPRESSION = table_of(Impression)
SLATE = table_of(Slate)

# A browser's clock may be a little fast; what it kept while offline comes late, but not later than this.
CLOCK_SKEW = timedelta(minutes=5)
OLDEST = timedelta(days=7)
# Slates may have been asked for a while before the visitor's first event came.
SLATES_BEFORE = timedelta(days=1)

# The very end in Python's regular expressions and in JavaScript's alike, which read the OpenAPI document.
END = r"$(?!\n)"
VisitorToken = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}" + END, description="random, first-party, made with consent")
]
# JSON has one kind of number: 2.0 is as whole as 2.
Whole = Annotated[float, msgspec.Meta(ge=0, le=1_000_000, multiple_of=1)]
# A null character is in no id, and not every database takes one.
PRINTED = r"^[^\x00]*$"
SlateId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}" + END)]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something a visitor did. `id` is the sender's own: the same one sent again changes nothing."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PRINTED)]
    kind: Literal["view", "impression", "click", "cart_add", "cart_remove", "search"]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    product: Annotated[str, msgspec.Meta(max_length=255, pattern=PRINTED)] | None = None
    slate: SlateId | None = None
    position: Whole | None = None
    quantity: Whole | None = None
    query: Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTED)] | None = None


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """A batch of one visitor's events.

    Without consent nothing of it is kept, and what was kept of the visitor before is erased.
    """

    shop: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PRINTED)]
    consent: bool
    events: Annotated[list[Event], msgspec.Meta(max_length=100)]
    visitor: VisitorToken | None = None


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch. skipped: reason -> events."""

    kept: int
    skipped: dict[str, int]


def record(database: Database, batch: Events, *, now: datetime, session_minutes: int) -> Recorded:
    """Keep a batch in one transaction. Raises UnknownShop."""
    skipped: dict[str, int] = {}
    with database.across_shops().read() as connection:
        shop = select(SHOP.c.id).where(SHOP.c.key == batch.shop, SHOP.c.uninstalled_at.is_(None))
        shop_id = connection.execute(shop).scalar()
    if shop_id is None:
        raise UnknownShop(batch.shop)
    database = database.of(shop_id)
    if not batch.consent and batch.visitor is not None:
        forget(database, shop_id, batch.visitor)
    if not batch.consent or batch.visitor is None:
        skipped["no consent" if not batch.consent else "no visitor"] = len(batch.events)
        return Recorded(kept=0, skipped={reason: count for reason, count in skipped.items() if count})
    events = _timely(batch.events, now, skipped)
    if not events:
        return Recorded(kept=0, skipped=skipped)
    with database.write() as connection:
        known = product_ids(connection, shop_id, {event.product for event in events if event.product})
        events = _about_known(events, known, skipped)
        if not events:
            return Recorded(kept=0, skipped=skipped)
        newest = min(max(_at(event) for event in events), now)
        visitor_id = _visitor(connection, shop_id, batch.visitor, newest)
        session_id = _session(connection, shop_id, visitor_id, newest, timedelta(minutes=session_minutes))
        kept = _kept(connection, shop_id, [event.id for event in events], now)
        rows = [_row(shop_id, visitor_id, session_id, each, known, now) for each in events if each.id not in kept]
        single = ("shop_id", "event_key", "occurred_at")
        written = upsert(connection, EVENT, rows, key=single, update=(), newer=None, returning=("event_key",))
        _impressions(connection, shop_id, events, known)
    if repeats := len(batch.events) - sum(skipped.values()) - len(written):
        skipped["repeat"] = skipped.get("repeat", 0) + repeats
    return Recorded(kept=len(written), skipped=skipped)


def forget(database: Database, shop_id: int, token: str) -> bool:
    """Erase a visitor who took consent back, with all that was kept of them. False if nothing was."""
    here = (VISITOR.c.shop_id == shop_id, VISITOR.c.token == token)
    with database.read() as connection:
        if connection.execute(select(VISITOR.c.id).where(*here)).first() is None:
            return False
    with database.write() as connection:
        first_seen = connection.execute(delete(VISITOR).where(*here).returning(VISITOR.c.first_seen_at)).scalar()
        if first_seen is None:
            return False
        # A slate's id begins with its time in milliseconds, so that this is a part of an index.
        since = f"{int((first_seen - SLATES_BEFORE).timestamp() * 1000) << 80:032x}"
        shown = (SLATE.c.shop_id == shop_id, SLATE.c.slate >= since, SLATE.c.visitor == token)
        connection.execute(update(SLATE).where(*shown).values(visitor=""))
    return True


def _at(event: Event) -> datetime:
    return event.at.astimezone(UTC)


def _timely(events: Sequence[Event], now: datetime, skipped: dict[str, int]) -> list[Event]:
    kept: dict[str, Event] = {}
    for event in events:
        try:
            late = not now - OLDEST <= event.at <= now + CLOCK_SKEW
        except OverflowError:
            late = True
        if late:
            skipped["too old or in the future"] = skipped.get("too old or in the future", 0) + 1
        elif event.id in kept:
            skipped["repeat"] = skipped.get("repeat", 0) + 1
        else:
            kept[event.id] = event
    return list(kept.values())


def _about_known(events: Iterable[Event], known: dict[str, int], skipped: dict[str, int]) -> list[Event]:
    kept = []
    for event in events:
        if event.product and event.product not in known:
            skipped["unknown product"] = skipped.get("unknown product", 0) + 1
        else:
            kept.append(event)
    return kept


def _kept(connection: Connection, shop_id: int, keys: Sequence[str], now: datetime) -> set[str]:
    """Which events are kept already, also under another time than they come with now."""
    lately = EVENT.c.occurred_at >= now - 2 * OLDEST
    there = select(EVENT.c.event_key).where(EVENT.c.shop_id == shop_id, EVENT.c.event_key.in_(keys), lately)
    return set(connection.scalars(there))


def _seen_later(excluded: Any, table: FromClause) -> ColumnElement[bool]:
    later: ColumnElement[bool] = excluded.last_seen_at >= table.c.last_seen_at
    return later


def _visitor(connection: Connection, shop_id: int, token: str, seen_at: datetime) -> int:
    row = {"shop_id": shop_id, "token": token, "first_seen_at": seen_at, "last_seen_at": seen_at}
    written = upsert(
        connection,
        VISITOR,
        [row],
        key=("shop_id", "token"),
        update=("last_seen_at",),
        newer=_seen_later,
        returning=("id",),
    )
    if written:
        return int(written[0][0])
    here = select(VISITOR.c.id).where(VISITOR.c.shop_id == shop_id, VISITOR.c.token == token)
    return int(connection.execute(here).scalar_one())


def _session(connection: Connection, shop_id: int, visitor_id: int, seen_at: datetime, gap: timedelta) -> int:
    last = (
        select(SESSION.c.id, SESSION.c.last_event_at)
        .where(SESSION.c.shop_id == shop_id, SESSION.c.visitor_id == visitor_id)
        .order_by(SESSION.c.last_event_at.desc())
        .limit(1)
    )
    row = connection.execute(last).first()
    if row is not None and seen_at - row.last_event_at <= gap:
        if seen_at > row.last_event_at:
            connection.execute(update(SESSION).where(SESSION.c.id == row.id).values(last_event_at=seen_at))
        return int(row.id)
    values = {"shop_id": shop_id, "visitor_id": visitor_id, "started_at": seen_at, "last_event_at": seen_at}
    return int(connection.execute(SESSION.insert().values(**values).returning(SESSION.c.id)).scalar_one())


def _row(
    shop_id: int, visitor_id: int, session_id: int, event: Event, known: dict[str, int], now: datetime
) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "event_key": event.id,
        "visitor_id": visitor_id,
        "session_id": session_id,
        "kind": event.kind,
        "product_id": known[event.product] if event.product else None,
        "slate": event.slate,
        "position": None if event.position is None else int(event.position),
        "quantity": None if event.quantity is None else int(event.quantity),
        "query": event.query,
        "occurred_at": _at(event),
        "received_at": now,
    }


def _impressions(connection: Connection, shop_id: int, events: Sequence[Event], known: dict[str, int]) -> None:
    rows = {
        (event.slate, event.position): {
            "shop_id": shop_id,
            "slate": event.slate,
            "position": int(event.position),
            "product_id": known[event.product],
            "seen_at": _at(event),
        }
        for event in events
        if event.kind == "impression" and event.slate and event.position is not None and event.product
    }
    if rows:
        key = ("shop_id", "slate", "position")
        upsert(connection, IMPRESSION, list(rows.values()), key=key, update=(), newer=None)
