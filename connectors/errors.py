"""What can go wrong between a platform and us."""

from __future__ import annotations

from collections.abc import Iterable


class ConnectorError(Exception):
    """A platform sent or asked for something that can't be served."""


class UnknownPlatform(ConnectorError):
    """No connector has this name."""

    def __init__(self, platform: str, *, known: Iterable[str]) -> None:
        super().__init__(f"no connector is called {platform!r}; known: {', '.join(sorted(known))}")


class BadSignature(ConnectorError):
    """The delivery was not signed with a secret of this shop. Nothing of it may be kept."""


class Ping(BadSignature):
    """An unsigned trial of the address by the platform: it says nothing, and wants no more than an answer."""


class BadDelivery(ConnectorError):
    """A signed delivery whose headers or body can't be read. The sender should not send it again as it is."""


class BadFile(ConnectorError):
    """A file that can't be imported. The message names the column or the row; nothing was imported."""


class PlatformError(ConnectorError):
    """A platform refused or failed. `retryable`: the same call may work later; `sentence`: why, without its name."""

    def __init__(self, platform: str, message: str, *, retryable: bool) -> None:
        super().__init__(f"{platform}: {message}")
        self.platform = platform
        self.retryable = retryable
        self.sentence = message


class AccessLost(PlatformError):
    """The platform no longer takes the shop's token: only the merchant can mend that, by opening the app."""

    def __init__(self, platform: str, message: str) -> None:
        super().__init__(platform, message, retryable=False)
