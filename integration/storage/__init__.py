"""SQLAlchemy tables and stores, by subject. Importing this package makes all tables known to `Base.metadata`."""

from integration.storage import (
    access,
    behaviour,
    billing,
    catalogue,
    connecting,
    deliveries,
    feeds,
    models,
    orders,
    privacy,
    published_lists,
    readings,
    shops,
)
from integration.storage.base import Base

__all__ = [
    "Base",
    "access",
    "behaviour",
    "billing",
    "catalogue",
    "connecting",
    "deliveries",
    "feeds",
    "models",
    "orders",
    "privacy",
    "published_lists",
    "readings",
    "shops",
]
