"""App proxy queries: those that Shopify signed are taken, and nothing else; the official library agrees."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from shopify_app.types import AppConfig
from shopify_app.verify.app_proxy import verify_app_proxy_req

from connectors.errors import BadSignature
from connectors.shopify.proxy import ProxyRequest, sign, verify

SHOP = "fern-and-ladle.myshopify.com"
AT = 1_763_900_000
NOW = datetime.fromtimestamp(AT, UTC)
SECRET = "hush"
OWN = {"shop": [SHOP], "logged_in_customer_id": ["7"], "path_prefix": ["/apps/shelfwise"], "timestamp": [str(AT)]}

names = st.text(min_size=1, max_size=8).filter(lambda name: "=" not in name and name not in {*OWN, "signature"})
values = st.lists(st.text(max_size=12).filter(lambda value: "=" not in value), min_size=1, max_size=3)
pages = st.dictionaries(names, values, max_size=4)


def signed(parameters: dict[str, list[str]], secret: str = SECRET) -> bytes:
    return urlencode({**parameters, "signature": [sign(parameters, secret)]}, doseq=True).encode()


def taken(query: bytes, secrets: tuple[str, ...] = (SECRET,), now: datetime = NOW) -> ProxyRequest | None:
    try:
        return verify(query, secrets, now)
    except BadSignature:
        return None


@pytest.mark.parametrize(
    ("customer", "signature"),
    [
        ("1", "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"),
        ("", "e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb"),
    ],
)
def test_shopifys_own_examples_are_taken(customer: str, signature: str) -> None:
    query = (
        "extra=1&extra=2&shop=shop-name.myshopify.com&path_prefix=%2Fapps%2Fawesome_reviews"
        f"&logged_in_customer_id={customer}&timestamp=1317327555&signature={signature}"
    )
    found = verify(query.encode(), ["hush"], datetime.fromtimestamp(1317327555, UTC))
    assert found == ProxyRequest("shop-name.myshopify.com", customer, "/apps/awesome_reviews", {"extra": ["1", "2"]})


@given(pages)
def test_what_a_page_asks_arrives_as_it_was_sent(page: dict[str, list[str]]) -> None:
    assert verify(signed(OWN | page), [SECRET], NOW).parameters == page


@given(pages, st.data())
@example({"q": ["a"]}, None)
def test_any_change_of_a_byte_is_refused_unless_it_says_the_same(
    page: dict[str, list[str]], data: st.DataObject | None
) -> None:
    query = signed(OWN | page)
    place = data.draw(st.integers(0, len(query) - 1)) if data else 0
    put = data.draw(st.binary(max_size=1)) if data else b""
    inserted = data.draw(st.booleans()) if data else False
    changed = query[:place] + put + query[place + (not inserted) :]
    assume(changed != query)
    found = taken(changed)
    assert found is None or found == taken(query)


@pytest.mark.parametrize(
    "changed",
    [
        {"shop": ["another-shop.myshopify.com"]},
        {"logged_in_customer_id": ["8"]},
        {"logged_in_customer_id": [""]},
        {"path_prefix": ["/apps/other"]},
        {"timestamp": [str(AT + 1)]},
        {"added": ["1"]},
        {"placement": ["cart"]},
    ],
)
def test_another_shop_customer_time_or_parameter_needs_another_signature(changed: dict[str, list[str]]) -> None:
    parameters = OWN | {"placement": ["product"]}
    forged = parameters | changed | {"signature": [sign(parameters, SECRET)]}
    assert taken(urlencode(forged, doseq=True).encode()) is None


@pytest.mark.parametrize(
    "parameters",
    [
        OWN | {"shop": [SHOP, SHOP]},
        OWN | {"shop": [SHOP, "evil.myshopify.com"]},
        OWN | {"shop": ["evil.example.com"]},
        OWN | {"shop": [f"{SHOP}.evil.example"]},
        OWN | {"shop": [SHOP.upper()]},
        OWN | {"shop": [f"{SHOP}\n"]},
        OWN | {"shop": [""]},
        OWN | {"timestamp": [str(AT), str(AT)]},
        OWN | {"timestamp": [f"{AT}.0"]},
        OWN | {"timestamp": [f" {AT}"]},
        OWN | {"timestamp": ["١٧٦٣٩٠٠٠٠٠"]},
        OWN | {"timestamp": [""]},
        OWN | {"logged_in_customer_id": ["7", "8"]},
        OWN | {"logged_in_customer_id": ["7 or 8"]},
        {name: value for name, value in OWN.items() if name != "path_prefix"},
        {name: value for name, value in OWN.items() if name != "timestamp"},
        {name: value for name, value in OWN.items() if name != "shop"},
    ],
)
def test_what_says_too_much_or_too_little_is_refused_even_where_it_is_signed(parameters: dict[str, list[str]]) -> None:
    assert taken(signed(parameters)) is None


def test_two_parameters_are_not_taken_for_one_that_is_signed_alike() -> None:
    parameters = OWN | {"count": ["4"], "placement": ["home"]}
    query = signed(parameters).decode()
    assert taken(query.replace("count=4&placement=home", "count=4placement%3Dhome").encode()) is None
    assert taken(query.replace("count=4&placement=home", "count=4placement=home").encode()) is None


@pytest.mark.parametrize("query", [b"", b"&&&", b"=", b"%", b"%ff=%fe", b"signature", b"\xff\xfe", b"a=1&" * 100_000])
def test_what_is_no_signed_query_at_all_is_refused(query: bytes) -> None:
    assert taken(query) is None
    assert taken(query + b"&signature=" + b"0" * 64) is None


@pytest.mark.parametrize("signature", ["", "é" * 64, "0" * 63, "0" * 65, "G" * 64])
def test_a_signature_that_is_none_is_refused_without_an_error(signature: str) -> None:
    assert taken(f"{urlencode(OWN, doseq=True)}&signature={quote_plus(signature)}".encode()) is None


def test_a_signature_in_upper_case_or_twice_is_refused() -> None:
    query = signed(OWN)
    mark = sign(OWN, SECRET)
    assert taken(query.replace(mark.encode(), mark.upper().encode())) is None
    assert taken(query + f"&signature={mark}".encode()) is None


@pytest.mark.parametrize(("seconds", "fits"), [(-91, False), (-90, True), (0, True), (90, True), (91, False)])
def test_a_query_is_good_for_ninety_seconds(seconds: int, fits: bool) -> None:
    now = datetime.fromtimestamp(AT + seconds, UTC)
    assert (taken(signed(OWN), now=now) is not None) == fits


def test_the_old_secret_is_believed_while_it_is_kept_and_no_other() -> None:
    assert taken(signed(OWN, "before"), ("hush", "before")) is not None
    assert taken(signed(OWN, "before"), ("hush",)) is None
    assert taken(signed(OWN, ""), ()) is None
    assert taken(signed(OWN, ""), ("hush", "")) is None


@given(page=pages, secret=st.sampled_from(["hush", "before", "somebody else's"]), skew=st.integers(-200, 200))
def test_the_official_library_takes_what_we_take(page: dict[str, list[str]], secret: str, skew: int) -> None:
    assume(not 80 <= abs(skew) <= 100)  # Its clock is the system's.
    parameters = OWN | page | {"timestamp": [str(int(time.time()) + skew)]}
    query = signed(parameters, secret)
    config = AppConfig(client_id="id", client_secret="hush", old_client_secret="before")
    url = f"https://app.example/shopify/proxy/slates?{query.decode()}"
    theirs = verify_app_proxy_req({"method": "GET", "headers": {}, "url": url, "body": ""}, config)
    ours = taken(query, ("hush", "before"), datetime.now(UTC))
    assert theirs.ok == (ours is not None)
    if ours is not None:
        assert (f"{theirs.shop}.myshopify.com", theirs.logged_in_customer_id) == (ours.shop, ours.customer)
