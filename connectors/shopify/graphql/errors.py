"""What Shopify's Admin API refuses, as errors that tell the caller what to do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM


class UserError(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that Shopify found wrong in what a mutation asked for. code, element_index: None where it says none."""

    message: str = ""
    field: tuple[str, ...] | None = None
    code: str | None = None
    element_index: int | None = None


class UserErrors(PlatformError):
    """A mutation was understood and not done, for reasons that Shopify gives: repeating it changes nothing."""

    def __init__(self, operation: str, errors: Sequence[UserError]) -> None:
        said = "; ".join(f"{each.code or 'error'}: {each.message}" for each in errors[:5])
        super().__init__(PLATFORM, f"{operation} was refused: {said}", retryable=False)
        self.operation = operation
        self.errors = tuple(errors)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all the errors, such as {"TAKEN"}."""
        return frozenset(each.code for each in self.errors if each.code)


class ScopeMissing(PlatformError):
    """The merchant has not granted what the operation needs. access: what that is, in Shopify's words."""

    def __init__(self, operation: str, access: str) -> None:
        message = f"{operation} needs access that this shop has not granted: {access}"
        super().__init__(PLATFORM, message, retryable=False)
        self.operation = operation
        self.access = access


class ShopUnavailable(PlatformError):
    """The shop is frozen, locked or closed: only its owner and Shopify can mend that. Try again days later."""

    def __init__(self, message: str) -> None:
        super().__init__(PLATFORM, message, retryable=False)
