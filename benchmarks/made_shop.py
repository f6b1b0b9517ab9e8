"""A made-up shop in a store of its own, stocked, connected and trained, for benchmarks of the serving side."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.fernet import Fernet

from benchmarks.synthetic import fill_store, make_history
from integration.services.secrets import Vault
from integration.services.shops import CONNECTION, SHOP
from integration.services.training import train
from integration.settings import Settings
from integration.storage.database import Database

PIECES = 20


@dataclass(frozen=True, slots=True)
class MadeShop:
    """The shop. Product "p<n>" has one variant and inventory item "v<n>", for n from 0 to items - 1."""

    settings: Settings
    key: str
    secret: str
    items: int
    shop_id: int
    data: str

    @property
    def products(self) -> list[str]:
        """External ids of the products."""
        return [f"p{number}" for number in range(self.items)]

    @property
    def inventory_items(self) -> list[str]:
        """Their inventory items."""
        return [f"v{number}" for number in range(self.items)]


@contextmanager
def made_shop(*, users: int, items: int, lines: int, seed: int, web_processes: int) -> Iterator[MadeShop]:
    """Make the shop on SQLite in a temporary folder and train its model."""
    secret = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environ(
            {
                "SHELFWISE_DATA_DIR": folder,
                "SHELFWISE_REDIS_URL": f"unix://{Path(folder) / 'none.sock'}",
                "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
                "SHELFWISE_WEB_PROCESSES": str(web_processes),
            }
        )
        database = Database(settings.database_url)
        shop_id = fill_store(database, make_history(users, items, lines, seed))
        key = _stock_and_connect(database, settings, shop_id, secret)
        train(database, settings, shop_id, trigger="benchmark")
        database.close()
        data = f"synthetic, {items:,} items, trained on {lines:,} lines of {users:,} users"
        yield MadeShop(settings, key, secret, items, shop_id, data)


def _stock_and_connect(database: Database, settings: Settings, shop_id: int, secret: str) -> str:
    variants = sa.text(
        "INSERT INTO variant (shop_id, product_id, external_id, title, sku, price, currency, prices, options,"
        " inventory_item, tracked, policy, position, source_version)"
        " SELECT shop_id, id, 'v' || (id - 1), '', '', '9.90', 'GBP', '{}', '{}', 'v' || (id - 1), 1, 'deny', 0, 0"
        " FROM product WHERE shop_id = :shop_id"
    )
    levels = sa.text(
        "INSERT INTO inventory_level (shop_id, inventory_item, location, available, sells_online, source_version)"
        " SELECT shop_id, 'v' || (id - 1), 'shop', :pieces, 1, 0 FROM product WHERE shop_id = :shop_id"
    )
    with database.write() as connection:
        connection.execute(variants, {"shop_id": shop_id})
        connection.execute(levels, {"shop_id": shop_id, "pieces": PIECES})
        key: str = connection.execute(sa.select(SHOP.c.key).where(SHOP.c.id == shop_id)).scalar_one()
        connection.execute(
            CONNECTION.insert().values(
                shop_id=shop_id,
                platform="direct",
                external_id=key,
                webhook_secret=Vault(settings.secret_keys).seal(secret),
                created_at=datetime.now(UTC),
            )
        )
    return key
