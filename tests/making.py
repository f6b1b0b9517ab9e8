"""Makers of what most tests need: a shop, its products, signed deliveries."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.direct import sign
from connectors.records import (
    Change,
    Current,
    InventoryLevel,
    InventoryPolicy,
    Money,
    Order,
    OrderLine,
    Product,
    Variant,
)
from integration.services.apply import apply
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.settings import Settings
from integration.storage.database import Database

SECRET = "a secret of the test's own"
START = datetime(2026, 11, 1, tzinfo=UTC)
_numbers = itertools.count(1)


def make_shop(database: Database, settings: Settings, key: str = "demo", **values: Any) -> int:
    """A shop of the direct connector."""
    return create_shop(
        database,
        Vault(settings.secret_keys),
        key=key,
        name=key.title(),
        platform="direct",
        external_id=key,
        webhook_secret=SECRET,
        **{"currency": "GBP", **values},
    )


def pounds(amount: str) -> Money:
    """Money in GBP."""
    return Money(Decimal(amount), "GBP")


def product(number: int, *, pieces: int | None = 10, **values: Any) -> list[Change]:
    """A product "p<number>" with one variant "v<number>"; pieces None: not tracked."""
    variant = Variant(
        f"v{number}",
        price=values.pop("price", pounds("9.90")),
        prices=values.pop("prices", {}),
        tracked=pieces is not None,
        policy=values.pop("policy", InventoryPolicy.DENY),
    )
    record = Product(
        f"p{number}",
        values.pop("title", f"Product {number}"),
        handle=f"product-{number}",
        published_at=START + timedelta(minutes=number),
        variants=(variant,),
        **values,
    )
    changes: list[Change] = [Current(record, START)]
    if pieces is not None:
        changes.append(level(number, pieces, START))
    return changes


def level(number: int, pieces: int, at: datetime, location: str = "shop") -> Change:
    """Stock of the one variant of a product."""
    return Current(InventoryLevel(f"v{number}", location, pieces), at)


def order(number: int, products: Sequence[int], *, customer: str = "", at: datetime | None = None) -> Change:
    """An order of one piece each."""
    lines = tuple(OrderLine(f"{number}-{each}", f"p{each}", f"v{each}", 1, pounds("9.90")) for each in products)
    when = at or START + timedelta(minutes=number)
    return Current(Order(f"o{number}", when, lines, "GBP", customer=customer), when)


def write(database: Database, shop_id: int, changes: Sequence[Change]) -> None:
    """Apply changes in one transaction."""
    with database.write() as connection:
        apply(connection, shop_id, changes)


def stock(database: Database, shop_id: int, numbers: Sequence[int], **values: Any) -> None:
    """Put products on the shelf."""
    write(database, shop_id, [change for number in numbers for change in product(number, **values)])


def delivery(topic: str, payload: Mapping[str, Any] | bytes, *, key: str = "", secret: str = SECRET) -> dict[str, Any]:
    """Arguments of a test client's `post` for a signed delivery."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {
        "X-Shelfwise-Topic": topic,
        "X-Shelfwise-Delivery-Id": key or f"delivery-{next(_numbers)}",
        "X-Shelfwise-Signature": sign(secret, body),
    }
    return {"data": body, "headers": headers}


def inventory(number: int, pieces: int, at: datetime, location: str = "shop") -> dict[str, Any]:
    """Body of an inventory delivery."""
    return {"inventory_item": f"v{number}", "location": location, "available": pieces, "updated_at": at.isoformat()}
