"""Whether a shop's deliveries have been silent for longer than its own rhythm explains. Pure: no clock, no store.

Of each hour of the week it is known in how many of the last weeks something came. A silence is the less likely the
more of the hours that it covers are usually busy; hours in which the shop sleeps say nothing. Whoever wants to be told
of one silence in a thousand that is mere chance takes CHANCE for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
DAY_HOURS, WEEK_HOURS = 24, 168
WEEKS = 4
# Before so many hours are known, a shop has no rhythm: its week-ends may still be to come.
LEAST_KNOWN_HOURS = WEEK_HOURS
CHANCE = 0.001
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """hours: those with a delivery, as whole hours since 1970. known: the first hour that was watched."""

    hours: frozenset[int]
    known: int

    def is_explained(self, last: datetime, now: datetime) -> bool:
        """Whether the silence between the last delivery and now is one that this shop is used to."""
        chance = 1.0
        for hour, share in _covered(last, now):
            chance *= (1.0 - self._is_busy(hour, hour_of(last))) ** share
            if chance < CHANCE:
                return False
        return True

    def _is_busy(self, hour: int, until: int) -> float:
        """How likely something comes in an hour: as in the same one of past weeks, and of past days."""
        first = max(self.known, until - WEEKS * WEEK_HOURS)
        if until - first < LEAST_KNOWN_HOURS:
            return 0.0
        return min(self._share(hour, until, first, step) for step in (WEEK_HOURS, DAY_HOURS))

    def _share(self, hour: int, until: int, first: int, step: int) -> float:
        latest = hour - step * max(1, -(-(hour - until) // step))
        past = range(latest, first - 1, -step)
        return sum(each in self.hours for each in past) / (len(past) + 0.5)


def rhythm_of(hours: Collection[int], known_since: datetime) -> Rhythm:
    """The rhythm of these hours; the one in which watching began counts only in part, and is left out."""
    return Rhythm(frozenset(hours), hour_of(known_since) + 1)


def hour_of(moment: datetime) -> int:
    """The whole hours since 1970."""
    return (moment - _EPOCH) // HOUR


def _covered(last: datetime, now: datetime) -> Iterator[tuple[int, float]]:
    """The hours between two moments, each with the share of it that lies between them; no more than those of WEEKS."""
    first = hour_of(last)
    for hour in range(first, min(hour_of(now), first + WEEKS * WEEK_HOURS) + 1):
        begins = _EPOCH + hour * HOUR
        share = (min(now, begins + HOUR) - max(last, begins)) / HOUR
        if share > 0:
            yield hour, share
