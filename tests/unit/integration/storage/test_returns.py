"""Pieces given back come off the right purchases, whatever was bought and given back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from integration.storage.returns import Returns, take_back

BOUGHT = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(1, 4), st.integers(0, 9)), max_size=12)
RETURNED = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.integers(1, 5), st.integers(0, 9)), max_size=6)
Rows = list[tuple[int, int, int, int]]


def kept(bought: Rows, returned: Rows) -> list[float]:
    """Pieces kept of each purchase: rows of owner, item, pieces, time."""
    b = np.array(bought, dtype=np.int64).reshape(-1, 4)
    r = np.array(returned, dtype=np.int64).reshape(-1, 4)
    returns = Returns(r[:, 0], r[:, 1], r[:, 2], r[:, 3])
    quantity = b[:, 2].astype(np.float32)
    left = take_back(quantity, b[:, 0], b[:, 1].astype(np.int32), b[:, 3], returns)
    return [float(each) for each in left]


@given(BOUGHT, RETURNED)
def test_no_more_is_taken_back_than_was_bought_or_returned(bought: Rows, returned: Rows) -> None:
    left = kept(bought, returned)
    assert all(0 <= now <= row[2] for now, row in zip(left, bought, strict=True))
    for owner in range(1, 5):
        for item in range(3):
            returns = [row for row in returned if row[:2] == (owner, item)]
            rows = [place for place, row in enumerate(bought) if row[:2] == (owner, item)]
            reach = max((row[3] for row in returns), default=-1)
            open_to_it = [place for place in rows if bought[place][3] <= reach]
            taken = sum(bought[place][2] - left[place] for place in rows)
            assert taken == min(sum(row[2] for row in returns), sum(bought[place][2] for place in open_to_it))


@given(BOUGHT, RETURNED)
def test_the_latest_purchase_goes_first(bought: Rows, returned: Rows) -> None:
    left = kept(bought, returned)
    for one, row in enumerate(bought):
        for other, later in enumerate(bought):
            within = any(back[:2] == later[:2] and later[3] <= back[3] for back in returned)
            if row[:2] == later[:2] and row[3] < later[3] and within and left[one] < row[2]:
                assert left[other] == 0


def test_without_returns_nothing_changes() -> None:
    assert kept([(1, 0, 2, 5)], []) == [2.0]
