"""Attempts to connect a shop: begun by a browser, brought on by the keys that the shop sends, told on that browser.

The shop's callback is unsigned and does not say which shop it is from: an unguessable word that we gave along is all
that it is known by. The word is good for one set of keys and for half an hour; the store holds only its hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from integration.services.secrets import Vault
from integration.settings import Settings
from integration.storage.connecting import ConnectAttempt
from integration.storage.database import Database
from integration.storage.upsert import table_of

ATTEMPT = table_of(ConnectAttempt)

# Where WordPress says from where it calls: "WordPress/7.0.4; https://shop.example".
_ADDRESS = re.compile(r"https?://(\[[0-9a-fA-F:.]{2,60}\]|[^\s/:?#;]{1,255})")

LIFE = timedelta(minutes=30)
KEPT = timedelta(days=1)
# Longer than all tests of a slow shop take; after it, a process that vanished is replaced.
LEASE = timedelta(minutes=4)
# So many addresses are looked at for one shop, and for one asker, in this time; behind a proxy all askers may be one.
WINDOW = timedelta(minutes=10)
MOST_OF_SITE = 20
MOST_OF_ASKER = 100


class TooManyAttempts(Exception):
    """Somebody tries too often."""


class UnknownToken(Exception):
    """Keys came with a word that was never given, is too old, or brought other keys before."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt, with the word that the shop is to hand back."""

    attempt_id: int
    token: str


def begin(database: Database, *, site: str, return_to: str, browser: str, asker: str, now: datetime) -> Begun:
    """Begin an attempt at a site in normal form. browser: its secret. Raises TooManyAttempts."""
    token = secrets.token_urlsafe(32)
    row = {
        "site": site,
        "return_to": return_to,
        "token_hash": hashed(token),
        "browser_hash": hashed(browser),
        "asker": hashed(asker),
        "keys_hash": "",
        "done": [],
        "failure": "",
        "reason": "",
        "started_at": now,
        "expires_at": now + LIFE,
    }
    with database.across_shops().write() as connection:
        _not_too_often(connection, row, now)
        made = connection.execute(ATTEMPT.insert().values(row).returning(ATTEMPT.c.id)).scalar_one()
    return Begun(int(made), token)


def settle(database: Database, attempt_id: int, *, site: str, return_to: str) -> None:
    """Note the address that the site goes by, once it was looked at."""
    with database.across_shops().write() as connection:
        change(connection, attempt_id, site=site, return_to=return_to)


def keys_came(database: Database, vault: Vault, token: str, keys: str, now: datetime, *, agent: str = "") -> int:
    """Keep the keys that came with a word until they are tested; the same ones again change nothing.

    keys: "ck_...:cs_...". agent: the User-Agent that they came with, in which WordPress names its address. Keys of
    another site are not tried at the attempt's: whoever began it there would be handed what somebody else agreed to.
    Returns the attempt. Raises UnknownToken.
    """
    with database.across_shops().write() as connection:
        here = ATTEMPT.c.token_hash == hashed(token)
        site = connection.execute(select(ATTEMPT.c.site).where(here)).scalar()
        if site is not None and not _may_speak_for(agent, site):
            raise UnknownToken(f"these keys come from another shop than {site}")
        first = here & (ATTEMPT.c.keys_hash == "") & (ATTEMPT.c.expires_at > now)
        values = {"api_keys": vault.seal(keys), "keys_hash": hashed(keys), "keys_at": now}
        connection.execute(update(ATTEMPT).where(first).values(values))
        row = connection.execute(select(ATTEMPT.c.id, ATTEMPT.c.keys_hash, ATTEMPT.c.expires_at).where(here)).first()
    if row is None or row.expires_at <= now or row.keys_hash != hashed(keys):
        raise UnknownToken("no attempt to connect a shop waits for these keys: begin again from the shop's admin")
    return int(row.id)


def _may_speak_for(agent: str, site: str) -> bool:
    """Whether a User-Agent names the site's host, or none at all, as where a plugin hides it."""
    named = _ADDRESS.search(agent)
    return named is None or named[1].lower().strip("[]").removeprefix("www.") == (
        urlsplit(site).hostname or ""
    ).removeprefix("www.")


