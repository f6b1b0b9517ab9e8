"""A played Shopify for each test: one small shop, and an app that can be installed in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
import requests
from flask import Flask

from connectors.base import Access
from connectors.shopify.reader import ShopReader
from demo.shopify.fill import ONLINE, Size, fill
from demo.shopify.graphql.cost import Bucket
from demo.shopify.platform import Platform
from demo.shopify.server import running
from demo.shopify.state import PlayedShop
from demo.shopify.things import Installation, Order, Variant
from demo.shopify.trade import Wanted, place_order
from demo.shopify.webhooks import Sent
from integration.settings import Settings

SHOP = "fern-and-ladle.myshopify.com"
CLIENT_ID = "0123456789abcdef0123456789abcdef"
CLIENT_SECRET = "shpss_a-made-up-secret-of-a-played-app"
SMALL = Size(seed=4, products=24, customers=30)


@dataclass(frozen=True)
class Play:
    """The played Shopify as tests use it. url: its base; shop: the domain; state: the shop's; platform: all of it."""

    platform: Platform
    state: PlayedShop

    @property
    def url(self) -> str:
        return self.platform.url

    @property
    def shop(self) -> str:
        return self.state.domain

    @property
    def client_id(self) -> str:
        return self.platform.client_id

    @property
    def client_secret(self) -> str:
        return self.platform.client_secret

    @property
    def sent(self) -> Sequence[Sent]:
        """The webhooks so far, each with how it was answered."""
        return list(self.platform.webhooks.sent)

    def settings(self, settings: Settings) -> Settings:
        """Settings of an app that is registered here."""
        return replace(
            settings,
            shopify_client_id=self.client_id,
            shopify_client_secret=self.client_secret,
            shopify_play_url=self.url,
        )

    def connect(self, app: Flask) -> None:
        """Send webhooks straight to an app of this process, without a server in between."""

        def post(address: str, headers: Mapping[str, str], body: bytes) -> int:
            path = "/" + address.partition("://")[2].partition("/")[2]
            return app.test_client().post(path, data=body, headers=dict(headers)).status_code

        self.platform.webhooks.post = post

    def install(self, *scopes: str) -> Installation:
        """The merchant grants what the app's file asks for, or these scopes."""
        return self.platform.install(self.state, scopes or None)

    def grant_everything(self) -> None:
        """The merchant allows the app all that its file asks for and calls optional, and to read orders of any age."""
        self.install()
        self.platform.grant(self.state, "read_all_orders", "read_reports")

    def uninstall(self) -> None:
        """The merchant takes the app out."""
        self.platform.uninstall(self.state)

    def id_token(self, **claims: object) -> str:
        """An ID token of the shop's admin; claims: what is to be wrong in it."""
        return self.platform.tokens.id_token(self.state, **claims)

    def token(self) -> str:
        """An access token, got by the real exchange; the app is installed if it is not yet."""
        self.install()
        answer = requests.post(
            f"{self.url}/{self.shop}/admin/oauth/access_token",
            data={
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": self.id_token(),
                "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
                "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
                "expiring": "1",
            },
            timeout=10,
        )
        return str(answer.json()["access_token"])

    def expire_tokens(self, *, refresh: bool = False) -> None:
        """Make the shop's access tokens expire now; with `refresh` the refresh tokens too."""
        self.platform.tokens.expire(self.state, refresh=refresh)

    def set_costs(self, *, size: float, rate: float) -> None:
        """Give the app a bucket of so many points that fills so fast."""
        self.platform.limit(self.state, Bucket(size, rate))

    def variant(self, place: int = 0) -> Variant:
        """A variant that is tracked, not oversold, and on the shelf of the location that sells online."""
        found = [
            each
            for each in self.state.variants.values()
            if each.tracked and each.policy == "DENY" and self.state.sellable(each) > 0
        ]
        return found[place]

    def move_stock(self, variant: Variant, available: int, location: int = ONLINE) -> None:
        """Count a variant's pieces at a location anew."""
        self.state.set_stock(variant.item_id, location, available)

    def sell(self, variant: Variant, pieces: int = 1, **more: object) -> Order:
        """Somebody buys in the online shop."""
        return place_order(self.state, [Wanted(variant.id, pieces)], **more)  # type: ignore[arg-type]

    def hold_webhooks(self) -> None:
        """Keep webhooks back until they are released."""
        self.platform.webhooks.held = True

    def release_webhooks(self) -> None:
        """Send what was held back, and wait until all of it is answered."""
        self.platform.webhooks.release()
        self.platform.webhooks.wait()

    def wait_for_webhooks(self) -> None:
        """Until every webhook was taken or given up."""
        self.platform.webhooks.wait()


@pytest.fixture
def play() -> Iterator[Play]:
    """A played Shopify with one small shop, in this process; the app is registered, and not installed."""
    with running(CLIENT_ID, CLIENT_SECRET) as platform:
        yield Play(platform, platform.add(fill(PlayedShop(SHOP), SMALL)))


@pytest.fixture
def passing_time(play: Play) -> Callable[..., None]:
    """Moves the played shop's clock on, such as by timedelta(days=91)."""
    from datetime import timedelta

    start = play.state.clock
    passed = [timedelta()]

    def later() -> datetime:
        return start() + passed[0]

    play.state.clock = later

    def move(**by: float) -> None:
        passed[0] += timedelta(**by)

    return move


@pytest.fixture
def access(play: Play) -> Access:
    """Access to the played shop, which allows everything and keeps nobody waiting."""
    token = play.token()
    play.grant_everything()
    play.set_costs(size=100_000, rate=100_000)
    return Access(play.shop, f"{play.url}/{play.shop}", lambda: token, lambda seconds: time.sleep(min(seconds, 0.01)))


@pytest.fixture
def reader(access: Access) -> ShopReader:
    """Reads the played shop."""
    return ShopReader(access)
