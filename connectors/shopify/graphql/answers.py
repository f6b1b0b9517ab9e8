"""What an answer says: data of a shape that the caller names, or the error that it amounts to."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from connectors.errors import AccessLost, PlatformError
from connectors.shopify.api import PLATFORM
from connectors.shopify.graphql.cost import Cost
from connectors.shopify.graphql.documents import Document
from connectors.shopify.graphql.errors import ScopeMissing, ShopUnavailable, UserError, UserErrors
from connectors.shopify.graphql.transport import HttpAnswer, Unanswered

T = TypeVar("T")

RETRIED_CODES = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT"})
LOST_STATUSES = frozenset({401, 403})
SAID_LENGTH = 300


class _Details(msgspec.Struct, frozen=True, rename="camel"):
    code: str | None = None
    required_access: str | None = None


class GraphqlError(msgspec.Struct, frozen=True):
    """One of an answer's errors."""

    message: str = ""
    extensions: _Details | None = None

    @property
    def code(self) -> str:
        """Such as "THROTTLED"; "" where it has none."""
        return (self.extensions and self.extensions.code) or ""

    @property
    def required_access(self) -> str:
        """What the merchant would have to grant, in Shopify's words; "" where nothing is said of that."""
        return (self.extensions and self.extensions.required_access) or ""


class SearchWarning(msgspec.Struct, frozen=True):
    """What Shopify passed over in a search: it finds too much then, and says so nowhere else."""

    field: str | None = None
    message: str = ""


class _Search(msgspec.Struct, frozen=True):
    query: str = ""
    warnings: tuple[SearchWarning, ...] = ()


class Extensions(msgspec.Struct, frozen=True):
    """What an answer says besides its data."""

    cost: Cost | None = None
    search: tuple[_Search, ...] | None = None


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    user_errors: tuple[UserError, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """An answer of HTTP 200. errors: a list, or what Shopify puts there where it did not get to the operation."""

    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: tuple[GraphqlError, ...] | str | dict[str, Any] | None = None
    extensions: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def codes(self) -> frozenset[str]:
        """The codes of its errors, such as {"THROTTLED"}."""
        return frozenset(each.code for each in self.errors) if isinstance(self.errors, tuple) else frozenset()


def read(body: bytes) -> Answer:
    """The answer in a body. Raises Unanswered where it is no JSON, or not that of a GraphQL answer."""
    try:
        return msgspec.json.decode(body, type=Answer)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Unanswered(f"what came is no GraphQL answer ({str(error)[:SAID_LENGTH]})", executed=True) from None


def extensions_of(answer: Answer) -> Extensions:
    """What an answer says besides its data; nothing where that can't be read, for the data is good all the same."""
    try:
        return msgspec.json.decode(answer.extensions, type=Extensions | None) or Extensions()
    except (msgspec.MsgspecError, RecursionError):
        return Extensions()


def data_of(document: Document, answer: Answer, shape: type[T]) -> T:
    """The data of an answer without errors, as `shape`. Raises PlatformError, UserErrors."""
    try:
        if document.is_mutation:
            _raise_user_errors(document, answer.data)
        return msgspec.json.decode(answer.data, type=shape)
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"{document.name}: the answer is not of the expected shape ({str(error)[:SAID_LENGTH]})"
        raise PlatformError(PLATFORM, message, retryable=False) from None


def _raise_user_errors(document: Document, data: msgspec.Raw) -> None:
    payloads = msgspec.json.decode(data, type=dict[str, _Payload | None] | None) or {}
    errors = [error for payload in payloads.values() if payload is not None for error in payload.user_errors]
    if errors:
        raise UserErrors(document.name, errors)


def refusal(document: Document, answer: Answer) -> PlatformError | None:
    """What an answer's errors amount to; None where it has none. Data beside errors is not used: parts of it lack."""
    if not answer.errors:
        return None
    if not isinstance(answer.errors, tuple):
        return PlatformError(PLATFORM, f"{document.name}: {str(answer.errors)[:SAID_LENGTH]}", retryable=False)
    for each in answer.errors:
        if each.code == "ACCESS_DENIED":
            return ScopeMissing(document.name, each.required_access or each.message[:SAID_LENGTH])
        if each.code == "SHOP_INACTIVE":
            return ShopUnavailable(f"{document.name}: the shop is not active")
    said = "; ".join(f"{each.code} {each.message[:SAID_LENGTH]}".strip() for each in answer.errors[:3])
    return PlatformError(PLATFORM, f"{document.name}: {said}", retryable=bool(answer.codes & RETRIED_CODES))


def is_shopifys(answer: HttpAnswer) -> bool:
    """Whether Shopify itself speaks, and no guard on the way: a page that keeps us out says nothing about a token."""
    try:
        return isinstance(msgspec.json.decode(answer.body), dict)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return answer.status == 401


def refusal_of_status(document: Document, answer: HttpAnswer) -> PlatformError:
    """What an HTTP status other than 200 amounts to."""
    status, name = answer.status, document.name
    if status in LOST_STATUSES:
        return AccessLost(PLATFORM, f"{name}: the shop no longer takes our token (HTTP {status})")
    if status in {402, 423}:
        return ShopUnavailable(f"{name}: the shop is frozen or locked (HTTP {status})")
    if status == 404:
        return PlatformError(PLATFORM, f"{name}: there is no such shop, or it has closed (HTTP 404)", retryable=False)
    if 300 <= status < 400:
        return PlatformError(PLATFORM, f"{name}: the shop sends us elsewhere (HTTP {status})", retryable=False)
    again = status in {408, 429} or status >= 500
    return PlatformError(PLATFORM, f"{name}: HTTP {status}", retryable=again)
