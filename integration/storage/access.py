"""What lets us call a shop's platform: tokens, encrypted, with their times."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, OfShop


class AccessToken(OfShop, Base):
    """A shop's token for one platform, and the one that renews it.

    expires_at: None for a token that lasts. granted_at: the merchant last opened the app for it. refreshing_until:
    somebody renews it, and has until then. renew_at: when it is renewed though nobody asked for it; None: never.
    lost_at: the platform took it no longer; the merchant has to open the app.
    """

    __tablename__ = "access_token"
    __table_args__ = (UniqueConstraint("shop_id", "platform"),)

    platform: Mapped[str] = mapped_column(String(64))
    token: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None]
    refresh_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    refresh_expires_at: Mapped[datetime | None]
    scopes: Mapped[str] = mapped_column(Text, default="")
    scopes_at: Mapped[datetime]
    granted_at: Mapped[datetime]
    renew_at: Mapped[datetime | None]
    refreshing_until: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
