"""The demo shop's till: the truth of its stock, what it sold, and the webhooks that are still to be sent.

One SQLite file that any number of processes use at once. A sale, the counts after it and the webhooks that tell of
it are written in one transaction: whatever happens afterwards, nothing that was sold goes untold.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo.catalogue import WindowVariant

BUSY_SECONDS = 10
LONGEST_WAIT = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SCHEMA = """
create table if not exists stock (
    shop text, item text, location text, available integer, updated_us integer, primary key (shop, item, location)
) without rowid;
create table if not exists outbox (
    id integer primary key, address text, secret text, topic text, delivery text unique, body blob,
    attempts integer default 0, due_us integer default 0, refused text
);
create table if not exists sale (shop text, id text, body blob, primary key (shop, id)) without rowid;
"""


class SoldOut(Exception):
    """A variant has fewer pieces than were asked for; nothing was taken of anything."""

    def __init__(self, variant: WindowVariant, left: int) -> None:
        super().__init__(f"only {left} left of {variant.external_id}")
        self.variant = variant
        self.left = left


@dataclass(frozen=True, slots=True)
class Count:
    """How many pieces of an item a location has since `updated_at`, which grows with every count of it."""

    item: str
    location: str
    available: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook to be sent until it is answered. `delivery` stays the same however often it is sent."""

    address: str
    secret: str
    topic: str
    delivery: str
    body: bytes


Tell = Callable[[Sequence[Count]], Sequence[Message]]
Transaction = sqlite3.Connection


