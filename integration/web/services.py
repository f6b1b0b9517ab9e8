"""What the routes call: made once by `integration.app`, found again from any request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from integration.clock import Clock
from integration.services.secrets import Vault
from integration.services.shops import ConnectedShops
from integration.services.slate_log import SlateLog
from integration.services.slates import Slates
from integration.services.todays_visits import TodaysVisits
from integration.settings import Settings
from integration.storage.database import Database

KEY = "shelfwise"


@dataclass(frozen=True, slots=True)
class Services:
    """One process's services.

    `drain` asks for a drain of a shop, `announce` for a job of this name; they never fail and never wait for long.
    """

    settings: Settings
    database: Database
    vault: Vault
    connected: ConnectedShops
    slates: Slates
    slate_log: SlateLog
    todays_visits: TodaysVisits
    clock: Clock
    drain: Callable[[int], None]
    announce: Callable[[str, int], None]


def services() -> Services:
    """The services of the running app."""
    return cast("Services", current_app.extensions[KEY])
