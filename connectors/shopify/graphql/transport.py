"""One HTTP call to a shop's Admin API: bounded in time and size, to that shop alone, its token never told on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout
from urllib3.exceptions import NewConnectionError

from connectors.base import Access
from connectors.errors import PlatformError
from connectors.shopify.api import API_VERSION, PLATFORM, is_shop

ACCESS_HEADER = "X-Shopify-Access-Token"
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
# Of one whole answer, however slowly it drips in.
ANSWER_SECONDS = 60.0
LARGEST_ANSWER_BYTES = 32_000_000
CHUNK_BYTES = 65_536


class Unanswered(Exception):
    """No whole answer came. executed: whether the shop may have done what was asked."""

    def __init__(self, message: str, *, executed: bool) -> None:
        super().__init__(message)
        self.executed = executed


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back. headers: names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def endpoint(access: Access) -> str:
    """Where the shop's operations are sent. Raises PlatformError where the address isn't that of this very shop."""
    shop, address = access.external_id, urlsplit(access.address)
    own = access.address == f"https://{shop}"
    played = address.scheme in {"http", "https"} and bool(address.hostname) and address.path.endswith(f"/{shop}")
    if not is_shop(shop) or not (own or played):
        raise PlatformError(PLATFORM, f"{access.address!r} is no address of the shop {shop!r}", retryable=False)
    return f"{access.address}/admin/api/{API_VERSION}/graphql.json"


def open_session() -> requests.Session:
    """A session that keeps its connections and retries nothing by itself."""
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=0))
    session.headers.update({"User-Agent": "Shelfwise", "Accept": "application/json"})
    return session


def post(
    session: requests.Session, url: str, body: bytes, token: str = "", *, header: str = ACCESS_HEADER
) -> HttpAnswer:
    """Send one operation. Redirects are answers like others. header: which carries the token. Raises Unanswered."""
    headers = {"Content-Type": "application/json"} | ({header: token} if token else {})
    started = time.monotonic()
    try:
        with session.post(
            url,
            data=body,
            headers=headers,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as answer:
            return HttpAnswer(answer.status_code, answer.headers, _whole(answer, started + ANSWER_SECONDS))
    except ConnectTimeout:
        raise Unanswered("the shop could not be reached in time", executed=False) from None
    except UnicodeError:
        raise PlatformError(PLATFORM, "the shop's token holds characters that no token has", retryable=False) from None
    except requests.RequestException as error:
        raise Unanswered(f"the call broke off ({type(error).__name__})", executed=not _unconnected(error)) from None


def _unconnected(error: requests.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _whole(answer: requests.Response, until: float) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > LARGEST_ANSWER_BYTES:
            raise PlatformError(PLATFORM, f"an answer is larger than {LARGEST_ANSWER_BYTES:,} bytes", retryable=False)
        if time.monotonic() > until:
            raise Unanswered(f"the answer took more than {ANSWER_SECONDS:g} seconds", executed=True)
    return bytes(body)
