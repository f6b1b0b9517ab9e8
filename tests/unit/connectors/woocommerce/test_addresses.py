"""Addresses that a merchant gives: one normal form, and none that leads into somebody's network."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.addresses import BadAddress, is_open, judged, normal

INNER = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
OUTSIDE = IPv4Network("8.0.0.0/8")
INNER6 = ("::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "2001::/32")


def inner4() -> st.SearchStrategy[IPv4Address | IPv6Address]:
    return st.sampled_from(INNER).flatmap(lambda each: st.ip_addresses(v=4, network=IPv4Network(each)))


@given(inner4())
def test_no_inner_address_is_open_plain_or_wrapped(address: IPv4Address | IPv6Address) -> None:
    number = int(address)
    wrapped = (
        f"::ffff:{address}",
        f"::{address}",
        str(IPv6Address((0x2002 << 112) | (number << 80))),
        str(IPv6Address(int(IPv6Address("64:ff9b::")) | number)),
        str(IPv6Address(int(IPv6Address("64:ff9b:1::")) | number)),
    )
    assert [each for each in (str(address), *wrapped) if is_open(each)] == []


@given(st.sampled_from(INNER6).flatmap(lambda each: st.ip_addresses(v=6, network=IPv6Network(each))))
def test_no_inner_ipv6_address_is_open(address: IPv4Address | IPv6Address) -> None:
    assert not is_open(str(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_open_internet_is_open(address: str) -> None:
    assert is_open(address)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "::ffff:169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fe80::1%eth0"]
)
def test_a_clouds_own_data_are_out_of_reach_also_where_this_machine_is_allowed(address: str) -> None:
    assert not is_open(address, allow_loopback=True)


def test_this_machine_is_open_only_where_it_is_allowed() -> None:
    for address in ("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"):
        assert not is_open(address)
        assert is_open(address, allow_loopback=True)


@pytest.mark.parametrize(
    ("given_text", "form"),
    [
        (" Shop.Example ", "https://shop.example"),
        ("https://Shop.Example:443/", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:8080//store//", "http://shop.example:8080/store"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://shop.example./", "https://shop.example"),
        ("https://shop.example/wp-admin/", "https://shop.example"),
        ("https://shop.example/store/wp-admin/admin.php?page=wc", "https://shop.example/store"),
        ("https://shop.example/wp-json/wc/v3/products", "https://shop.example"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]"),
        ("HTTPS://shop.example/#top", "https://shop.example"),
    ],
)
def test_what_people_type_becomes_one_form(given_text: str, form: str) -> None:
    assert normal(given_text) == form


@given(
    st.from_regex(
        r"https?://[a-z0-9]{1,12}(\.[a-z]{2,8}){1,2}(:(80|443|8\d{3}))?(/[A-Za-z0-9._~-]{1,8}){0,3}/?", fullmatch=True
    )
)
def test_the_form_of_a_form_is_itself(address: str) -> None:
    try:
        form = normal(address)
    except BadAddress:
        return
    assert normal(form) == form


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "https://",
        "ftp://shop.example",
        "file:///etc/passwd",
        "javascript://shop.example/%0aalert(1)",
        "https://user:pass@shop.example",
        "https://user@shop.example",
        "https://shop.example\\@10.0.0.1",
        "https://shop.example/\r\nHost: inner",
        "https://shop example",
        "https://0x7f.1",
        "https://2130706433",
        "https://0177.0.0.1",
        "https://127.1",
        "https://1.2.3.4.5",
        "https://[::1",
        "https://[fe80::1%25eth0]/x y",
        "https://shop.example:22",
        "https://shop.example:99999",
        "https://shop.example:port",
        "https://-shop.example",
        "https://shop.example/../admin",
        f"https://{'a' * 3000}.example",
        f"https://{'a' * 64}.example",
    ],
)
def test_what_is_no_address_of_a_shop_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadAddress, match=r"^\S.*[.]$"):
        normal(text)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_an_address_or_refused(text: str) -> None:
    with suppress(BadAddress):
        assert normal(text).startswith(("https://", "http://"))


@given(st.lists(st.one_of(inner4(), st.ip_addresses(v=4, network=OUTSIDE)), min_size=1, max_size=4))
def test_a_name_is_called_only_where_all_of_its_addresses_are_open(found: list[IPv4Address | IPv6Address]) -> None:
    told = [str(each) for each in found]
    all_open = all(each in OUTSIDE for each in found)
    try:
        target = judged("https://shop.example/x", allow_loopback=False, resolve=lambda _host, _port: told)
    except BadAddress:
        assert not all_open
    else:
        assert all_open
        assert [ip_address(each) for each in target.addresses] == found


@pytest.mark.parametrize(
    "url",
    ["http://localhost/", "http://router.local/", "http://db.internal/", "http://shop/", "http://nas.home.arpa:8080/"],
)
def test_names_of_private_networks_are_not_even_looked_up(url: str) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise AssertionError

    with pytest.raises(BadAddress):
        judged(url, allow_loopback=False, resolve=resolve)


def test_a_name_that_nobody_knows_says_so() -> None:
    with pytest.raises(BadAddress, match="could not be found"):
        judged("https://shop.example/", allow_loopback=False, resolve=lambda _host, _port: [])
