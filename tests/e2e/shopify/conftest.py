"""A played shop with our blocks on its theme, in Chromium; our own server is played by answers given here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from demo.shopify.platform import Platform
from demo.shopify.server import running
from demo.shopify.state import PlayedShop
from demo.shopify.things import Product
from tests.e2e.conftest import errors_of
from tests.played_theme import on_sale, opened, publish_all

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PROXY = "/apps/shelfwise/"
OURS = "/shopify/proxy"
SLATE = "0123456789abcdef" * 2
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Storefront:
    """url: of the shop. asked: queries for slates. told: events. slate: the answer, None for trouble."""

    url: str
    platform: Platform
    shop: PlayedShop
    slate: dict[str, Any] | None = field(default_factory=lambda: {"slate": "", "items": []})
    asked: list[dict[str, str]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    def server(self) -> Flask:
        """Our own server, as the app proxy reaches it."""
        app = Flask("ours")

        @app.get(f"{OURS}/slates")
        def slates() -> ResponseReturnValue:
            self.asked.append(request.args.to_dict())
            return ("", 503) if self.slate is None else self.slate

        @app.post(f"{OURS}/events")
        def events() -> ResponseReturnValue:
            self.told += json.loads(request.get_data())["events"]
            return {"kept": 1, "skipped": {}}, 202

        return app

    def personal(self, *products: Product, kind: str = "session") -> None:
        """Have our server answer with these products, because the visitor looked at something."""
        items = [
            {
                "product": str(each.id),
                "variant": str(each.variants[0].id),
                "url": f"https://{self.shop.domain}/products/{each.handle}",
                "reason": {"kind": kind, "because": None if kind == "trending" else "1", "count": None},
            }
            for each in products
        ]
        self.slate = {"slate": SLATE, "placement": "product", "items": items}


@pytest.fixture
def front() -> Iterator[Storefront]:
    """A shop whose lists are published, being served."""
    with running("client", "secret") as platform:
        shop = platform.add(opened())
        publish_all(shop)
        found = Storefront(f"{platform.url}/{shop.domain}", platform, shop)
        server = make_server("127.0.0.1", 0, found.server(), threaded=True)
        platform.app_url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def visitor(browser: Browser, front: Storefront) -> Iterator[Callable[..., BrowserContext]]:
    """Opens browser contexts; a test fails if a page in one of them complained."""
    contexts: list[BrowserContext] = []
    errors: list[list[str]] = []

    def make(*, consent: str | None = None, **options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.add_init_script(SHIFTS)
        if consent is not None:
            context.add_cookies([{"name": "_tracking_consent", "value": consent, "url": front.url}])
        context.on("page", lambda page: errors.append(errors_of(page)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert [each for found in errors for each in found if "Failed to load resource" not in each] == []


def paths(front: Storefront) -> list[str]:
    """Every page that holds a block of ours."""
    product = on_sale(front.shop)[3].handle
    return [
        "/",
        f"/products/{product}",
        "/collections/garden",
        "/search?q=garden",
        "/search?q=zzzz",
        "/cart",
        "/nowhere",
    ]


def settled(page: Page) -> None:
    """Wait a moment longer than answers take that come from this machine, and until they are painted."""
    page.wait_for_load_state()
    page.evaluate("() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 150))")
