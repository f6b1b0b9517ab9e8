"""Duties to customers and to shops that leave: noted when the platform passes them on, and served within their time."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connectors.records import CustomerDataRequest, EraseCustomer, EraseShop
from integration.services import access
from integration.storage import order_writes as orders
from integration.storage import privacy_writes as store
from integration.storage.privacy import Duty

log = logging.getLogger(__name__)

TIME_TO_SERVE = timedelta(days=30)
SHOP = "shop"


def note_question(connection: Connection, shop_id: int, question: CustomerDataRequest, now: datetime) -> None:
    """A customer wants to know what is kept of them: to be answered to the shop's owner."""
    store.note(
        connection,
        shop_id,
        Duty.TELL,
        question.request,
        customer=question.external_id,
        orders=list(question.orders),
        received_at=now,
        due_at=question.version + TIME_TO_SERVE,
    )


def erase_customer(connection: Connection, shop_id: int, change: EraseCustomer, now: datetime) -> None:
    """Forget a customer in every table at once; the models that learnt from them have to be fitted anew."""
    store.erase(connection, shop_id, change.external_id, change.orders)
    if change.external_id:
        orders.erase_customer(connection, shop_id, change.external_id, change.version)
    numbers = [each for each in (change.external_id, *change.orders) if each]
    store.strip_deliveries(connection, shop_id, numbers, "its customer was erased")
    name = f"customer/{change.external_id}" if change.external_id else f"orders/{','.join(change.orders)[:240]}"
    store.note(
        connection,
        shop_id,
        Duty.ERASE,
        name,
        customer=change.external_id,
        received_at=now,
        due_at=change.version + TIME_TO_SERVE,
        models_since=now,
    )


def note_erasure_of_shop(connection: Connection, shop_id: int, change: EraseShop, now: datetime) -> None:
    """A shop that left is to be forgotten, unless it came back since."""
    if not access.forget(connection, shop_id, change.version):
        log.info("shop %s: not erased, for it installed the app again", shop_id)
        return
    due_at = change.version + TIME_TO_SERVE
    store.note(connection, shop_id, Duty.ERASE, SHOP, received_at=now, due_at=due_at, models_since=now)
