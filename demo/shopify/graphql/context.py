"""What a resolver knows, and how it is registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from demo.shopify.graphql.connections import Connection, page
from demo.shopify.state import PlayedShop

if TYPE_CHECKING:
    from demo.shopify.platform import Platform

# Protected customer data of level 2: an app that was not granted it gets null.
LEVEL_2 = frozenset(
    {
        *(("Customer", name) for name in ("firstName", "lastName", "email", "phone", "defaultEmailAddress")),
        *(("Customer", name) for name in ("defaultPhoneNumber", "displayName", "defaultAddress", "image")),
        *(("Order", name) for name in ("email", "phone", "clientIp", "billingAddress", "customerJourneySummary")),
        *(("MailingAddress", name) for name in ("firstName", "lastName", "name", "address1", "address2", "phone")),
        *(("MailingAddress", name) for name in ("company", "latitude", "longitude", "zip")),
    }
)


@dataclass(frozen=True, slots=True)
class Context:
    """One call. scopes: what the shop has granted, with what they imply. everything: pages don't count (bulk)."""

    shop: PlayedShop
    platform: Platform
    scopes: frozenset[str]
    everything: bool = False
    denied: dict[tuple[str, str], bool] = field(default_factory=dict)

    def address(self, path: str) -> str:
        """A public address in the shop."""
        return self.shop.address + path


@dataclass(frozen=True, slots=True)
class As:
    """A thing as something else that it also is: a variant as its inventory item."""

    type_name: str
    thing: Any


Resolver = Callable[[Context, Any, Mapping[str, Any]], Any]

FIELDS: dict[tuple[str, str], Resolver] = {}


def field_of(*paths: str) -> Callable[[Resolver], Resolver]:
    """Register a resolver for fields, such as "Product.title"."""

    def register(resolver: Resolver) -> Resolver:
        for path in paths:
            type_name, _, name = path.partition(".")
            FIELDS[type_name, name] = resolver
        return resolver

    return register


def plain(type_name: str, **attributes: str) -> None:
    """Register fields that are attributes of the thing: GraphQL's name -> ours."""
    for name, attribute in attributes.items():
        FIELDS[type_name, name] = _getter(attribute)


def _getter(attribute: str) -> Resolver:
    def get(_context: Context, thing: Any, _args: Mapping[str, Any]) -> Any:
        value = getattr(thing, attribute)
        return time(value) if isinstance(value, datetime) else value

    return get


def paged(context: Context, things: Sequence[Any], args: Mapping[str, Any]) -> Connection:
    """The page of things that is asked for, in the order in which they are."""
    return page(things, args, everything=context.everything)


def time(value: datetime | None) -> str | None:
    """A time as Shopify writes it: whole seconds of UTC."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def money(amount: Decimal | None) -> str | None:
    """An amount as Shopify writes it."""
    return None if amount is None else f"{amount:.2f}"


def money_v2(amount: Decimal, currency: str) -> dict[str, str]:
    """A MoneyV2. Its amounts keep one decimal where one is enough, unlike those of Money."""
    whole, _, cents = f"{amount:.2f}".partition(".")
    return {"amount": f"{whole}.{cents.rstrip('0') or '0'}", "currencyCode": currency}


def bag(amount: Decimal, currency: str) -> dict[str, Any]:
    """A MoneyBag of one currency."""
    value = money_v2(amount, currency)
    return {"shopMoney": value, "presentmentMoney": value}
