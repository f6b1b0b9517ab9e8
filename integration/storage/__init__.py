"""SQLAlchemy tables and stores, by subject. Importing this package makes all tables known to `Base.metadata`."""

from integration.storage import behaviour, catalogue, deliveries, models, orders, shops
from integration.storage.base import Base

__all__ = ["Base", "behaviour", "catalogue", "deliveries", "models", "orders", "shops"]
