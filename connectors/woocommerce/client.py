"""Calls to one shop's REST API: signed in the way that the shop takes, one at a time, patient, never pressing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec

from connectors.base import Access
from connectors.guarded import USUAL, Answer, Bounds, Caller, Unanswered
from connectors.woocommerce import answers
from connectors.woocommerce.failures import Failure, KeysRefused, ShopError
from connectors.woocommerce.keys import BadKeys, Keys, parse
from connectors.woocommerce.oauth1 import escaped, signed

API = "wc/v3"
PLUGIN = "wc-shelfwise/v1"
ATTEMPTS = 3
# Seconds before the second and the third attempt, where the shop does not say.
BACKOFF = (2.0, 10.0)
# After each answer the shop has so much of the time that it took for its own shoppers.
REST_SHARE, LONGEST_REST_SECONDS = 0.25, 5.0
# A reading's lease must outlive the patience of one call.
LONGEST_PATIENCE_SECONDS = 30.0
_AGAIN = frozenset({Failure.BUSY, Failure.MAINTENANCE, Failure.UNREACHABLE})
_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})

T = TypeVar("T")
Wire = tuple[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A right answer. asked: what the shop's clock said, at the latest, when it looked. total: None where untold."""

    body: bytes
    asked: datetime
    seconds: float
    total: int | None

    def decode(self, shape: type[T]) -> T:
        """The body as this type. Raises ShopError."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            words = f"The shop's answer is not what its REST API promises ({error})."
            raise ShopError(Failure.UNREADABLE, words) from None

    def rows(self, shape: type[T]) -> list[T]:
        """The body as a list of this type. Raises ShopError."""
        rows: list[T] = self.decode(list[shape])  # type: ignore[valid-type]
        return rows


class Shop:
    """One shop's REST API. Not for several threads at once."""

    def __init__(self, access: Access, *, bounds: Bounds = USUAL, clock: Callable[[], float] = time.monotonic) -> None:
        self._access, self._clock = access, clock
        self._caller = Caller(allow_loopback=access.allow_loopback, bounds=bounds)
        secure = access.address.startswith("https:")
        self._ways = [_basic, _in_query, _signed_as_plain] if secure else [_signed]
        self._free_at = 0.0
        self.requests = 0

    def get(self, path: str, parameters: Mapping[str, str] = _NO_PARAMETERS, *, attempts: int = ATTEMPTS) -> Reply:
        """Read something, such as "wc/v3/products". Raises ShopError, KeysRefused."""
        return self._patiently("GET", path, parameters, None, attempts)

    def get_openly(self, path: str, parameters: Mapping[str, str] = _NO_PARAMETERS) -> Reply:
        """Read what is open to everybody. WordPress itself refuses a header with keys that are WooCommerce's."""
        answer = self._asked("GET", (_with_query(f"{self._access.address}/wp-json/{path}", parameters), {}), b"")
        failure = answers.failure_of(answer, "GET")
        if failure is not None:
            raise failure
        return _reply(answer)

    def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Make something. Raises ShopError, KeysRefused."""
        return self._patiently("POST", path, _NO_PARAMETERS, body, ATTEMPTS)

    def put(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Change something. Raises ShopError, KeysRefused."""
        return self._patiently("PUT", path, _NO_PARAMETERS, body, ATTEMPTS)

    def delete(self, path: str, parameters: Mapping[str, str] = _NO_PARAMETERS) -> Reply:
        """Take something away. Raises ShopError, KeysRefused."""
        return self._patiently("DELETE", path, parameters, None, ATTEMPTS)

    def close(self) -> None:
        """Let go of the connection."""
        self._caller.close()

    def _patiently(
        self, method: str, path: str, parameters: Mapping[str, str], body: Mapping[str, Any] | None, attempts: int
    ) -> Reply:
        for attempt in range(attempts):
            try:
                return self._once(method, path, parameters, body)
            except ShopError as error:
                last = attempt == attempts - 1
                pause = error.after or BACKOFF[min(attempt, len(BACKOFF) - 1)]
                done = method == "POST" and error.executed
                if last or done or error.failure not in _AGAIN or pause > LONGEST_PATIENCE_SECONDS:
                    raise
                self._access.wait(pause)
        raise AssertionError(attempts)

    def _once(self, method: str, path: str, parameters: Mapping[str, str], body: Mapping[str, Any] | None) -> Reply:
        token = self._access.token()
        try:
            keys = parse(token)
        except BadKeys:
            raise KeysRefused("What is kept for this shop is no pair of keys; connect the shop again.") from None
        sent = b"" if body is None else msgspec.json.encode(body)
        refused: ShopError | None = None
        for way in tuple(self._ways):
            answer = self._asked(method, way(method, f"{self._access.address}/wp-json/{path}", parameters, keys), sent)
            failure = answers.failure_of(answer, method)
            if failure is None:
                # Several servers may stand behind one name: the others are kept for when this way is refused.
                self._ways = [way, *(each for each in self._ways if each is not way)]
                return _reply(answer)
            if failure.failure is not Failure.WRONG_KEYS:
                raise failure
            refused = refused or failure
        assert refused is not None
        if method != "GET" and self._can_read():
            raise ShopError(Failure.READ_ONLY, answers.READ_ONLY, status=refused.status, code=refused.code)
        self._access.refused(token)
        raise KeysRefused(refused.sentence)

    def _can_read(self) -> bool:
        """Whether the same keys read: then it is only writing that they may not do."""
        try:
            self._once("GET", f"{API}/products", {"per_page": "1", "_fields": "id"}, None)
        except (ShopError, KeysRefused):
            return False
        return True

    def _asked(self, method: str, wire: Wire, body: bytes) -> Answer:
        rest = self._free_at - self._clock()
        if rest > 0:
            self._access.wait(rest)
        self.requests += 1
        url, headers = wire
        told = {"Accept": "application/json", **headers} | ({"Content-Type": "application/json"} if body else {})
        try:
            answer = self._caller.ask(method, url, headers=told, body=body)
        except Unanswered as error:
            raise answers.unreached(error) from None
        self._free_at = self._clock() + min(answer.seconds * REST_SHARE, LONGEST_REST_SECONDS)
        return answer


def _reply(answer: Answer) -> Reply:
    told = answer.headers.get("x-wp-total", "")
    total = int(told[:12]) if told.isascii() and told.isdigit() else None
    return Reply(answers.json_of(answer), answers.asked_at(answer), answer.seconds, total)


def _basic(_method: str, url: str, parameters: Mapping[str, str], keys: Keys) -> Wire:
    return _with_query(url, parameters), {"Authorization": keys.basic}


def _in_query(_method: str, url: str, parameters: Mapping[str, str], keys: Keys) -> Wire:
    """For a server that takes the Authorization header away before PHP sees it; never without TLS."""
    return _with_query(url, {**parameters, "consumer_key": keys.key, "consumer_secret": keys.secret}), {}


def _signed(method: str, url: str, parameters: Mapping[str, str], keys: Keys) -> Wire:
    return _with_query(url, signed(method, url, parameters, keys)), {}


def _signed_as_plain(method: str, url: str, parameters: Mapping[str, str], keys: Keys) -> Wire:
    """For a WordPress behind a proxy that does not know that it is called over TLS."""
    plain = urlunsplit(urlsplit(url)._replace(scheme="http"))
    return _with_query(url, signed(method, plain, parameters, keys)), {}


def _with_query(url: str, parameters: Mapping[str, str]) -> str:
    query = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in parameters.items())
    return f"{url}?{query}" if query else url
