"""Attempts of merchants to connect a shop that they are asked to name, from the address to the tested keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from integration.storage.base import Base, Id, Json


class ConnectAttempt(Base):
    """One attempt. token_hash: of the word that the shop hands back with its keys; of no use once they came.

    browser_hash: of the browser's cookie, which alone sees how it goes on. asker: a hash of where it came from, to
    count by. return_to: a page of the shop's own admin. api_keys: encrypted, until they are tested; keys_hash: to know
    them again. done: the tests that were passed. checking_until: the process that tests has until then. failure: of
    what kind, "" while there is none; reason: in what words. shop_id: the shop that came of it.
    """

    __tablename__ = "connect_attempt"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    site: Mapped[str] = mapped_column(String(255), index=True)
    return_to: Mapped[str] = mapped_column(Text, default="")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    asker: Mapped[str] = mapped_column(String(64))
    api_keys: Mapped[bytes | None] = mapped_column(LargeBinary)
    keys_hash: Mapped[str] = mapped_column(String(64), default="")
    keys_at: Mapped[datetime | None]
    checking_until: Mapped[datetime | None]
    done: Mapped[list[Any]] = mapped_column(Json, default=list)
    failure: Mapped[str] = mapped_column(String(32), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    shop_id: Mapped[int | None] = mapped_column(Id, ForeignKey("shop.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
