"""When a reading may call itself the last word on what Shopify says was changed in a certain second."""

from __future__ import annotations

from datetime import datetime, timedelta

_SECOND = timedelta(seconds=1)
_LAST_MICROSECOND = 999_999


def settled(updated_at: datetime, asked_at: datetime) -> datetime:
    """The version of a state that was read at `asked_at` or later, and was last changed at `updated_at`.

    Shopify tells whole seconds, in which several things can happen. Who asks after such a second is over is told how
    it ended: newer than whatever a webhook says of that second, and older than all of the next. Both times are aware
    and of Shopify's clock.
    """
    second = updated_at.replace(microsecond=0)
    return second.replace(microsecond=_LAST_MICROSECOND) if second + _SECOND <= asked_at else updated_at
