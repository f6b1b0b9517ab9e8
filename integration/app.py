"""The composition root: one Flask app from one `Settings`."""

from __future__ import annotations

from flask import Flask

import demo.storefront
from demo.till import Till, till_file
from integration.clock import Clock, system_clock
from integration.jobs.queues import Enqueuer
from integration.services.secrets import Vault
from integration.services.shelves import Shelves
from integration.services.slate_log import SlateLog
from integration.services.slates import Slates
from integration.services.todays_visits import TodaysVisits
from integration.services.window import StoreWindow
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.point_reads import PointReads
from integration.web import errors, health, openapi, shopify, storefront, webhooks, widgets, woocommerce
from integration.web.services import KEY, Services
from integration.web.turns import SlatesInTurn


def create_app(settings: Settings, *, clock: Clock = system_clock) -> Flask:
    """The app, ready to serve. It opens no connection before the first request needs one."""
    app = Flask("integration", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    database = Database(settings.database_url)
    vault = Vault(settings.secret_keys)
    slate_log = SlateLog(database)
    reads = PointReads(database)
    enqueuer = Enqueuer(settings)
    shelves = Shelves(database, reads, settings.artifacts_dir)
    app.extensions[KEY] = Services(
        settings=settings,
        database=database,
        vault=vault,
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
    errors.register(app)
    for blueprint in (storefront.bp, openapi.bp, webhooks.bp, widgets.bp, health.bp, *woocommerce.BLUEPRINTS):
        app.register_blueprint(blueprint)
    if settings.shopify_client_id:
        for blueprint in shopify.BLUEPRINTS:
            app.register_blueprint(blueprint)
    app.wsgi_app = SlatesInTurn(app.wsgi_app, app.extensions[KEY])  # type: ignore[method-assign]
    if settings.demo:
        window = StoreWindow(database, vault, settings.demo_shop, settings.public_url)
        app.register_blueprint(demo.storefront.blueprint(window, Till(till_file(settings.data_dir))))
    return app
