"""The client of one shop's Admin API: it waits before it would be refused, and repeats what is safe to repeat."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from connectors.base import Access
from connectors.errors import PlatformError
from connectors.shopify.api import API_VERSION, PLATFORM
from connectors.shopify.graphql.answers import (
    LOST_STATUSES,
    Answer,
    Extensions,
    data_of,
    extensions_of,
    is_shopifys,
    read,
    refusal,
    refusal_of_status,
)
from connectors.shopify.graphql.cost import LONGEST_WAIT_SECONDS, Bucket, Cost
from connectors.shopify.graphql.documents import Document, document
from connectors.shopify.graphql.transport import HttpAnswer, Unanswered, endpoint, open_session, post

T = TypeVar("T")

# Failures in one call before it is given up; to be out of points is none, that is waited for while patience lasts.
ATTEMPTS = 6
MOST_REFUSALS = 30
FIRST_PAUSE_SECONDS = 1.0
PATIENCE_SECONDS = 180.0

log = logging.getLogger(__name__)
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class _Again:
    """An attempt that failed and may be repeated.

    seconds: until then, besides the wait for points; None: each time longer. throttled: the shop had no points left.
    """

    error: PlatformError
    seconds: float | None = None
    throttled: bool = False


class Admin:
    """One shop's Admin API, for one thread. What is left of the shop's points is known from the first answer on.

    clock: steady seconds, in which `access.wait` waits. patience_seconds: the longest that one call waits in all.
    served_version: of the API, as the last answer said; "" before there was one.
    """

    def __init__(
        self,
        access: Access,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bucket = Bucket()
        self.served_version = ""
        self._access = access
        self._patience = patience_seconds
        self._clock = clock
        self._url = endpoint(access)
        self._session = open_session()
        self._costs: dict[str, float] = {}

    def run(self, operation: str, variables: Mapping[str, Any], answer: type[T]) -> T:
        """Run `operations/OPERATION.graphql`. answer: a msgspec.Struct of the answer's `data`.

        Raises AccessLost, ScopeMissing, ShopUnavailable, UserErrors; PlatformError for all else, retryable or not.
        """
        asked = document(operation)
        _check_bounds(asked, variables)
        body = msgspec.json.encode({"query": asked.text, "variables": variables})
        waited, failures, refusals = 0.0, 0, 0
        while True:
            waited += self._wait(asked, self._seconds_for_points(asked, variables), waited)
            outcome = self._attempt(asked, body)
            if isinstance(outcome, Answer):
                return data_of(asked, outcome, answer)
            failures, refusals = failures + (not outcome.throttled), refusals + outcome.throttled
            if failures == ATTEMPTS or refusals == MOST_REFUSALS:
                raise outcome.error
            pause = _pause(failures + refusals) if outcome.seconds is None else outcome.seconds
            if refusals > 1:
                pause += self._turn_of_others(asked, refusals)
            waited += self._wait(asked, pause, waited, outcome.error)

    def _wait(self, asked: Document, seconds: float, waited: float, error: PlatformError | None = None) -> float:
        if seconds <= 0:
            return 0.0
        if waited + seconds > self._patience:
            message = f"{asked.name}: the shop asks for {seconds:.0f} seconds of patience"
            raise error or PlatformError(PLATFORM, message, retryable=True)
        self._access.wait(seconds)
        return seconds

    def _seconds_for_points(self, asked: Document, variables: Mapping[str, Any]) -> float:
        """By what the operation cost the last time, or costs at most; nothing where the bucket isn't known yet."""
        if self.bucket.status is not None and asked.name not in self._costs:
            from connectors.shopify.graphql.estimate import most_points

            self._costs[asked.name] = most_points(asked.text, variables)
        return self.bucket.seconds_until(self._costs.get(asked.name, 0.0), self._clock())

    def _turn_of_others(self, asked: Document, refusals: int) -> float:
        """Whoever is refused again shares the points with others: at random, so that not all come back at once."""
        rate = self.bucket.status.restore_rate if self.bucket.status else 0.0
        own = self._costs.get(asked.name, 0.0) / rate if rate > 0 else FIRST_PAUSE_SECONDS
        return _chance.uniform(0.0, min(own * min(refusals, 8), LONGEST_WAIT_SECONDS))

    def _attempt(self, asked: Document, body: bytes) -> Answer | _Again:
        try:
            answer = self._post(body)
            self.served_version = answer.headers.get("X-Shopify-API-Version", self.served_version)[:20]
            _warn_of(answer.headers)
            if answer.status != 200:
                return _again_after(asked, answer)
            said = read(answer.body)
        except Unanswered as error:
            failed = PlatformError(PLATFORM, f"{asked.name}: {error}", retryable=True)
            return _doubtful(asked, failed, surely_undone=not error.executed)
        besides = extensions_of(said)
        cost = besides.cost or Cost()
        self._learn(asked, cost)
        _warn_of_search(asked, besides)
        refused = refusal(asked, said)
        if refused is None:
            return said
        if "THROTTLED" in said.codes:
            return self._throttled(asked, cost)
        if refused.retryable:
            return _doubtful(asked, refused, surely_undone=False)
        raise refused

    def _post(self, body: bytes) -> HttpAnswer:
        """Send it; once more where the token was renewed by another process while it was on its way."""
        token = self._access.token()
        answer = post(self._session, self._url, body, token)
        if answer.status == 401 and (renewed := self._access.token()) != token:
            token = renewed
            answer = post(self._session, self._url, body, token)
        if answer.status in LOST_STATUSES and is_shopifys(answer):
            self._access.refused(token)
        return answer

    def _learn(self, asked: Document, cost: Cost) -> None:
        if cost.requested_query_cost is not None:
            self._costs[asked.name] = cost.requested_query_cost
        if cost.throttle_status is not None:
            self.bucket.learn(cost.throttle_status, self._clock())

    def _throttled(self, asked: Document, cost: Cost) -> _Again:
        points = cost.requested_query_cost or 0.0
        if not self.bucket.holds(points):
            message = f"{asked.name} costs {points:g} points, more than the shop ever has: ask for less at once"
            raise PlatformError(PLATFORM, message, retryable=False)
        error = PlatformError(PLATFORM, f"{asked.name}: other calls use the shop's points up", retryable=True)
        told = cost.throttle_status is not None and self.bucket.seconds_until(points, self._clock()) > 0
        return _Again(error, 0.0 if told else None, throttled=True)


