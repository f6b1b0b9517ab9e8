"""What a job works with: settings, store and Redis, opened in the job's own process."""

from __future__ import annotations

import os
from dataclasses import dataclass

from redis import Redis

from integration.jobs.queues import connect
from integration.settings import Settings
from integration.storage.database import Database


@dataclass(frozen=True, slots=True)
class Job:
    """One job's tools. Close it at the end."""

    settings: Settings
    database: Database
    redis: Redis

    def close(self) -> None:
        """Give all connections back."""
        self.database.close()
        self.redis.close()


def open_job(shop_id: int | None = None) -> Job:
    """Tools made from the environment that the worker was started with, for one shop; None: across shops."""
    settings = Settings.from_environ(os.environ)
    database = Database(settings.database_url)
    scoped = database.across_shops() if shop_id is None else database.of(shop_id)
    return Job(settings, scoped, connect(settings))
