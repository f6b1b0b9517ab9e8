"""Sessions as questions: every prefix of a session asks for the item clicked next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Prefixes:
    """begins, ends: int64 (n,), where a prefix lies in items, int32. targets: int32 (n,), what was clicked next."""

    items: NDArray[np.int32]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    targets: NDArray[np.int32]

    def at(self, places: NDArray[np.int64]) -> Prefixes:
        """Some of them, in this order."""
        return Prefixes(self.items, self.begins[places], self.ends[places], self.targets[places])

    def __len__(self) -> int:
        """How many there are."""
        return len(self.targets)


def prefixes_of(bounds: NDArray[np.int64], items: NDArray[np.int32]) -> Prefixes:
    """Every prefix of every session, one click to all but the last, in the order of their targets."""
    begins = np.repeat(bounds[:-1], np.diff(bounds))
    ends = np.arange(bounds[0], bounds[-1])
    asked = ends > begins
    return Prefixes(np.array(items), begins[asked], ends[asked], items[ends[asked]])
