"""HTTP calls to addresses that strangers gave: to the open internet alone, bounded in time, size and redirects.

Nothing but a connection that this module opens itself can carry them: it goes to the address that was judged, so that
a name that changes its mind between the judgement and the call (DNS rebinding) gains nothing. Proxies of the
environment are not used: one of them would resolve the name once more.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from http.client import HTTPException
from socket import SHUT_RDWR, socket
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.util.connection import create_connection

from connectors.addresses import BadAddress, Target, judged
from connectors.errors import ConnectorError

CONNECT_SECONDS = 10.0
READ_SECONDS = 45.0
# Of one whole answer, however slowly it drips in.
ANSWER_SECONDS = 60.0
LARGEST_ANSWER_BYTES = 20_000_000
CHUNK_BYTES = 65_536
MOST_REDIRECTS = 3
# Of a host, tried one after the other.
MOST_ADDRESSES = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Why(StrEnum):
    """Why no answer came."""

    ADDRESS = "address"
    NOT_FOUND = "not found"
    REFUSED = "refused"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    TOO_LARGE = "too large"
    REDIRECTS = "redirects"


class Unanswered(ConnectorError):
    """No whole answer came. executed: whether the other side may have done what was asked."""

    def __init__(self, why: Why, message: str, *, executed: bool = False) -> None:
        super().__init__(message)
        self.why, self.executed = why, executed


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and from where. headers: lower-case names. seconds: from asking to the last byte."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def location(self) -> str:
        """Where a redirect leads, whole; "" where this is none."""
        told = self.headers.get("location", "") if self.status in REDIRECTS else ""
        try:
            return urljoin(self.url, told) if told else ""
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long is waited, in seconds, and how much is taken, in bytes."""

    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    whole: float = ANSWER_SECONDS
    largest: int = LARGEST_ANSWER_BYTES


USUAL = Bounds()


class Caller:
    """Calls one host after another, keeping the last one's connection. Not for several threads at once."""

    def __init__(self, *, allow_loopback: bool = False, bounds: Bounds = USUAL) -> None:
        self._allow_loopback, self._bounds = allow_loopback, bounds
        self._kept: tuple[tuple[str, str, int], HTTPConnection] | None = None

    def ask(self, method: str, url: str, *, headers: Mapping[str, str] = NO_HEADERS, body: bytes = b"") -> Answer:
        """One call. A redirect is an answer like others. Raises Unanswered."""
        try:
            where_to = urlsplit(url)
            key = (where_to.scheme, where_to.hostname or "", where_to.port or 0)
        except ValueError:
            raise Unanswered(Why.ADDRESS, "that is no address") from None
        if self._kept is not None and self._kept[0] == key:
            try:
                return self._sent(self._kept[1], method, url, headers, body)
            except Unanswered as error:
                # The other side may close a connection that rests; nobody did anything with what was asked on it.
                if error.why is not Why.BROKEN or method != "GET":
                    raise
        self.close()
        self._kept = key, self._opened(url)
        return self._sent(self._kept[1], method, url, headers, body)

    def follow(self, url: str, *, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """Get a page, going after redirects. headers: no secrets, since any host may be the last one."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = self.ask("GET", url, headers=headers)
            if not answer.location:
                return answer
            url = answer.location
        raise Unanswered(Why.REDIRECTS, "the address leads from one redirect to the next, without an end")

    def close(self) -> None:
        """Let go of the connection."""
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None

    def _opened(self, url: str) -> HTTPConnection:
        try:
            target = judged(url, allow_loopback=self._allow_loopback)
        except BadAddress as error:
            found = "could not be found" not in str(error)
            raise Unanswered(Why.ADDRESS if found else Why.NOT_FOUND, str(error)) from None
        if target.scheme == "https":
            return _Secure(target, self._bounds)
        return _Plain(target, self._bounds)

    def _sent(
        self, connection: HTTPConnection, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        started = time.monotonic()
        deadline = threading.Timer(self._bounds.whole, _cut, [connection])
        deadline.daemon = True
        deadline.start()
        try:
            connection.request(method, _wire_path(url), body=body or None, headers={**_OWN, **headers}, **_RAW)
            connection.sock.settimeout(self._bounds.read)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.headers.items()}
            whole = self._whole(answer)
            if told.get("connection", "").lower() == "close" or not answer.isclosed():
                self.close()
            seconds = time.monotonic() - started
            if seconds < self._bounds.whole:
                return Answer(url, answer.status, told, whole, seconds)
            raise TimeoutError
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            self.close()
            if time.monotonic() - started >= self._bounds.whole:
                raise Unanswered(Why.TIMEOUT, "the answer took too long to come in", executed=True) from None
            raise _unanswered(error) from None
        except Unanswered:
            self.close()
            raise
        finally:
            deadline.cancel()

    def _whole(self, answer: BaseHTTPResponse) -> bytes:
        """The body, unpacked; a small one that unpacks into a huge one is broken off on the way."""
        body = bytearray()
        while chunk := answer.read(CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > self._bounds.largest:
                message = f"the answer is larger than {self._bounds.largest:,} bytes"
                raise Unanswered(Why.TOO_LARGE, message, executed=True)
        return bytes(body)


_OWN = {"User-Agent": "Shelfwise", "Accept-Encoding": "gzip"}
_RAW = {"preload_content": False, "decode_content": True, "enforce_content_length": True}


class _Plain(HTTPConnection):
    """A connection to an address that was judged."""

    def __init__(self, target: Target, bounds: Bounds) -> None:
        super().__init__(target.host, target.port, timeout=bounds.connect)
        self._addresses = target.addresses

    def _new_conn(self) -> socket:
        return _connected(self, self._addresses)


class _Secure(HTTPSConnection):
    """The same over TLS; the certificate has to be the host's own."""

    def __init__(self, target: Target, bounds: Bounds) -> None:
        super().__init__(target.host, target.port, timeout=bounds.connect, ssl_context=_trusted())
        self._addresses = target.addresses

    def _new_conn(self) -> socket:
        return _connected(self, self._addresses)


def _connected(connection: HTTPConnection, addresses: tuple[str, ...]) -> socket:
    last: OSError | None = None
    for address in addresses[:MOST_ADDRESSES]:
        try:
            return create_connection((address, connection.port), connection.timeout)
        except OSError as error:
            last = error
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, "no connection in time")
    raise NewConnectionError(connection, "no connection")


@cache
def _trusted() -> ssl.SSLContext:
    """Trusts what the system trusts (also `SSL_CERT_FILE`), and the authorities that come with the app."""
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _wire_path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _cut(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(SHUT_RDWR)


def _unanswered(error: Exception) -> Unanswered:
    cause = _certificate(error)
    if cause is not None:
        return Unanswered(Why.CERTIFICATE, f"its certificate is not trusted ({cause})")
    if isinstance(error, ssl.SSLError):
        return Unanswered(Why.CERTIFICATE, "no secure connection (TLS) could be agreed on")
    if isinstance(error, NewConnectionError | ConnectionRefusedError):
        return Unanswered(Why.REFUSED, "nothing answers at this address")
    if isinstance(error, ConnectTimeoutError):
        return Unanswered(Why.TIMEOUT, "no connection came about in time")
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return Unanswered(Why.TIMEOUT, "no answer came in time", executed=True)
    return Unanswered(Why.BROKEN, f"the call broke off ({type(error).__name__})", executed=True)


def _certificate(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__ or next(iter(_inner(error)), None)
    return None


def _inner(error: BaseException) -> list[BaseException]:
    return [each for each in error.args if isinstance(each, BaseException)]
