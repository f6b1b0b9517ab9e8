"""Where and when a visit comes from, and what trends among visits like it; numpy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.serving.alignment import Aligned, Offer

COUNTRY, HOUR, WEEKDAY = "country", "hour", "weekday"
MICROSECONDS_AN_HOUR = 3_600_000_000
MICROSECONDS_A_DAY = 24 * MICROSECONDS_AN_HOUR


def named(trait: str, value: object) -> str:
    """How an artifact and a request call a trait's value, such as "country:GB"."""
    return f"{trait}:{value}"


def hours(time: NDArray[np.int64]) -> NDArray[np.int32]:
    """The hour of the day, int32, 0 to 23, in UTC. time: microseconds since 1970."""
    return (time // MICROSECONDS_AN_HOUR % 24).astype(np.int32)


def weekdays(time: NDArray[np.int64]) -> NDArray[np.int32]:
    """The day of the week in UTC, int32, 0 for Thursday, the day that 1970 began with. time: as for `hours`."""
    return (time // MICROSECONDS_A_DAY % 7).astype(np.int32)


def moment(now: int) -> tuple[str, str]:
    """What a moment, in microseconds since 1970, is called."""
    hour, weekday = now // MICROSECONDS_AN_HOUR % 24, now // MICROSECONDS_A_DAY % 7
    return named(HOUR, hour), named(WEEKDAY, weekday)


def trending_there(aligned: Aligned, offer: Offer, origins: Sequence[str], count: int) -> list[int]:
    """The shelf rows on offer that trend most among visits of some origins, at most `count`, best first.

    Empty where the model knows none of the origins. What trends is multiplied by what each origin buys over what the
    shop buys, see `content.visitors`.
    """
    model = aligned.model
    if model is None:
        return []
    known = model.serving.origins
    values = [known.index(name) for name in origins if name in known]
    if not values:
        return []
    rows = aligned.shelf_row[model.origin_rows]
    there = np.flatnonzero(offer.known[model.origin_rows])
    rows = rows[there]
    lifts = model.origin_lifts[values][:, there].sum(axis=0)
    scores = np.log(np.maximum(aligned.trending[rows], 1e-30)) + lifts
    return list(rows[np.argsort(-scores, kind="stable")[:count]].tolist())
