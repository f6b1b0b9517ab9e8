"""A shop leaves: its webhooks and its plugin's link are taken away, then its keys; later all is forgotten.

And a shop moves to another address. Both are asked for at once and done by the shop's set-up, since they call the shop.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from connectors.errors import AccessLost, PlatformError
from connectors.records import EraseShop
from connectors.woocommerce.client import PLUGIN, Shop
from connectors.woocommerce.failures import PLATFORM, Failure, ShopError
from connectors.woocommerce.subscriptions import remove
from integration.services import access, privacy
from integration.services.set_up import Work, change_details, details_of
from integration.services.woocommerce import connect
from integration.services.woocommerce.connected import Linked
from integration.storage.access_writes import CONNECTION, SHOP, TOKEN
from integration.storage.base import from_micros, to_micros
from integration.storage.database import Database

log = logging.getLogger(__name__)

# How long the data of a shop that has left are kept, so that it can come back as it was.
KEPT = timedelta(days=30)
# A shop that can't be reached is tried so often, some minutes apart; then it is left as it is.
TRIES = 3


def ask_to_leave(database: Database, shop_id: int, at: datetime, now: datetime) -> bool:
    """Have a shop leave. at: what the word says of its own time, by the shop's clock.

    False where the same word, or an older one, was heeded before: a repeat must not end the connection made since.
    """
    with database.write() as connection:
        if details_of(connection, shop_id).get("last_leaving", 0) >= to_micros(at):
            return False
        mine = (TOKEN.c.shop_id == shop_id) & (TOKEN.c.platform == PLATFORM)
        granted = connection.execute(select(TOKEN.c.granted_at).where(mine)).scalar()
        # What was granted until now goes: two of our own machines may tell the time a little differently.
        change_details(
            connection, shop_id, leaving=to_micros(max(now, granted or now)), last_leaving=to_micros(at), failures=0
        )
        connection.execute(update(CONNECTION).where(CONNECTION.c.shop_id == shop_id).values(set_up_at=now))
    return True


def leave(work: Work, shop: Linked) -> None:
    """Take away what the app has in the shop, then its keys. Raises PlatformError where it is worth trying again."""
    try:
        _take_down(work, shop)
    except AccessLost as error:
        log.info("shop %s leaves, and takes its keys no more: %s", shop.shop_id, error)
    except PlatformError as error:
        if shop.details.get("failures", 0) + 1 < TRIES:
            raise
        log.warning("shop %s leaves with its webhooks in place: %s", shop.shop_id, error)
    now = work.clock()
    with work.database.write() as connection:
        if access.forget(connection, shop.shop_id, from_micros(shop.details["leaving"])):
            values = {"set_up_at": now + KEPT}
            connection.execute(update(CONNECTION).where(CONNECTION.c.shop_id == shop.shop_id).values(values))
        change_details(connection, shop.shop_id, leaving=None, webhooks=None, link=None, plugin=None)


def forget(work: Work, shop: Linked) -> None:
    """The time for coming back is over: the shop's data are to be erased."""
    now = work.clock()
    if shop.left_at is None or shop.left_at > now - KEPT:
        return
    with work.database.write() as connection:
        privacy.note_erasure_of_shop(connection, shop.shop_id, EraseShop(version=now), now)
        connection.execute(update(CONNECTION).where(CONNECTION.c.shop_id == shop.shop_id).values(set_up_at=None))


def ask_to_move(database: Database, shop_id: int, site: str, now: datetime) -> None:
    """Have a shop called at another address from now on, once its keys are found to do there."""
    with database.write() as connection:
        change_details(connection, shop_id, moving_to=site, failures=0)
        connection.execute(update(CONNECTION).where(CONNECTION.c.shop_id == shop_id).values(set_up_at=now))


def move(work: Work, shop: Linked) -> None:
    """Call a shop at its new address. Raises PlatformError where its keys do not do there."""
    site = shop.details["moving_to"]
    keys = access.access_to(work.database, work.vault, work.settings, shop.shop_id).token()
    connect.try_keys(work.settings, site, keys)
    try:
        with work.database.write() as connection:
            here = CONNECTION.c.shop_id == shop.shop_id
            connection.execute(update(CONNECTION).where(here).values(external_id=site))
            connection.execute(update(SHOP).where(SHOP.c.id == shop.shop_id).values(storefront_url=site))
            change_details(connection, shop.shop_id, moving_to=None, link=None)
    except IntegrityError:
        words = f"Another shop is connected under {site} already: disconnect that one first."
        raise ShopError(Failure.BAD_ADDRESS, words) from None


def _take_down(work: Work, shop: Linked) -> None:
    caller = Shop(access.access_to(work.database, work.vault, work.settings, shop.shop_id), bounds=connect.PATIENCE)
    try:
        remove(caller, address_of(work.settings.public_url, shop.key))
        caller.delete(f"{PLUGIN}/link")
    except ShopError as error:
        if error.failure is not Failure.NO_ROUTE:
            raise
    finally:
        caller.close()


def address_of(public_url: str, key: str) -> str:
    """Where a shop's webhooks come to."""
    return f"{public_url.rstrip('/')}/webhooks/{PLATFORM}/{key}"
