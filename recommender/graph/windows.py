"""Sessions cut into windows, and windows dealt into batches: what a training step sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Windows are sorted by length among so many drawn ones: near lengths share a batch, and batches stay mixed.
POOL = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Stretches of sessions, w of them, none longer than clicks + 1: every click but a session's first is asked once.

    starts: int64 (w,), where a window begins in items, int32. sizes: int64 (w,), its clicks, 2 or more.
    """

    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    items: NDArray[np.int32]

    @property
    def asked(self) -> int:
        """How many clicks are asked for in all."""
        return int((self.sizes - 1).sum())


def windows_of(bounds: NDArray[np.int64], items: NDArray[np.int32], clicks: int) -> Windows:
    """The windows of these sessions, in their order. bounds: int64 (s + 1,); a session of one click gives none."""
    lengths = np.diff(bounds)
    parts = np.maximum(lengths - 1, 0) + clicks - 1
    parts //= clicks
    session = np.repeat(np.arange(len(lengths)), parts)
    part = np.arange(len(session)) - np.repeat(np.cumsum(parts) - parts, parts)
    starts = bounds[session] + part * clicks
    sizes = np.minimum(clicks + 1, bounds[session + 1] - starts)
    return Windows(starts, sizes, items)


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Clicks to be told from those before them, c of them.

    prefixes: int32 (c, clicks), rows of the clicks before, the newest first, padded with -1. wanted: int32 (c,).
    """

    prefixes: NDArray[np.int32]
    wanted: NDArray[np.int32]


def cases_of(bounds: NDArray[np.int64], items: NDArray[np.int32], clicks: int, most: int) -> Cases:
    """Every click of these sessions but their first, each with the `clicks` before it; at most `most`, evenly taken."""
    first = np.repeat(bounds[:-1], np.maximum(np.diff(bounds) - 1, 0))
    asked = np.arange(bounds[0], bounds[-1])
    asked = np.delete(asked, bounds[:-1][np.diff(bounds) > 0] - bounds[0])
    if len(asked) > most:
        taken = np.linspace(0, len(asked) - 1, most).astype(np.int64)
        first, asked = first[taken], asked[taken]
    at = asked[:, None] - 1 - np.arange(clicks)
    prefixes = np.where(at >= first[:, None], items[np.maximum(at, 0)], np.int32(-1)) if len(items) else at
    return Cases(prefixes.astype(np.int32), items[asked])


def shuffled_within(
    bounds: NDArray[np.int64], items: NDArray[np.int32], chance: np.random.Generator
) -> NDArray[np.int32]:
    """The items of each session in a random order: for histories whose order tells nothing."""
    session = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    shuffled: NDArray[np.int32] = items[np.lexsort((chance.random(len(items)), session))]
    return shuffled


def batches(
    windows: Windows, asked: int, chance: np.random.Generator
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Every window once, in a random order, dealt into batches of about `asked` asked clicks.

    Yields the clicks so far, int32 (b, l), oldest first, and the click that followed each, int32 (b, l); both are -1
    where a window has ended.
    """
    order = chance.permutation(len(windows.sizes))
    dealt: list[NDArray[np.int64]] = []
    for first in range(0, len(order), POOL):
        pool = order[first : first + POOL]
        pool = pool[np.argsort(windows.sizes[pool], kind="stable")]
        total = np.cumsum(windows.sizes[pool] - 1)
        cuts = np.flatnonzero(np.diff(total // asked)) + 1
        dealt += np.split(pool, cuts)
    for number in chance.permutation(len(dealt)):
        yield _padded(windows, dealt[number])


def _padded(windows: Windows, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    sizes = windows.sizes[chosen]
    place = np.arange(int(sizes.max()))
    inside = place < sizes[:, None]
    at = np.where(inside, windows.starts[chosen][:, None] + place, 0)
    table = np.where(inside, windows.items[at], np.int32(-1))
    seen, followed = table[:, :-1].copy(), table[:, 1:]
    seen[followed < 0] = -1
    return seen, followed
