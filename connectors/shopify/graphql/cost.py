"""What calls cost: a shop's bucket of points as the last answer told it, and how long until a call fits in.

https://shopify.dev/docs/api/usage/limits: a call's requested cost must fit into the bucket, which fills at a constant
rate; after the call the bucket gets back what was not used.
"""

from __future__ import annotations

import msgspec

# No shop's bucket takes this long to fill from empty; a server that says so is not waited for any longer.
LONGEST_WAIT_SECONDS = 60.0
# The bucket is told in whole points: this much may be missing from it.
ROUNDING_POINTS = 1.0


class ThrottleStatus(msgspec.Struct, frozen=True, rename="camel"):
    """The bucket, in points; restore_rate: points a second."""

    maximum_available: float = 0.0
    currently_available: float = 0.0
    restore_rate: float = 0.0


class Cost(msgspec.Struct, frozen=True, rename="camel"):
    """What an answer says of its own cost, in points. actual_query_cost: None where nothing was executed."""

    requested_query_cost: float | None = None
    actual_query_cost: float | None = None
    throttle_status: ThrottleStatus | None = None


class Bucket:
    """The points left for one app in one shop. It is known from the first answer on; times are of a steady clock.

    Every client keeps its own: other processes draw on the same points, which shows in the next answer's status.
    """

    def __init__(self) -> None:
        self.status: ThrottleStatus | None = None
        self._at = 0.0

    def learn(self, status: ThrottleStatus, now: float) -> None:
        """Take the state that an answer told at this time."""
        self.status, self._at = status, now

    def holds(self, points: float) -> bool:
        """Whether a call of so many points can ever fit in."""
        return self.status is None or self.status.maximum_available <= 0 or points <= self.status.maximum_available

    def seconds_until(self, points: float, now: float) -> float:
        """How long until a call of so many points fits in; 0 where nothing is known of the bucket."""
        status = self.status
        if status is None or status.restore_rate <= 0:
            return 0.0
        filled = status.currently_available + max(now - self._at, 0.0) * status.restore_rate
        missing = min(points, status.maximum_available) + ROUNDING_POINTS - filled
        return min(max(missing, 0.0) / status.restore_rate, LONGEST_WAIT_SECONDS)
