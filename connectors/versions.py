"""Time stamps of what no platform told us: older than any real state, yet in order among themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHRINK = 1000


def hearsay(last_seen: datetime | None) -> datetime:
    """The version of a record that was only inferred, such as a product that is known from its order lines alone.

    A thousandth of the time since 1970: whatever a catalogue or a webhook says of that product is newer, and of two
    inferences the one from newer lines is.
    """
    if last_seen is None or last_seen < _EPOCH:
        return _EPOCH
    return _EPOCH + (last_seen - _EPOCH) / _SHRINK


def is_hearsay(version: datetime) -> bool:
    """Whether a version was made by `hearsay`."""
    return version < _EPOCH + timedelta(days=365)