def by_token(database: Database, token: str, browser: str) -> Row[Any] | None:
    """The attempt that this word was given to, for the browser that began it."""
    return _one(database, ATTEMPT.c.token_hash == hashed(token), browser)


def by_number(database: Database, attempt_id: int, browser: str) -> Row[Any] | None:
    """The attempt with this number, for the browser that began it."""
    return _one(database, ATTEMPT.c.id == attempt_id, browser)


def due(database: Database, _settings: Settings, now: datetime) -> list[int]:
    """The attempts whose keys wait to be tested. Those of which the time is over are forgotten, with their keys."""
    old = ATTEMPT.c.started_at < now - KEPT
    with database.across_shops().read() as connection:
        waiting = list(connection.scalars(select(ATTEMPT.c.id).where(_waits(now), ~old).order_by(ATTEMPT.c.keys_at)))
        over = connection.execute(select(ATTEMPT.c.id).where(old).limit(1)).first()
    if over is not None:
        with database.across_shops().write() as connection:
            connection.execute(delete(ATTEMPT).where(old))
    return waiting


def take(database: Database, attempt_id: int, now: datetime) -> Row[Any] | None:
    """Take up the testing of an attempt's keys. None where they are tested, or another process is at it."""
    mine = (ATTEMPT.c.id == attempt_id) & _waits(now)
    with database.across_shops().write() as connection:
        if connection.execute(update(ATTEMPT).where(mine).values(checking_until=now + LEASE, done=[])).rowcount != 1:
            return None
        return connection.execute(select(ATTEMPT).where(ATTEMPT.c.id == attempt_id)).one()


def note_done(database: Database, attempt_id: int, done: list[str]) -> None:
    """Note which tests were passed so far, for the page that shows it."""
    with database.across_shops().write() as connection:
        change(connection, attempt_id, done=done)


def failed(database: Database, attempt_id: int, *, failure: str, reason: str, keep_keys: bool, now: datetime) -> None:
    """Note why an attempt failed. keep_keys: they may be right, and can be tested again."""
    kept = {} if keep_keys else {"api_keys": None}
    values = {"failure": failure, "reason": reason[:2000], "finished_at": now, "checking_until": None, **kept}
    with database.across_shops().write() as connection:
        change(connection, attempt_id, **values)


def again(database: Database, attempt_id: int) -> bool:
    """Have the same keys tested once more. False where they are not kept."""
    mine = (ATTEMPT.c.id == attempt_id) & ATTEMPT.c.api_keys.is_not(None) & (ATTEMPT.c.failure != "")
    values: dict[str, Any] = {"failure": "", "reason": "", "finished_at": None, "done": []}
    with database.across_shops().write() as connection:
        return connection.execute(update(ATTEMPT).where(mine).values(values)).rowcount == 1


def change(connection: Connection, attempt_id: int, **values: Any) -> None:
    """Write something into an attempt's row."""
    connection.execute(update(ATTEMPT).where(ATTEMPT.c.id == attempt_id).values(values))


def hashed(secret: str) -> str:
    """What the store holds of a secret that nobody could guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _waits(now: datetime) -> Any:
    free = or_(ATTEMPT.c.checking_until.is_(None), ATTEMPT.c.checking_until <= now)
    return ATTEMPT.c.api_keys.is_not(None) & ATTEMPT.c.finished_at.is_(None) & free


def _one(database: Database, here: Any, browser: str) -> Row[Any] | None:
    with database.across_shops().read() as connection:
        statement = select(ATTEMPT).where(here, ATTEMPT.c.browser_hash == hashed(browser))
        return connection.execute(statement).first()


def _not_too_often(connection: Connection, row: dict[str, Any], now: datetime) -> None:
    for name, most in (("site", MOST_OF_SITE), ("asker", MOST_OF_ASKER)):
        lately = (ATTEMPT.c[name] == row[name]) & (ATTEMPT.c.started_at > now - WINDOW)
        counted = connection.execute(select(func.count()).select_from(ATTEMPT).where(lately)).scalar_one()
        if counted >= most:
            raise TooManyAttempts("this was tried very often just now")
