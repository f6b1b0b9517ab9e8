"""When a silence is told of: never one that the shop is used to, always one in hours that are busy each week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integration.services.rhythm import DAY_HOURS, HOUR, WEEK_HOURS, WEEKS, Rhythm, hour_of, rhythm_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A Monday, midnight.
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)

weeks = st.integers(2, WEEKS)
schedules = st.frozensets(st.integers(0, WEEK_HOURS - 1), min_size=1)


def busy(schedule: frozenset[int], weeks_of_it: int) -> Rhythm:
    """A shop that had something in each of these hours of the week, until this Monday."""
    first = hour_of(MONDAY) - weeks_of_it * WEEK_HOURS
    hours = [first + week * WEEK_HOURS + hour for week in range(weeks_of_it) for hour in schedule]
    return rhythm_of(hours, EPOCH + (first - 1) * HOUR)


def at(hour: float) -> datetime:
    return EPOCH + hour * HOUR


def last_of(rhythm: Rhythm) -> datetime:
    return at(max(rhythm.hours) + 0.99)


@given(schedules, weeks)
def test_a_shop_is_used_to_any_pause_of_its_own_week(schedule: frozenset[int], count: int) -> None:
    rhythm = busy(schedule, count)
    now = at(hour_of(MONDAY) + min(schedule))
    assert rhythm.is_explained(last_of(rhythm), now)


@given(schedules, weeks, st.integers(0, 700), st.integers(0, 700))
def test_a_longer_silence_is_never_the_less_remarkable_one(
    schedule: frozenset[int], count: int, quiet: int, more: int
) -> None:
    rhythm = busy(schedule, count)
    last = last_of(rhythm)
    if not rhythm.is_explained(last, last + quiet * HOUR):
        assert not rhythm.is_explained(last, last + (quiet + more) * HOUR)


@given(weeks, st.floats(6.5, 100))
def test_a_shop_that_never_sleeps_is_missed_within_hours(count: int, quiet: float) -> None:
    rhythm = busy(frozenset(range(WEEK_HOURS)), count)
    assert not rhythm.is_explained(last_of(rhythm), last_of(rhythm) + quiet * HOUR)
    assert rhythm.is_explained(last_of(rhythm), last_of(rhythm) + timedelta(hours=1))


@given(weeks, st.integers(5, 12), st.integers(6, 12))
def test_a_shop_that_sleeps_at_night_is_left_to_sleep_and_missed_by_day(count: int, opens: int, long: int) -> None:
    days = frozenset(day * DAY_HOURS + opens + hour for day in range(7) for hour in range(long))
    rhythm = busy(days, count)
    evening = last_of(rhythm)
    assert rhythm.is_explained(evening, at(hour_of(MONDAY) + opens))
    assert not rhythm.is_explained(evening, at(hour_of(MONDAY) + DAY_HOURS))


@given(st.frozensets(st.integers(0, WEEK_HOURS - 1)), st.integers(0, 5000))
def test_a_new_shop_has_no_rhythm_yet(hours: frozenset[int], quiet: int) -> None:
    first = hour_of(MONDAY)
    rhythm = rhythm_of([first + each for each in hours if each < WEEK_HOURS - 1], MONDAY)
    last = at(max(rhythm.hours, default=first))
    assert rhythm.is_explained(last, last + quiet * HOUR)


@hypothesis_settings(max_examples=50)
@given(st.lists(st.integers(0, WEEKS * WEEK_HOURS - 1), max_size=12, unique=True))
def test_a_few_deliveries_a_month_are_no_rhythm(hours: list[int]) -> None:
    first = hour_of(MONDAY) - WEEKS * WEEK_HOURS
    rhythm = rhythm_of([first + each for each in hours], at(first - 1))
    assert rhythm.is_explained(MONDAY, MONDAY + timedelta(hours=12))
