"""Telling a store that is away or busy from one that refuses what it was given."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

# The low byte of SQLite's result codes; the rest of a code says more of the same.
_SQLITE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
# Classes of SQLSTATE: connection, rolled back (deadlock), resources (disk, memory, connections), lock not to be had,
# shut down, system. Of a statement that took too long, 57014, the statement itself is the cause.
_POSTGRES = {"08", "40", "53", "55", "57", "58"}
_CANCELLED = "57014"


def is_outage(error: BaseException) -> bool:
    """Whether this will pass by itself, and says nothing of what was to be written."""
    if isinstance(error, NoConnection | InterfaceError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    state = getattr(cause, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError)
    return state != _CANCELLED and state[:2] in _POSTGRES


def words_of(error: BaseException) -> str:
    """What went wrong, without the values that were to be written: they may tell of people."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first, _, _ = str(cause).partition("\n")
    return f"{type(cause).__name__}: {first}"