def _check_bounds(asked: Document, variables: Mapping[str, Any]) -> None:
    """A call that asks for more than its file allows is a mistake of ours, to be found before a shop finds it."""
    for name, most in asked.at_most.items():
        given = variables.get(name, 0)
        if (given if isinstance(given, int) else len(given)) > most:
            raise ValueError(f"{asked.name} takes at most {most} ${name}")


def _doubtful(asked: Document, failed: PlatformError, *, surely_undone: bool) -> _Again:
    """A call of which no answer came: it is repeated where it surely wasn't done, or where twice is like once."""
    if asked.repeatable or surely_undone:
        return _Again(failed)
    said = str(failed).removeprefix(f"{PLATFORM}: ")
    raise PlatformError(PLATFORM, f"{said}; it may have been done or not", retryable=False)


def _again_after(asked: Document, answer: HttpAnswer) -> _Again:
    refused = refusal_of_status(asked, answer)
    if not refused.retryable:
        raise refused
    if answer.status != 429 and not asked.repeatable:
        return _doubtful(asked, refused, surely_undone=False)
    return _Again(refused, _retry_after(answer.headers))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """What the shop asks for, in seconds; None where it says nothing that is one."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT_SECONDS) if seconds >= 0 else None


def _pause(attempts: int) -> float:
    """Twice as long each time, at random between the half and the whole: many clients don't come back at once."""
    whole = min(FIRST_PAUSE_SECONDS * 2.0 ** (attempts - 1), LONGEST_WAIT_SECONDS)
    return _chance.uniform(whole / 2, whole)


def _warn_of(headers: Mapping[str, str]) -> None:
    served, reason = headers.get("X-Shopify-API-Version", API_VERSION), headers.get("X-Shopify-API-Deprecated-Reason")
    if served != API_VERSION:
        _warn_once(f"version {API_VERSION} is no longer served: {served[:20]!r} answers in its place")
    if reason:
        _warn_once(f"something that we ask for is deprecated: {reason[:200]!r}")


def _warn_of_search(asked: Document, besides: Extensions) -> None:
    for warning in (each for search in besides.search or () for each in search.warnings):
        _warn_once(
            f"{asked.name} searches by {str(warning.field)[:50]!r}, which is passed over: {warning.message[:200]!r}"
        )


@lru_cache(maxsize=256)
def _warn_once(message: str) -> None:
    log.warning("Shopify: %s", message)
