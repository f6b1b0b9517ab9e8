"""A result is downloaded to its last byte: cut, packed, moved, by a server that ignores what it is asked."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import PlatformError
from connectors.shopify.bulk.download import ATTEMPTS, AddressExpired, Download, checked

SHOP = "https://candles.myshopify.com"
RESULT = b"".join(b'{"id": "gid://shopify/Product/%d"}\n' % number for number in range(40_000))


@dataclass
class Behaviour:
    """How the next answers are: each cut after so many bytes; statuses that come first."""

    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    packed: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)


class Files(BaseHTTPRequestHandler):
    behaviour = Behaviour()

    def do_GET(self) -> None:
        how = self.behaviour
        how.asked.append({name.lower(): value for name, value in self.headers.items()})
        if how.statuses:
            self.send_response(how.statuses.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body, wanted = RESULT, self.headers.get("Range", "")
        if wanted and how.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            body = RESULT[start:]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(RESULT) - 1}/{len(RESULT)}")
        else:
            self.send_response(200)
        if how.packed and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: how.cuts.pop(0)] if how.cuts else body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def downloaded(address: str, how: Behaviour, *, offset: int = 0, size: int | None = len(RESULT)) -> bytes:
    Files.behaviour = how
    download = Download(f"{address}/bulk/1.jsonl", size, shop_address=f"{address}/shop", wait=lambda _: None)
    try:
        return b"".join(download.blocks(offset))
    finally:
        download.close()


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_a_cut_download_goes_on_where_it_was(address: str, ranges: bool, packed: bool) -> None:
    cuts = [60_000, 500_000, 900_000] if not packed else [20_000]
    how = Behaviour(cuts=cuts, ranges=ranges, packed=packed)
    assert downloaded(address, how) == RESULT


@pytest.mark.parametrize("ranges", [True, False])
def test_it_begins_at_any_byte(address: str, ranges: bool) -> None:
    assert downloaded(address, Behaviour(ranges=ranges, packed=True), offset=777_777) == RESULT[777_777:]


def test_a_file_that_is_shorter_than_promised_is_not_taken_for_whole(address: str) -> None:
    with pytest.raises(PlatformError, match="can't be downloaded") as refused:
        downloaded(address, Behaviour(statuses=[]), size=len(RESULT) + 5)
    assert refused.value.retryable


def test_an_answer_without_a_known_size_ends_where_it_ends(address: str) -> None:
    assert downloaded(address, Behaviour(), size=None) == RESULT


def test_a_server_in_trouble_is_asked_again_and_given_up_in_the_end(address: str) -> None:
    assert downloaded(address, Behaviour(statuses=[503, 429, 500])) == RESULT
    with pytest.raises(PlatformError):
        downloaded(address, Behaviour(statuses=[503] * ATTEMPTS))


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_address_is_said_to_be(address: str, status: int) -> None:
    with pytest.raises(AddressExpired):
        downloaded(address, Behaviour(statuses=[status]))


def test_a_redirect_is_not_followed(address: str) -> None:
    with pytest.raises(PlatformError):
        downloaded(address, Behaviour(statuses=[302]))


def test_the_token_of_the_shop_is_not_sent_to_a_file_server(address: str) -> None:
    how = Behaviour()
    downloaded(address, how)
    assert not any("token" in name or name in {"authorization", "cookie"} for asked in how.asked for name in asked)


@pytest.mark.parametrize(
    "url",
    [
        "https://storage.googleapis.com/bulk/x.jsonl?Signature=1",
        "https://candles.myshopify.com/bulk/1.jsonl",
    ],
)
def test_results_lie_at_named_hosts_by_https(url: str) -> None:
    assert checked(url, SHOP) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.googleapis.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://user:word@storage.googleapis.com/x",
        "https://storage.googleapis.com:8443/x",
        "file:///etc/passwd",
        "ftp://storage.googleapis.com/x",
        "//storage.googleapis.com/x",
        "https://[::1",
        "",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(PlatformError, match="can't be right"):
        checked(url, SHOP)


@given(st.text(max_size=40))
def test_no_text_makes_the_check_fall_over(url: str) -> None:
    try:
        checked(url, SHOP)
    except PlatformError:
        return
    assert url.startswith("https://")
