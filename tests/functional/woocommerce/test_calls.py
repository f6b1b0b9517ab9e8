"""Calls to a WooCommerce shop: signed in the way that it takes; what is in the way is said in words that help."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from connectors import guarded
from connectors.base import Access
from connectors.guarded import Bounds, Caller, Unanswered, Why
from connectors.woocommerce.client import API, Shop
from connectors.woocommerce.failures import Failure, KeysRefused, ShopError
from connectors.woocommerce.shop_facts import read_facts
from connectors.woocommerce.site import look
from tests.functional.woocommerce.conftest import Woo

PATIENCE = Bounds(connect=2.0, read=2.0, whole=3.0, largest=1_000_000)
PRODUCTS = f"{API}/products"


class Calling:
    """A shop as the app calls it. waited: seconds, each time; refused: tokens that it did not take."""

    def __init__(self, address: str, token: str) -> None:
        self.waited: list[float] = []
        self.refused: list[str] = []
        access = Access(address, address, lambda: token, self.waited.append, self.refused.append, allow_loopback=True)
        self.shop = Shop(access, bounds=PATIENCE)

    def ids(self) -> list[int]:
        return [int(each["id"]) for each in self.shop.get(PRODUCTS, {"_fields": "id"}).rows(dict[str, int])]


def calling(woo: Woo, token: str = "") -> Calling:
    return Calling(woo.address, token or f"{woo.key}:{woo.secret}")


@pytest.fixture
def trusted(woo_tls: Woo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Woo]:
    """A played shop over TLS whose certificate counts as good."""
    monkeypatch.setenv("SSL_CERT_FILE", str(woo_tls.site.certificate))
    guarded._trusted.cache_clear()
    yield woo_tls
    guarded._trusted.cache_clear()


def test_over_plain_http_calls_are_signed_and_the_keys_never_sent(woo: Woo) -> None:
    assert calling(woo).ids()
    with pytest.raises(KeysRefused):
        calling(woo, f"{woo.key}:cs_{'0' * 40}").ids()


def test_over_tls_the_keys_go_in_a_header(trusted: Woo) -> None:
    assert calling(trusted).ids()


def test_a_server_that_takes_the_header_away_is_asked_in_another_way_and_remembered(trusted: Woo) -> None:
    trusted.state.troubles.strips_authorization = True
    shop = calling(trusted)
    assert shop.ids()
    assert shop.shop.requests == 2
    assert shop.ids()
    assert shop.shop.requests == 3


def test_keys_that_were_revoked_are_told_once_every_way_was_tried(trusted: Woo) -> None:
    token = f"ck_{'1' * 40}:cs_{'1' * 40}"
    shop = calling(trusted, token)
    with pytest.raises(KeysRefused, match="connect the shop again"):
        shop.ids()
    assert shop.refused == [token]


def test_a_token_that_is_no_pair_of_keys_is_not_sent_anywhere(woo: Woo) -> None:
    shop = calling(woo, "nonsense")
    with pytest.raises(KeysRefused):
        shop.ids()
    assert shop.shop.requests == 0


def test_a_certificate_that_signs_itself_is_refused_before_anything_is_sent(woo_tls: Woo) -> None:
    with pytest.raises(ShopError, match="certificate") as caught:
        calling(woo_tls).ids()
    assert caught.value.failure is Failure.CERTIFICATE
    assert woo_tls.site.requests == 0


@pytest.mark.parametrize(
    ("trouble", "failure"),
    [
        ("maintenance", Failure.MAINTENANCE),
        ("firewall", Failure.BLOCKED),
        ("login_only", Failure.BLOCKED),
        ("no_rest", Failure.PERMALINKS),
    ],
)
def test_each_thing_in_the_way_has_its_own_words(woo: Woo, trouble: str, failure: Failure) -> None:
    setattr(woo.state.troubles, trouble, True)
    shop = calling(woo)
    with pytest.raises(ShopError) as caught:
        shop.ids()
    assert caught.value.failure is failure
    assert caught.value.sentence.endswith(".")
    assert shop.refused == [], "only what says that the keys are wrong may cost the merchant the connection"


def test_keys_that_may_only_read_are_told_from_wrong_ones(woo: Woo) -> None:
    own = woo.state.keyring.make("read")
    shop = calling(woo, f"{own.key}:{own.secret}")
    assert shop.ids()
    with pytest.raises(ShopError, match="Read/Write") as caught:
        shop.shop.post(f"{API}/webhooks", {"topic": "order.created"})
    assert caught.value.failure is Failure.READ_ONLY
    assert shop.refused == []


def test_permalinks_that_are_off_are_found_out(woo: Woo) -> None:
    woo.state.permalinks = False
    with pytest.raises(ShopError, match="Settings > Permalinks") as caught:
        look(woo.address, allow_loopback=True, bounds=PATIENCE)
    assert caught.value.failure is Failure.PERMALINKS


@pytest.mark.parametrize("trouble", ["notice", "bom"])
def test_what_a_plugin_prints_before_the_json_is_passed_over(woo: Woo, trouble: str) -> None:
    setattr(woo.state.troubles, trouble, True)
    assert calling(woo).ids()


def test_a_page_instead_of_data_says_so(woo: Woo) -> None:
    woo.state.troubles.add(200)
    with pytest.raises(ShopError, match="page instead of data") as caught:
        calling(woo).ids()
    assert caught.value.retryable


def test_a_shop_that_asks_for_patience_is_given_it(woo: Woo) -> None:
    woo.state.troubles.add(429)
    shop = calling(woo)
    assert shop.ids()
    assert 1.0 in shop.waited


def test_a_quick_shop_is_not_waited_for_and_a_slow_one_has_a_rest(woo: Woo) -> None:
    woo.state.troubles.slow_seconds = 0.2
    shop = calling(woo)
    shop.ids()
    shop.ids()
    assert len(shop.waited) == 1
    assert 0.02 < shop.waited[0] < 1.0


def test_a_shop_is_looked_at_without_keys_and_known_by_its_own_name(woo: Woo) -> None:
    site = look(woo.address, allow_loopback=True, bounds=PATIENCE)
    assert (site.address, site.name, site.is_secure) == (woo.address, "Fern & Ladle", False)


def test_an_address_on_this_machine_is_refused_unless_it_is_allowed(woo: Woo) -> None:
    with pytest.raises(ShopError, match="private network") as caught:
        look(woo.address, bounds=PATIENCE)
    assert caught.value.failure is Failure.BAD_ADDRESS
    assert woo.site.requests == 0


@pytest.mark.parametrize(("trouble", "failure"), [("maintenance", Failure.MAINTENANCE), ("firewall", Failure.BLOCKED)])
def test_looking_finds_what_is_in_the_way(woo: Woo, trouble: str, failure: Failure) -> None:
    setattr(woo.state.troubles, trouble, True)
    with pytest.raises(ShopError) as caught:
        look(woo.address, allow_loopback=True, bounds=PATIENCE)
    assert caught.value.failure is failure


def test_a_shop_tells_its_money_and_versions(woo: Woo) -> None:
    facts = read_facts(calling(woo).shop)
    assert (facts.currency, facts.name, facts.locale, facts.timezone) == (
        "GBP",
        "Fern & Ladle",
        "en-GB",
        "Europe/London",
    )
    assert facts.woocommerce
    assert facts.wordpress


# What a hostile server can do with a connection.
@contextmanager
def saying(*answers: bytes, drip: float = 0.0) -> Iterator[str]:
    """A server that says these bytes, whatever it is asked, one answer a connection."""
    done = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0.05)

        def serve() -> None:
            left = list(answers)
            while left and not done.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.recv(65_536)
                    _say(connection, left.pop(0), drip, done)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            thread.join(5)


def _say(connection: socket.socket, answer: bytes, drip: float, done: threading.Event) -> None:
    try:
        if not drip:
            connection.sendall(answer)
        for one in answer if drip else b"":
            connection.sendall(bytes([one]))
            if done.wait(drip):
                return
    except OSError:
        return


def ask(address: str, *, whole: float = 3.0) -> guarded.Answer:
    caller = Caller(allow_loopback=True, bounds=Bounds(1.0, 1.0, whole, 10_000))
    try:
        return caller.follow(f"{address}/")
    finally:
        caller.close()


def page(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    told = "".join(f"{each}\r\n" for each in (*headers, f"Content-Length: {len(body)}", "Connection: close"))
    return f"HTTP/1.1 {status}\r\n{told}\r\n".encode() + body


def test_an_answer_that_drips_in_is_cut_off() -> None:
    with saying(page(b"x" * 500), drip=0.05) as address, pytest.raises(Unanswered) as caught:
        ask(address, whole=0.4)
    assert caught.value.why is Why.TIMEOUT


def test_an_answer_that_is_too_large_is_left() -> None:
    with saying(page(b"x" * 20_000)) as address, pytest.raises(Unanswered) as caught:
        ask(address)
    assert caught.value.why is Why.TOO_LARGE


def test_a_small_answer_that_unpacks_into_a_huge_one_is_left() -> None:
    packed = gzip.compress(b"0" * 5_000_000)
    assert len(packed) < 10_000
    with saying(page(packed, "200 OK", "Content-Encoding: gzip")) as address, pytest.raises(Unanswered) as caught:
        ask(address)
    assert caught.value.why is Why.TOO_LARGE


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    with saying(page(b"x" * 500)[:-100]) as address, pytest.raises(Unanswered) as caught:
        ask(address)
    assert caught.value.why is Why.BROKEN


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:10.0.0.1]/", "file:///etc/passwd"],
)
def test_a_redirect_into_a_private_network_is_not_followed(target: str) -> None:
    with saying(page(b"", "302 Found", f"Location: {target}")) as address, pytest.raises(Unanswered) as caught:
        ask(address)
    assert caught.value.why is Why.ADDRESS


def test_redirects_without_an_end_are_left() -> None:
    hop = page(b"", "302 Found", "Location: /again")
    with saying(*[hop] * 6) as address, pytest.raises(Unanswered) as caught:
        ask(address)
    assert caught.value.why is Why.REDIRECTS


@pytest.mark.parametrize(
    "body",
    [
        b'[{"id": 1}]',
        b'\xef\xbb\xbf\r\n[{"id": 1}]\n',
        b'<br />\n<b>Warning</b>: Array {oops} in <b>x.php</b> on line [3]<br />\n[{"id": 1}]',
        b'[{"id": 1}]\n<!-- Cached by a plugin, 0.3 s -->',
    ],
)
def test_json_is_found_between_what_plugins_print(body: bytes) -> None:
    with saying(page(body)) as address:
        assert Calling(address, f"ck_{'1' * 40}:cs_{'2' * 40}").ids() == [1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[" * 9_000,
        b'[{"id": ' * 900,
        b"{" * 9_000,
        b"\x00\xff" * 4_000,
        b'[{"id": 1}',
        b"NaN",
        b'"[]',
        b'[{"id": 1, "tags": []',
        b'<br />\n[{"id": 1, "tags": []',
    ],
)
def test_what_is_no_json_is_told_in_words(body: bytes) -> None:
    with saying(*[page(body)] * 3) as address, pytest.raises(ShopError) as caught:
        Calling(address, f"ck_{'1' * 40}:cs_{'2' * 40}").ids()
    assert caught.value.failure is Failure.NOT_JSON


def test_keys_are_never_sent_after_a_redirect() -> None:
    with saying(
        page(b"", "301 Moved Permanently", "Location: https://www.shop.example/wp-json/wc/v3/products")
    ) as address:
        shop = Calling(address, f"ck_{'1' * 40}:cs_{'2' * 40}")
        with pytest.raises(ShopError, match=r"https://www\.shop\.example") as caught:
            shop.ids()
    assert caught.value.failure is Failure.MOVED
    assert caught.value.moved_to == "https://www.shop.example"
    assert shop.shop.requests == 1


def test_nothing_answers_where_nothing_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(Unanswered) as caught:
        ask(address)
    assert caught.value.why is Why.REFUSED
