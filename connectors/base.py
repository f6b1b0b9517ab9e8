"""What a connector is: the webhooks it understands, the sources it imports, and the delivery made of a webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectors.records import Change, Refetch


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook arrival whose signature was right.

    key: what a repeat of this delivery shares with it, and nothing else does.
    aggregate: what must be applied in order, such as "product/123"; empty where order does not matter.
    triggered_at: the platform's time of the event, None where it says none. body: no more than what is used of it.
    unreadable: "" or what is wrong with a body that is not worth sending again; it is kept without being applied.
    """

    platform: str
    topic: str
    key: str
    body: bytes
    aggregate: str = ""
    triggered_at: datetime | None = None
    unreadable: str = ""


class Webhooks(Protocol):
    """A platform's webhooks. All methods are pure: the same bytes give the same answer, and nothing is fetched."""

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivery:
        """The delivery of a signed webhook.

        headers: names in any case. secrets: the shop's valid secrets, newest first.
        Raises BadSignature, or BadDelivery where the signature is right and the rest is not.
        """

    def shop_of(self, headers: Mapping[str, str]) -> str:
        """The shop that the headers name, in any case of theirs; "" where the webhook's address names it.

        It is believed only once the signature is found right. Raises BadSignature where they should name one.
        """

    def changes(self, topic: str, body: bytes, at: datetime) -> Sequence[Change]:
        """What a kept delivery says. An unknown topic says nothing. Raises BadDelivery on a body that it can't read.

        at: the platform's time of the event, or of its arrival where none was told: the version of what has no other.
        """

    def outlives_shop(self, topic: str) -> bool:
        """Whether deliveries of this topic are taken after the shop has left, such as the duty to erase."""

    def is_stock(self, topic: str) -> bool:
        """Whether deliveries of this topic are applied before they are answered (they can empty a shelf)."""


@dataclass(slots=True)
class ImportReport:
    """What became of each row of a source. `read` is the sum of all the others.

    kept: what the rows became, such as {"order lines": 530104, "refund lines": 9000}.
    skipped: reason -> rows. notes: what a merchant should know besides.
    """

    source: str
    read: int = 0
    kept: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Contents(StrEnum):
    """What a merchant says that a source holds; AUTO: it is to be found out."""

    AUTO = "auto"
    ORDERS = "orders"
    PRODUCTS = "products"


def _unseen(_fraction: float, _rows: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """How a source is to be read.

    currency: of amounts that name none; "" where nobody knows. as_of: the time of which the source's state is where
    it says none itself; None lets the importer find it out (a file: when it was last changed). progress: is called
    while the source is checked, with the fraction that is done (0 to 1) and the rows read so far.
    """

    currency: str = ""
    contents: Contents = Contents.AUTO
    as_of: datetime | None = None
    progress: Callable[[float, int], None] = _unseen


class Import(Protocol):
    """One source, opened and checked to its last row: what is wrong with it was raised as BadFile on opening."""

    @property
    def rows(self) -> int:
        """How many rows there are to read, for the progress bar."""

    @property
    def contents(self) -> Contents:
        """Whether it is products or orders."""

    @property
    def currency(self) -> str:
        """The currency of its money, or "" where the source names none."""

    @property
    def report(self) -> ImportReport:
        """Grows while `changes` is consumed; complete at its end."""

    def changes(self) -> Iterator[Change]:
        """Every change of the source, to be consumed once. Products come before the orders that name them."""


class Importer(Protocol):
    """Opens what a merchant has: a file, an export, a whole shop."""

    def open(self, source: str, request: ImportRequest) -> Import:
        """Check the whole source and prepare to read it. Raises BadFile."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a platform gave us to call a shop with.

    expires_at: None for a token that lasts. refresh_token: renews it; "" where nothing does, or nothing has to.
    """

    token: str = field(repr=False)
    expires_at: datetime | None = None
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


def _unheard(_token: str) -> None:
    """A refused token that nobody notes down."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a connected shop is called.

    external_id: as the platform knows the shop. address: where its calls go, without a slash at the end.
    token: gives one that is valid now; raises AccessLost. wait: seconds, when the platform asks for patience.
    refused: is told a token that the platform did not take, before AccessLost is raised for it.
    allow_loopback: whether an address that a merchant gave may be on this very machine.
    """

    external_id: str
    address: str
    token: Callable[[], str]
    wait: Callable[[float], None]
    refused: Callable[[str], None] = _unheard
    allow_loopback: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a long reading. Once `changes` are stored, the reading can go on from `position` after a crash.

    read, expected: objects so far, and in all where that is known. A page without changes says that it is still going.
    """

    changes: Sequence[Change]
    position: str
    read: int
    expected: int | None = None


class Reader(Protocol):
    """Reads a connected shop: all of it, what changed in it, or single things. Raises PlatformError, AccessLost."""

    @property
    def kinds(self) -> Sequence[str]:
        """What there is to read, in the order in which it should be: such as ("products", "orders")."""

    def read(self, kind: str, *, position: str, since: datetime | None) -> Iterator[Page]:
        """All of a kind, or what changed since a time. position: "" from the start, or the last stored page's."""

    def fetch(self, wanted: Sequence[Refetch]) -> Sequence[Change]:
        """Single things as they now are; one that is gone is told as Removed."""


@dataclass(frozen=True, slots=True)
class Connector:
    """One platform. A part that is None is something that the platform doesn't do.

    shelf: the kinds of which the shelf is made. They are read whole and compared steadily, as a platform never tells
    of all that changed; other kinds are once a week.
    """

    platform: str
    webhooks: Webhooks | None = None
    importer: Importer | None = None
    reader: Callable[[Access], Reader] | None = None
    shelf: frozenset[str] = frozenset()
