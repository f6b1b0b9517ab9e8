"""The result of a bulk operation, block by block: resumed where it was cut, and only a block of it in memory.

The address is signed, so it is all that is needed: our token is for the shop, and is not sent there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import requests

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM

BLOCK_BYTES = 1 << 18
CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 1.0
GONE = frozenset({400, 401, 403, 404, 410})
PASSING = frozenset({408, 425, 429})


class AddressExpired(Exception):
    """The result is no longer at this address."""


class _Cut(Exception):
    """The download broke off; what came so far is good."""


class Download:
    """One result. size_bytes: how long it is, None where that is not known. wait: seconds, before it is tried again."""

    def __init__(self, url: str, size_bytes: int | None, *, shop_address: str, wait: Callable[[float], None]) -> None:
        self._url = checked(url, shop_address)
        self._size = size_bytes
        self._wait = wait
        self._ranges = True
        self._session = requests.Session()
        self._session.trust_env = False  # no .netrc may send a password along

    def blocks(self, offset: int) -> Iterator[bytes]:
        """What comes after the first bytes. Raises AddressExpired; PlatformError when it keeps breaking off."""
        failures = 0
        while self._size is None or offset < self._size:
            try:
                for block in self._blocks_of_one_answer(offset):
                    failures = 0
                    offset += len(block)
                    yield block
                self._raise_if_cut(offset)
            except (requests.RequestException, _Cut) as error:
                failures += 1
                said = str(error) if isinstance(error, _Cut) else type(error).__name__
                if failures == ATTEMPTS:
                    message = f"the result of a bulk operation can't be downloaded: {said}"
                    raise PlatformError(PLATFORM, message, retryable=True) from None
                self._wait(FIRST_PAUSE_SECONDS * 2 ** (failures - 1))
            else:
                return

    def _raise_if_cut(self, offset: int) -> None:
        if self._size is not None and offset < self._size:
            raise _Cut(f"it ended at {offset:,} of {self._size:,} bytes")

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def _blocks_of_one_answer(self, offset: int) -> Iterator[bytes]:
        # A part of a packed result could not be unpacked, so parts are asked for as they are.
        part = {"Range": f"bytes={offset}-", "Accept-Encoding": "identity"}
        headers = part if offset and self._ranges else {"Accept-Encoding": "gzip"}
        with self._session.get(
            self._url, headers=headers, stream=True, allow_redirects=False, timeout=(CONNECT_SECONDS, READ_SECONDS)
        ) as answer:
            skip = offset - self._begins_at(answer, offset)
            for block in answer.iter_content(BLOCK_BYTES):
                if skip < len(block):
                    yield block[skip:]
                skip = max(skip - len(block), 0)

    def _begins_at(self, answer: requests.Response, offset: int) -> int:
        """At which byte of the whole an answer begins."""
        status = answer.status_code
        if status == 200:
            return 0
        if status == 206:
            first = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
            if first == str(offset) and not answer.headers.get("Content-Encoding"):
                return offset
            self._ranges = False
            raise _Cut("another part came than was asked for")
        if status in GONE:
            raise AddressExpired(f"HTTP {status}")
        if status in PASSING or status == 416 or status >= 500:
            raise _Cut(f"HTTP {status}")
        raise PlatformError(PLATFORM, f"the result of a bulk operation can't be had: HTTP {status}", retryable=False)


def checked(url: str, shop_address: str) -> str:
    """The address of a result, if it is one that a platform would give. Raises PlatformError.

    https to a named host; or the very server that the shop's calls go to.
    """
    try:
        asked, shop = urlsplit(url), urlsplit(shop_address)
        own = (asked.scheme, asked.netloc) == (shop.scheme, shop.netloc)
        host, port = asked.hostname or "", asked.port
    except ValueError:
        own, host, port = False, "", None
    named = "." in host and not host.replace(".", "").isdigit() and ":" not in host
    elsewhere = url.startswith("https://") and named and port in {None, 443}
    if not (own or elsewhere) or "@" in urlsplit(shop_address if own else url).netloc:
        raise PlatformError(
            PLATFORM, "the result of a bulk operation is at an address that can't be right", retryable=True
        )
    return url
