"""How a call to a WooCommerce shop can fail, each with words that say what to do."""

from __future__ import annotations

from enum import StrEnum

from connectors.errors import AccessLost, PlatformError

PLATFORM = "woocommerce"


class Failure(StrEnum):
    """Kinds of failure, so that a page can show its own words for one."""

    BAD_ADDRESS = "bad address"
    NOT_FOUND = "not found"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    MOVED = "moved"
    MAINTENANCE = "maintenance"
    NOT_WORDPRESS = "not WordPress"
    NO_WOOCOMMERCE = "no WooCommerce"
    PERMALINKS = "permalinks"
    BLOCKED = "blocked"
    WRONG_KEYS = "wrong keys"
    READ_ONLY = "read-only keys"
    NOT_ALLOWED = "not allowed"
    NOT_JSON = "not JSON"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    BUSY = "busy"
    BROKEN = "broken"
    NO_ROUTE = "no route"
    NO_SUCH_THING = "no such thing"
    BAD_REQUEST = "bad request"


RETRYABLE = frozenset(
    {
        Failure.NOT_FOUND,
        Failure.UNREACHABLE,
        Failure.CERTIFICATE,
        Failure.TIMEOUT,
        Failure.MAINTENANCE,
        Failure.BLOCKED,
        Failure.NOT_JSON,
        Failure.BUSY,
        Failure.BROKEN,
        Failure.TOO_LARGE,
    }
)
# What fewer things a page may help against.
TOO_MUCH = frozenset({Failure.TIMEOUT, Failure.BROKEN, Failure.TOO_LARGE, Failure.NOT_JSON})


class ShopError(PlatformError):
    """A call that failed. after: seconds that the shop asked to be left alone, 0 where it did not say.

    moved_to: the address that it redirects to, "" where it does not. code: WordPress's own name of the error.
    executed: whether the shop may have done what was asked.
    """

    def __init__(
        self,
        failure: Failure,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        after: float = 0.0,
        moved_to: str = "",
        executed: bool = False,
    ) -> None:
        super().__init__(PLATFORM, message, retryable=failure in RETRYABLE)
        self.failure, self.sentence, self.status, self.code = failure, message, status, code
        self.after, self.moved_to, self.executed = after, moved_to, executed


class KeysRefused(AccessLost):
    """The shop does not take the keys any more: the merchant revoked them, or they never were right."""

    failure = Failure.WRONG_KEYS

    def __init__(self, message: str) -> None:
        super().__init__(PLATFORM, message)
        self.sentence = message