class Till:
    """Opens the file (and makes it where there is none). Safe to share between threads and processes."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._clock = clock
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as db:
            db.execute("pragma journal_mode=wal")
            db.executescript(SCHEMA)

    def left(self, shop: str, variants: Sequence[WindowVariant]) -> Mapping[str, int | None]:
        """Variant's external id -> pieces that can be sold, never negative; None for one that never runs out."""
        with self._connection() as db:
            return {
                variant.external_id: _sellable(self._levels(db, shop, variant))
                if variant.tracked and not variant.continue_selling
                else None
                for variant in variants
            }

    def sell(self, shop: str, order: str, body: bytes, lines: Sequence[tuple[WindowVariant, int]], tell: Tell) -> None:
        """Take all pieces of all lines and keep the sale, or take nothing and raise SoldOut."""
        with self._transaction() as db:
            counts = [count for variant, quantity in lines for count in self._take(db, shop, variant, quantity)]
            db.execute("insert into sale values (?, ?, ?)", (shop, order, body))
            self._post(db, tell(counts))

    def sale(self, shop: str, order: str) -> bytes | None:
        """What was kept with a sale."""
        with self._connection() as db:
            row = db.execute("select body from sale where shop = ? and id = ?", (shop, order)).fetchone()
            return None if row is None else bytes(row[0])

    def empty(self, shop: str, variants: Sequence[WindowVariant], tell: Tell) -> None:
        """Take whatever is left of the variants off the shelf."""
        with self._transaction() as db:
            counts = [
                self._set(db, shop, variant.inventory_item, location, 0)
                for variant in variants
                for location, pieces in self._levels(db, shop, variant).items()
                if pieces > 0
            ]
            self._post(db, tell(counts))

    def restock(self, shop: str, variants: Sequence[WindowVariant], pieces: int, tell: Tell) -> None:
        """Put pieces of each variant into its first location; what was oversold there is forgotten."""
        with self._transaction() as db:
            counts = []
            for variant in variants:
                location, there = next(iter(self._levels(db, shop, variant).items()), ("shop", 0))
                counts.append(self._set(db, shop, variant.inventory_item, location, max(there, 0) + pieces))
            self._post(db, tell(counts))

    def forget(self, shop: str) -> None:
        """Give up all counts of a shop: they are taken from its window again, as after a fresh import."""
        with self._transaction() as db:
            db.execute("delete from stock where shop = ?", (shop,))

    def due(self, limit: int) -> Sequence[tuple[int, Message]]:
        """Webhooks that are to be sent now, oldest first, by their number in the outbox."""
        with self._connection() as db:
            rows = db.execute(
                "select id, address, secret, topic, delivery, body from outbox"
                " where refused is null and due_us <= ? order by id limit ?",
                (_us(self._clock()), limit),
            )
            return [(row[0], Message(row[1], row[2], row[3], row[4], bytes(row[5]))) for row in rows]

    def told(self, number: int) -> None:
        """A webhook was answered: forget it."""
        with self._transaction() as db:
            db.execute("delete from outbox where id = ?", (number,))

    def refused(self, number: int, why: str) -> None:
        """A webhook would never be taken: keep it, and send it no more."""
        with self._transaction() as db:
            db.execute("update outbox set refused = ? where id = ?", (why, number))

    def put_off(self, number: int) -> None:
        """A webhook was not answered: send it again, each time after twice as long."""
        with self._transaction() as db:
            (attempts,) = db.execute("select attempts from outbox where id = ?", (number,)).fetchone() or (0,)
            due = self._clock() + min(timedelta(seconds=2.0 ** min(attempts, 16)), LONGEST_WAIT)
            db.execute("update outbox set attempts = attempts + 1, due_us = ? where id = ?", (_us(due), number))

    def untold(self) -> int:
        """How many webhooks wait to be sent."""
        with self._connection() as db:
            (waiting,) = db.execute("select count(*) from outbox where refused is null").fetchone()
            return int(waiting)

    def _take(self, db: Transaction, shop: str, variant: WindowVariant, quantity: int) -> list[Count]:
        """Take pieces of one variant, from the fullest location first."""
        if not variant.tracked:
            return []
        levels = self._levels(db, shop, variant)
        left = _sellable(levels)
        if quantity > left and not variant.continue_selling:
            raise SoldOut(variant, left)
        counts = []
        for location, pieces in sorted(levels.items(), key=lambda level: -level[1]):
            taken = min(max(pieces, 0), quantity)
            quantity -= taken
            if taken:
                counts.append(self._set(db, shop, variant.inventory_item, location, pieces - taken))
        if quantity and levels:
            location = next(iter(levels))
            now = next((each.available for each in counts if each.location == location), levels[location])
            counts = [each for each in counts if each.location != location]
            counts.append(self._set(db, shop, variant.inventory_item, location, now - quantity))
        return counts

    def _levels(self, db: Transaction, shop: str, variant: WindowVariant) -> Mapping[str, int]:
        """The till's own counts over those of the window, which stand until the till first sells from them."""
        rows = db.execute(
            "select location, available from stock where shop = ? and item = ?", (shop, variant.inventory_item)
        )
        return {**variant.levels, **dict(rows)}

    def _set(self, db: Transaction, shop: str, item: str, location: str, available: int) -> Count:
        (updated_us,) = db.execute(
            "insert into stock values (:shop, :item, :location, :available, :now) on conflict do update"
            " set available = :available, updated_us = max(:now, updated_us + 1) returning updated_us",
            {"shop": shop, "item": item, "location": location, "available": available, "now": _us(self._clock())},
        ).fetchone()
        return Count(item, location, available, EPOCH + timedelta(microseconds=updated_us))

    def _post(self, db: Transaction, messages: Sequence[Message]) -> None:
        db.executemany(
            "insert into outbox (address, secret, topic, delivery, body) values (?, ?, ?, ?, ?)",
            [(each.address, each.secret, each.topic, each.delivery, each.body) for each in messages],
        )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            yield db
        finally:
            db.close()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        """Holds the write lock from its start, so that what it reads can't change before it writes."""
        with self._connection() as db:
            db.execute("begin immediate")
            try:
                yield db
            except BaseException:
                db.execute("rollback")
                raise
            db.execute("commit")


def _sellable(levels: Mapping[str, int]) -> int:
    return sum(max(pieces, 0) for pieces in levels.values())


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def till_file(data_dir: Path) -> Path:
    """Where the till's file stands in a data folder."""
    return data_dir / "till.sqlite3"
