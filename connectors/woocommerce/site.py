"""What stands at an address: WordPress with WooCommerce, or what is in the way. Nothing secret is sent there."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from connectors import addresses
from connectors.addresses import BadAddress
from connectors.guarded import USUAL, Answer, Bounds, Caller, Unanswered
from connectors.woocommerce import answers
from connectors.woocommerce.client import API, PLUGIN
from connectors.woocommerce.failures import Failure, ShopError

INDEX: dict[str, str] = {"Accept": "application/json"}
_MAINTENANCE = (b"maintenance", b"briefly unavailable")


@dataclass(frozen=True, slots=True)
class Site:
    """A shop that answers. address: its own word for its home, in normal form; plugin: whether ours is installed.

    timezone: such as "Europe/Berlin", "" where only an offset is set.
    """

    address: str
    name: str
    plugin: bool
    timezone: str = ""

    @property
    def is_secure(self) -> bool:
        """Whether it is called over TLS."""
        return self.address.startswith("https:")


class _Index(msgspec.Struct, frozen=True):
    namespaces: list[str]
    name: object = ""
    home: object = ""
    url: object = ""
    timezone_string: object = ""


def look(address: str, *, allow_loopback: bool = False, bounds: Bounds = USUAL) -> Site:
    """The shop at an address that somebody gave. Raises ShopError: MOVED with `moved_to` where it sends us on."""
    try:
        home = addresses.normal(address)
    except BadAddress as error:
        raise ShopError(Failure.BAD_ADDRESS, str(error)) from None
    caller = Caller(allow_loopback=allow_loopback, bounds=bounds)
    try:
        index = _index(caller, home)
    except Unanswered as error:
        raise answers.unreached(error) from None
    finally:
        caller.close()
    if API not in index.namespaces:
        words = "This is WordPress, and WooCommerce is not active on it. Install and activate WooCommerce 9 or newer."
        raise ShopError(Failure.NO_WOOCOMMERCE, words)
    _same_place(index, home)
    return Site(home, _text(index.name), PLUGIN in index.namespaces, _text(index.timezone_string))


def _index(caller: Caller, home: str) -> _Index:
    answer = caller.follow(f"{home}/wp-json/", headers=INDEX)
    found = _read(answer)
    if found is not None:
        there = answer.url.partition("?")[0].rstrip("/").removesuffix("/wp-json")
        if not _is_same(there, home):
            raise _moved(there)
        return found
    failure = answers.failure_of(answer, "GET")
    if failure is not None and failure.failure not in {Failure.PERMALINKS, Failure.NO_ROUTE, Failure.NO_SUCH_THING}:
        raise failure
    if _read(caller.follow(f"{home}/?rest_route=/", headers=INDEX)) is not None:
        words = "Permalinks are off. Choose any structure but 'Plain' in Settings > Permalinks, save, and try again."
        raise ShopError(Failure.PERMALINKS, words, status=answer.status)
    raise _no_wordpress(caller.follow(f"{home}/"))


def _read(answer: Answer) -> _Index | None:
    if answer.status != 200:
        return None
    try:
        return msgspec.json.decode(answers.json_of(answer), type=_Index)
    except (ShopError, msgspec.MsgspecError, RecursionError):
        return None


def _no_wordpress(page: Answer) -> ShopError:
    """What a front page looks like behind which no REST API was found."""
    body = page.body[:200_000].lower()
    if page.status == 503 or (page.status == 200 and any(each in body[:20_000] for each in _MAINTENANCE)):
        words = "The shop is in maintenance mode. Connect it once it is open again."
        return ShopError(Failure.MAINTENANCE, words, status=page.status)
    if b"/wp-content/" in body or b"/wp-includes/" in body or "api.w.org" in page.headers.get("link", ""):
        words = (
            "This is WordPress, and its REST API does not answer. Save Settings > Permalinks once more, and allow "
            "/wp-json/ in plugins that guard the site."
        )
        return ShopError(Failure.BLOCKED, words, status=page.status)
    words = (
        "No WordPress was found at this address. Give the address of the shop's front page; if WordPress lies in a "
        "folder, with that folder, such as https://shop.example/store."
    )
    return ShopError(Failure.NOT_WORDPRESS, words, status=page.status)


def _same_place(index: _Index, home: str) -> None:
    """That the shop goes by the address that was given: what it links to and signs with is its own word for it."""
    own = _text(index.home)
    if not own:
        return
    try:
        told = addresses.normal(own)
    except BadAddress:
        return
    if not _is_same(told, home):
        raise _moved(told)


def _is_same(one: str, other: str) -> bool:
    """A proxy may speak TLS for a WordPress that calls itself http: that much may differ."""
    return one.partition("://")[2].rstrip("/").lower() == other.partition("://")[2].rstrip("/").lower() and not (
        one.startswith("https:") and other.startswith("http:")
    )


def _moved(there: str) -> ShopError:
    try:
        there = addresses.normal(there)
    except BadAddress:
        there = ""
    words = f"The shop's own address is {there}. Connect it by that." if there else "The shop redirects to nowhere."
    return ShopError(Failure.MOVED, words, moved_to=there)


def _text(given: object) -> str:
    return given.strip()[:200] if isinstance(given, str) else ""
