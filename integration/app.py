"""The composition root: one Flask app from one `Settings`."""

from __future__ import annotations

import os
from functools import partial

from flask import Flask

import demo.storefront
from demo.till import Till, till_file
from integration.clock import Clock, system_clock
from integration.jobs import gauges as queue_gauges
from integration.jobs.queues import Enqueuer
from integration.services import gauges as store_gauges
from integration.services.readiness import Readiness, folder_is_readable, stopping_file
from integration.services.secrets import Vault
from integration.services.shelves import Shelves
from integration.services.shops import ConnectedShops
from integration.services.slate_log import SlateLog
from integration.services.slates import Slates
from integration.services.todays_visits import TodaysVisits
from integration.services.window import StoreWindow
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.point_reads import PointReads
from integration.web import errors, health, metrics, openapi, shopify, storefront, webhooks, widgets, woocommerce
from integration.web.observed import Observed, say_route
from integration.web.services import KEY, Services
from integration.web.turns import SlatesInTurn

BLUEPRINTS = (
    storefront.bp,
    openapi.bp,
    webhooks.bp,
    widgets.bp,
    health.bp,
    metrics.bp,
    *woocommerce.BLUEPRINTS,
)


def create_app(settings: Settings, *, clock: Clock = system_clock) -> Flask:
    """The app, ready to serve. It opens no connection before the first request needs one."""
    app = Flask("integration", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    database = Database(settings.database_url)
    vault = Vault(settings.secret_keys)
    app.extensions[KEY] = _services(settings, database, vault, clock)
    errors.register(app)
    _observe(app, settings, database, clock)
    for blueprint in (*BLUEPRINTS, *(shopify.BLUEPRINTS if settings.shopify_client_id else ())):
        app.register_blueprint(blueprint)
    app.wsgi_app = SlatesInTurn(Observed(app.wsgi_app), app.extensions[KEY])  # type: ignore[method-assign]
    if settings.demo:
        window = StoreWindow(database, vault, settings.demo_shop, settings.public_url)
        app.register_blueprint(demo.storefront.blueprint(window, Till(till_file(settings.data_dir))))
    return app


def _services(settings: Settings, database: Database, vault: Vault, clock: Clock) -> Services:
    slate_log = SlateLog(database)
    reads = PointReads(database)
    enqueuer = Enqueuer(settings)
    shelves = Shelves(database, reads, settings.artifacts_dir)
    return Services(
        settings=settings,
        database=database,
        vault=vault,
        connected=ConnectedShops(reads, vault),
        slates=Slates(reads, shelves, slate_log, clock),
        slate_log=slate_log,
        todays_visits=TodaysVisits(
            database,
            shelves,
            clock,
            session_minutes=settings.session_minutes,
            seconds=settings.fresh_visits_seconds,
        ),
        clock=clock,
        drain=enqueuer.drain,
        announce=enqueuer.announce,
    )


def _observe(app: Flask, settings: Settings, database: Database, clock: Clock) -> None:
    """What says how this process stands: whether it is ready, and its metrics."""
    app.before_request(say_route)
    app.extensions[health.KEY] = Readiness(
        database,
        partial(folder_is_readable, settings.artifacts_dir),
        partial(queue_gauges.reach, settings),
        stopping_file(settings.data_dir, os.getppid()).exists,
    )

    def collect(accept: str) -> tuple[bytes, str]:
        from integration.observability.exposition import exposition

        now = clock()
        readings = [*store_gauges.store_gauges(database, now), *queue_gauges.queue_gauges(settings, now)]
        return exposition(settings.data_dir, readings, accept)

    app.extensions[metrics.KEY] = collect
