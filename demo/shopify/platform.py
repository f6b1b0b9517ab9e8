"""The played platform: its shops, the one app that can be installed in them, and what belongs to neither alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from demo.shopify.app_file import optional_scopes, scopes
from demo.shopify.bulk import BulkOperations
from demo.shopify.carts import Carts
from demo.shopify.graphql.context import Context
from demo.shopify.graphql.cost import Bucket
from demo.shopify.state import PlayedShop
from demo.shopify.things import Installation
from demo.shopify.tokens import Tokens
from demo.shopify.troubles import Troubles
from demo.shopify.webhooks import Webhooks

if TYPE_CHECKING:
    from demo.shopify.partners import PlayedPartners

# What a scope implies.
READS = "read_"
WRITES = "write_"


class Platform:
    """One app developer's world. app_url: where the app answers; url: where this platform does.

    level_2: whether the app was granted the fields of protected customer data that name people. render_liquid: renders
    what the app answers as application/liquid, inside the shop's theme.
    """

    def __init__(self, url: str, client_id: str, client_secret: str, *, handle: str = "shelfwise") -> None:
        self.url = url
        self.app_url = "http://127.0.0.1:8000"
        self.client_id = client_id
        self.handle = handle
        self.level_2 = False
        self.shops: dict[str, PlayedShop] = {}
        self.tokens = Tokens(client_id, client_secret)
        self.webhooks = Webhooks(lambda: self.client_secret, lambda: self.app_url)
        self.troubles = Troubles()
        self.partners: PlayedPartners | None = None
        self.render_liquid: Callable[[PlayedShop, str], str] = lambda _shop, text: text
        self._buckets: dict[str, Bucket] = {}
        self._carts: dict[str, Carts] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="shelfwise-played-")
        self.bulk = BulkOperations(Path(self._folder.name), url)

    @property
    def client_secret(self) -> str:
        """What ID tokens, webhooks and proxied requests are signed with."""
        return self.tokens.client_secret

    @client_secret.setter
    def client_secret(self, secret: str) -> None:
        self.tokens.client_secret = secret

    def add(self, shop: PlayedShop) -> PlayedShop:
        """Open a shop on this platform."""
        self.shops[shop.domain] = shop
        shop.address = f"{self.url}/{shop.domain}"
        self._buckets[shop.domain] = Bucket()
        self._carts[shop.domain] = Carts(shop)
        self.webhooks.listen(shop)
        return shop

    def shop(self, wanted: str) -> PlayedShop | None:
        """A shop by its domain or its number."""
        return next((each for each in self.shops.values() if wanted in {each.domain, str(each.id)}), None)

    def carts(self, domain: str) -> Carts:
        """The carts of a shop's shoppers."""
        return self._carts[domain.lower()]

    def bucket(self, shop: PlayedShop) -> Bucket:
        """The points that the app has left in a shop."""
        return self._buckets[shop.domain]

    def limit(self, shop: PlayedShop, bucket: Bucket) -> None:
        """Give the app another bucket of points in a shop."""
        self._buckets[shop.domain] = bucket

    def context(self, shop: PlayedShop, granted: tuple[str, ...]) -> Context:
        """How a call with these scopes sees a shop."""
        implied = {READS + each.removeprefix(WRITES) for each in granted if each.startswith(WRITES)}
        return Context(shop, self, frozenset(granted) | implied)

    def install(self, shop: PlayedShop, granted: tuple[str, ...] | None = None) -> Installation:
        """The merchant grants what the app's file asks for, or other scopes. The app is not called yet."""
        with shop.deed():
            known = shop.installation
            if known is None:
                shop.installation = Installation(shop.new_id(), granted or scopes(), shop.clock())
            elif granted is not None and granted != known.scopes:
                previous, known.scopes = known.scopes, granted
                shop.tell("app/scopes_update", known, previous=previous)
            assert shop.installation is not None
            return shop.installation

    def grant(self, shop: PlayedShop, *more: str) -> None:
        """The merchant allows the app more, such as what its file calls optional."""
        assert shop.installation is not None
        self.install(shop, tuple(dict.fromkeys((*shop.installation.scopes, *(more or optional_scopes())))))

    def uninstall(self, shop: PlayedShop) -> None:
        """The merchant takes the app out: its tokens die at once, and what it hung on the shop goes with it."""
        with shop.deed():
            shop.tell("app/uninstalled", shop)
            shop.installation = None
            self.tokens.revoke(shop)
            shop.subscriptions.clear()
            own, data = shop.namespace(None), "gid://shopify/AppInstallation/"
            for key in [each for each in shop.metafields if each[1].startswith(own) or each[0].startswith(data)]:
                del shop.metafields[key]
            for place in [each for each in shop.definitions if each[1].startswith(own)]:
                del shop.definitions[place]

    def close(self) -> None:
        """Stop everything that runs beside the requests."""
        self.webhooks.close()
        self._folder.cleanup()
