"""One process at one shop's deliveries: a mark that lapses soon, and batches that shrink after a bad end.

Redis only spares work here: two drains of a shop that know nothing of each other do no harm, the store sees to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from redis import Redis
from redis.exceptions import LockError

# How long after a process was killed its shop is left alone; each batch prolongs it.
MARK_SECONDS = 3
# How long a process that came to a bad end is remembered, and how much smaller the next batch is for it.
REMEMBER_SECONDS = 900
SHRINK = 8
NEWS_SECONDS = 60


class Turn:
    """A process's turn at a shop. It is nobody else's while `begin` was true and `end` was not called."""

    def __init__(self, redis: Redis, shop_id: int) -> None:
        self._redis = redis
        self._mark = redis.lock(mark_name(shop_id), timeout=MARK_SECONDS, blocking=False)
        self._news, self._size = f"shelfwise:drain:{shop_id}:news", f"shelfwise:drain:{shop_id}:batch"

    def begin(self) -> bool:
        """Whether the shop is this process's now. If not, whoever has it is told to look again before it ends."""
        if self._mark.acquire():
            return True
        self._redis.set(self._news, 1, ex=NEWS_SECONDS)
        return bool(self._mark.acquire())  # it may have ended before it could be told

    def end(self) -> bool:
        """Leave the shop. True: somebody came by meanwhile, so that there is to be looked again."""
        with suppress(LockError):
            self._mark.release()
        return bool(self._redis.delete(self._news))

    def size(self, most: int) -> int:
        """How many deliveries the next batch may hold: fewer after a process died over one; 0: not even the first.

        Until `passed` is called, it counts as having died.
        """
        kept = self._redis.get(self._size)
        allowed = most if kept is None else min(most, int(kept))
        self._remember(0 if allowed <= 1 else max(1, allowed // SHRINK))
        return allowed

    def passed(self, size: int, most: int) -> None:
        """The batch came to a good end: the next may be larger again."""
        if size >= most:
            self._redis.delete(self._size)
        else:
            self._remember(max(1, size * 2))

    def goes_on(self) -> bool:
        """Keep the shop for another while. False: the mark has lapsed, and another process may have the shop."""
        try:
            return bool(self._mark.reacquire())
        except LockError:
            return False

    def _remember(self, size: int) -> None:
        self._redis.set(self._size, size, ex=REMEMBER_SECONDS)


def unserved(redis: Redis, shop_ids: Sequence[int]) -> list[int]:
    """The shops among these whose deliveries no process is at."""
    marks: list[object] = redis.mget([mark_name(each) for each in shop_ids]) if shop_ids else []  # type: ignore[assignment]
    return [shop_id for shop_id, mark in zip(shop_ids, marks, strict=True) if mark is None]


def mark_name(shop_id: int) -> str:
    """The key of a shop's mark."""
    return f"shelfwise:drain:{shop_id}:lock"
