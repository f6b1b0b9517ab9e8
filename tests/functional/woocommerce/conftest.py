"""A played WooCommerce for each test: one small shop, with a key, whose webhooks leave when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from demo.woocommerce.fill import Size, fill
from demo.woocommerce.sender import Sent
from demo.woocommerce.server import running
from demo.woocommerce.site import Site
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Key, Order, Product, Webhook
from demo.woocommerce.trade import Wanted, place_order
from integration.settings import Settings
from integration.storage.database import Database
from integration.web.services import KEY
from tests.merchants import HTTPS, Merchant

SMALL = Size(seed=4, products=24, customers=30)


@dataclass(frozen=True)
class Woo:
    """The played site as tests use it. state: the shop's; site: all of it; own: the key that was made for the test."""

    site: Site
    own: Key

    @property
    def address(self) -> str:
        """The site's, as a merchant would type it."""
        return self.site.shop.address

    @property
    def key(self) -> str:
        return self.own.key

    @property
    def secret(self) -> str:
        return self.own.secret

    @property
    def state(self) -> PlayedShop:
        return self.site.shop

    @property
    def sent(self) -> list[Sent]:
        """All that left the shop, with how it was answered."""
        return list(self.site.sender.sent)

    def connect(self, app: Flask) -> None:
        """Send webhooks straight to an app of this process, without a server in between."""

        def post(address: str, headers: Mapping[str, str], body: bytes) -> int:
            path = "/" + address.partition("://")[2].partition("/")[2]
            return app.test_client().post(path, data=body, headers=dict(headers)).status_code

        self.site.sender.post = post

    def listen(self, address: str, secret: str, *topics: str) -> list[Webhook]:
        """Make webhooks without REST, and without a ping."""
        return [self.state.add_webhook(each, address, secret) for each in topics]

    def deliver(self) -> list[Sent]:
        """Let WP-Cron run: all that waits is sent now."""
        return self.site.sender.deliver()

    def product(self, place: int = 0, *, kind: str = "simple") -> Product:
        """A published product, or variation, that counts its stock, has some, and takes no backorders."""
        found = [
            each
            for each in self.state.products.values()
            if each.type == kind
            and each.status == "publish"
            and (each.stock or 0) > 0
            and each.backorders == "no"
            and (not each.parent_id or self.state.products[each.parent_id].status == "publish")
        ]
        return found[place]

    def sell(self, product: Product, pieces: int = 1, **more: object) -> Order:
        """Somebody buys in the shop."""
        return place_order(self.state, [Wanted(product.id, pieces)], **more)  # type: ignore[arg-type]


@pytest.fixture
def woo() -> Iterator[Woo]:
    """A played shop over plain HTTP."""
    with running(fill(PlayedShop(), SMALL)) as site:
        yield Woo(site, site.shop.keyring.make())


@pytest.fixture
def woo_tls() -> Iterator[Woo]:
    """A played shop over TLS, with a certificate that signs itself: `woo_tls.site.certificate` is its file."""
    with running(fill(PlayedShop(), SMALL), tls=True) as site:
        yield Woo(site, site.shop.keyring.make())


@pytest.fixture
def merchant(settings: Settings, make_app: Callable[[Settings], Flask], database: Database, woo: Woo) -> Merchant:
    """A merchant at an installation that is reached by https, and may call shops on this machine."""
    ours = replace(settings, allow_loopback=True, public_url=HTTPS)
    app = make_app(ours)
    found = Merchant(app, app.test_client(), database, ours, datetime.now(UTC))
    app.extensions[KEY] = replace(app.extensions[KEY], clock=lambda: found.now)
    woo.connect(app)
    return found
