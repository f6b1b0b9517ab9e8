"""The web pixel in a real worker, as Shopify's strict sandbox is one, reporting to our server from another origin."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from werkzeug.serving import WSGIRequestHandler, make_server

from connectors.records import Current, Product, Variant
from integration.app import create_app
from integration.services.behaviour import EVENT
from integration.settings import Settings
from integration.storage.database import Database
from integration.web.services import KEY, Services
from tests.making import START, make_shop, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
IMPORT = 'import { register } from "@shopify/web-pixels-extension";'
PATIENCE_SECONDS = 10.0
# What Shopify hands to `register`, with the storage of the page behind it, which a worker has not.
SANDBOX = """
const kept = new Map(), listeners = new Map();
const subscribe = (name, run) => { listeners.set(name, run); return () => true; };
const localStorage = {
  getItem: async (key) => kept.get(key) ?? null,
  setItem: async (key, value) => void kept.set(key, value),
  removeItem: async (key) => void kept.delete(key),
};
const register = (extend) => extend({
  analytics: { subscribe }, customerPrivacy: { subscribe }, browser: { localStorage },
  init: { customerPrivacy: { analyticsProcessingAllowed: true } }, settings: SETTINGS,
});
onmessage = ({ data: [name, event] }) => listeners.get(name)(event);
"""


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object, **__: object) -> None: ...


@pytest.fixture
def port(settings: Settings, database: Database) -> Iterator[int]:
    """An app that serves, with a shop of one product."""
    shop_id = make_shop(database, settings)
    write(database, shop_id, [Current(Product("1", "Mug", variants=(Variant("41"),)), START)])
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()
    services: Services = app.extensions[KEY]
    services.slate_log.close()
    services.database.close()


def kinds(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(sa.select(EVENT.c.kind).order_by(EVENT.c.event_key)))


def test_what_a_visitor_does_arrives_and_goes_again_with_their_consent(
    browser: Browser, port: int, database: Database, project: Path
) -> None:
    source = project / "templates" / "shopify" / "extensions" / "shelfwise-pixel" / "src" / "index.js"
    settings = json.dumps({"accountID": "demo", "api": f"http://localhost:{port}"})
    code = SANDBOX.replace("SETTINGS", settings) + source.read_text().replace(IMPORT, "")
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/health")
    page.evaluate("code => { window.pixel = new Worker(URL.createObjectURL(new Blob([code]))); }", code)

    def tell(name: str, event: dict[str, object]) -> None:
        page.evaluate("told => window.pixel.postMessage(told)", [name, event])

    def wait_for(wanted: list[str]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while kinds(database) != wanted and time.monotonic() < until:
            page.wait_for_timeout(50)
        assert kinds(database) == wanted

    at = page.evaluate("new Date().toISOString()")
    variant = {"id": "41", "product": {"id": "1"}}
    tell("product_viewed", {"id": "sh-1", "timestamp": at, "data": {"productVariant": variant}})
    line = {"merchandise": variant, "quantity": 2}
    tell("product_added_to_cart", {"id": "sh-2", "timestamp": at, "data": {"cartLine": line}})
    wait_for(["view", "cart_add"])
    tell("visitorConsentCollected", {"customerPrivacy": {"analyticsProcessingAllowed": False}})
    wait_for([])
    page.close()
