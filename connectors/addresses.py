"""Addresses that a merchant gave: their normal form, and which of them may be called from here.

A shop's address is whatever somebody typed in, so that a call to it could be turned against this machine's own
network. A host is resolved once, every address of it is judged, and the connection goes to the very address that was
judged (`connectors/guarded.py`). RFC 6890 and its registries say which addresses lie on the open internet.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, quote, urlsplit

import idna

from connectors.errors import ConnectorError

LONGEST = 2000
PORTS = {"http": 80, "https": 443}
# Below it are mail, databases' old ports, file servers and the like; no shop is served from there.
FIRST_FREE_PORT = 1024

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_INNER_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain")

Resolve = Callable[[str, int], Sequence[str]]


class BadAddress(ConnectorError):
    """What was given is no address of a shop, or none that may be called. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: the host as it names itself, and the addresses that it was found to have, all judged."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]


def normal(text: str) -> str:
    """A site's address in the one form that we keep: https://shop.example, https://xn--bcher-kva.example:8443/store.

    Without a scheme it is taken for https. Raises BadAddress with a sentence.
    """
    given = text.strip()
    if not given:
        raise BadAddress("Enter the address of your shop, such as https://shop.example.")
    if len(given) > LONGEST:
        raise BadAddress("That is too long for the address of a shop.")
    if "://" not in given:
        given = f"https://{given.lstrip('/')}"
    parts = _parts(given)
    host, port = _host(parts), _port(parts)
    shown = f"[{host}]" if ":" in host else host
    place = shown if port == PORTS[parts.scheme] else f"{shown}:{port}"
    return f"{parts.scheme}://{place}{_path(parts.path)}"


def judged(url: str, *, allow_loopback: bool, resolve: Resolve | None = None) -> Target:
    """Where a call to this address goes, once it is found to lie on the open internet. Raises BadAddress.

    allow_loopback: also this very machine, for development. resolve: the addresses of a host.
    """
    parts = _parts(url)
    host, port = _host(parts), _port(parts)
    if not allow_loopback and _is_inner_name(host):
        raise BadAddress(f"{host} is a name inside a private network. Give the address that shoppers use.")
    try:
        found = [str(ip_address(host))]
    except ValueError:
        found = list((resolve or _resolved)(host, port))
    if not found:
        raise BadAddress(f"{host} could not be found. Check the address for a slip of the pen.")
    for each in found:
        if not is_open(each, allow_loopback=allow_loopback):
            raise BadAddress(f"{host} lies in a private network, which can't be reached from here.")
    return Target(parts.scheme, host, port, tuple(found))


def is_open(address: str, *, allow_loopback: bool = False) -> bool:
    """Whether an IP address lies on the open internet, also where it is wrapped into another one."""
    try:
        told = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if "%" in address:
        return False
    if allow_loopback and _unwrapped(told).is_loopback:
        return True
    inner = _unwrapped(told)
    return _is_global(inner) and (inner is told or not told.is_multicast)


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one carries (mapped, compatible, 6to4, Teredo, NAT64), or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        # A tunnel's both ends count; a shop is never served through one.
        return IPv4Address(0)
    if any(address in each for each in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback:
        return False
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not address.is_link_local and not address.is_private


def _parts(url: str) -> SplitResult:
    if any(ord(each) <= ord(" ") or each in '\\"<>^`{|}\x7f' for each in url):
        raise BadAddress("The address holds characters that no address has, such as a space.")
    try:
        parts = urlsplit(url)
        password = parts.username is not None or parts.password is not None
    except ValueError:
        raise BadAddress("That is no address. It should look like https://shop.example.") from None
    if parts.scheme not in PORTS:
        raise BadAddress("The address has to begin with https:// or http://.")
    if password or "@" in parts.netloc:
        raise BadAddress("Leave the user name and the password out of the address.")
    return parts


def _host(parts: SplitResult) -> str:
    told = (parts.hostname or "").rstrip(".")
    if not told:
        raise BadAddress("The address names no host. It should look like https://shop.example.")
    if ":" in told:
        try:
            return str(ip_address(told))
        except ValueError:
            raise BadAddress("That is no IPv6 address.") from None
    try:
        host = told.lower() if told.isascii() else idna.encode(told, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise BadAddress(f"{told[:100]!r} is no name of a host.") from None
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(each) for each in labels):
        raise BadAddress(f"{told[:100]!r} is no name of a host.")
    if _NUMBER.fullmatch(labels[-1]):
        _plain_number(host)
    return host


def _plain_number(host: str) -> None:
    """Four plain numbers: not the forms that some programs read as such (one number, octal, hexadecimal)."""
    try:
        IPv4Address(host)
    except ValueError:
        raise BadAddress(f"{host[:100]!r} is no name of a host, nor four numbers with dots.") from None


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        raise BadAddress("The port in the address is no number that a port has.") from None
    if port is None:
        return PORTS[parts.scheme]
    if port not in PORTS.values() and port < FIRST_FREE_PORT:
        raise BadAddress(f"No shop is called at port {port}. Leave the port out, or give the one that shoppers use.")
    return port


def _path(path: str) -> str:
    if ".." in path.split("/"):
        raise BadAddress("The address has '..' in it. Give the address of the shop's front page.")
    pieces = [each for each in path.split("/") if each not in {"", "."}]
    while pieces and pieces[-1].lower() in _OWN_PAGES:
        pieces.pop()
    if "wp-admin" in pieces or "wp-json" in pieces:
        pieces = pieces[: min(pieces.index(each) for each in ("wp-admin", "wp-json") if each in pieces)]
    return "".join(f"/{quote(each, safe=_KEPT_AS_IT_IS)}" for each in pieces)


_KEPT_AS_IT_IS = "%:@!$&'()*+,;=-._~"
# What people paste with the address of their shop.
_OWN_PAGES = frozenset({"wp-admin", "wp-login.php", "wp-json", "index.php"})


def _is_inner_name(host: str) -> bool:
    alone = "." not in host and ":" not in host
    return alone or any(host.endswith(f".{each}") for each in _INNER_NAMES)


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in found))
