"""The whole round against a real WooCommerce shop: `make e2e-woocommerce` (docs/developers/real-woocommerce.md).

It starts the app, connects it by pasted keys, reads the shop, sells a product of its own until it is sold out, looks at
pages in a browser, and takes everything out again. Use a shop for trying things: it places orders.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.e2e.woocommerce.app_process import RunningApp, running_app
from tests.e2e.woocommerce.browser_look import looked_at
from tests.e2e.woocommerce.rest import Buyer, Failed, RestShop
from tests.e2e.woocommerce.steps import Report, until
from tests.e2e.woocommerce.wp_admin import upload_plugin

NEEDED = ("SHELFWISE_WOO_URL", "SHELFWISE_WOO_KEY", "SHELFWISE_WOO_SECRET")
# WordPress sends to ports 80, 443 and 8080 alone unless it is told otherwise.
PORT = 8080
WEBHOOK_SECONDS = 180
PUSH_SECONDS = 2.0
HOOKS_OF_A_SHOP = 100
NO_WEBHOOKS = (
    "No webhook came. Does WP-Cron run (open wp-cron.php), may WordPress reach the app's address "
    "(docs/developers/real-woocommerce.md, 'Let WordPress reach the app'), and is the webhook active?"
)


@dataclass
class Round:
    """One round. admin: name and password for wp-admin, None to leave the plugin as it is. key: of the shop in the app.

    product: what is sold in it. orders: how many the app knew before. made: REST paths to delete at its end.
    """

    shop: RestShop
    app: RunningApp
    report: Report
    admin: tuple[str, str] | None = None
    key: str = ""
    product: int = 0
    orders: int = 0
    word: str = field(default_factory=lambda: f"e2elamp{secrets.token_hex(3)}")
    with_plugin: bool = False
    made: list[str] = field(default_factory=list)
    bought: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        """All steps; a step that others need ends the round when it fails, and what was made is taken out."""
        needed = (
            ("The shop's REST API answers", self.shop_answers),
            ("The keys may read", self.keys_read),
            *self._uploads,
            ("The app connects by pasted keys", self.connects),
            ("The app has read the shop", self.reads),
            ("A product is made", self.makes_a_product),
            ("The product has reached the app", self.product_arrives),
        )
        others = (
            ("Webhooks stand in the shop and are active", self.webhooks_stand),
            ("A guest buys one of two through the Store API", self.guest_buys),
            ("The order has reached the app", self.order_arrives),
            ("The last piece sells, and the product leaves the slates", self.sells_out),
            ("Pieces come back, and so does the product", self.comes_back),
            ("Widgets in the browser", self.browser),
            ("A force-deleted product is found by reading", self.deleted_for_good),
        )
        try:
            if all(self.report.step(name, work) for name, work in needed):
                for name, work in others:
                    self.report.step(name, work)
        finally:
            self.report.step("What was made is taken out of the shop", self.cleans_up)
            if self.key:
                self.report.step("The app disconnects, and its webhooks are gone", self.disconnects)

    def shop_answers(self) -> str:
        told = self.shop.told("GET", "")
        missing = {"wc/v3", "wc/store/v1"} - set(told["namespaces"])
        if missing:
            raise Failed(f"the shop has no {', '.join(sorted(missing))}", "Is WooCommerce active?")
        return str(told.get("name", ""))

    def keys_read(self) -> str:
        self.shop.told("GET", "wc/v3/products", per_page="1", _fields="id")
        self.shop.told("GET", "wc/v3/webhooks", per_page="1", _fields="id")
        return ""

    @property
    def _uploads(self) -> tuple[tuple[str, Callable[[], str]], ...]:
        return (("The plugin is uploaded in wp-admin", self.uploads),) if self.admin else ()

    def uploads(self) -> str:
        assert self.admin is not None
        return upload_plugin(self.shop.url, self.app.url, *self.admin)

    def connects(self) -> str:
        said = self.app.command(
            "woocommerce", "connect", self.shop.url, "--key", self.shop.key, "--secret-stdin", given=self.shop.secret
        )
        self.key = str(self.app.shop()["key"])
        self.with_plugin = self.shop.ask("GET", "wc-shelfwise/v1/link").ok
        return f"{said.strip().splitlines()[0]}; the plugin is {'linked' if self.with_plugin else 'not installed'}"

    def reads(self) -> str:
        self.app.command("read", self.key, "--here")
        held = self.app.shop()
        at_least, at_most = (self.shop.total("wc/v3/products", status=each) for each in ("publish", "any"))
        if not at_least <= held["products"] <= at_most:
            raise Failed(f"the shop has {at_least} published products of {at_most}, the app {held['products']}")
        orders = self.shop.total("wc/v3/orders", status="any")
        paid = self.shop.total("wc/v3/orders", status="processing,completed,on-hold")
        if not paid <= held["orders"] <= orders:
            raise Failed(f"the shop has {paid} live orders of {orders}, the app {held['orders']}")
        return f"{held['products']} products, {held['orders']} orders"

    def makes_a_product(self) -> str:
        thing = {
            "name": f"Trial {self.word}",
            "type": "simple",
            "virtual": True,
            "regular_price": "12.50",
            "manage_stock": True,
            "stock_quantity": 2,
            "description": f"Made by a trial round, which takes it out again: {self.word}.",
        }
        self.product = int(self.shop.told("POST", "wc/v3/products", thing)["id"])
        self.made.append(f"wc/v3/products/{self.product}")
        return f"number {self.product}, two pieces"

    def product_arrives(self) -> str:
        try:
            took = self._arrives(lambda: self.shown, "the product")
        except Failed:
            self.app.command("read", self.key, "--here")
            if self.shown:
                return f"by reading the shop again, NOT by webhook. {NO_WEBHOOKS}"
            raise
        return f"{took:.1f} s after it was made"

    @property
    def shown(self) -> bool:
        """Whether the product is in a slate that is made now."""
        return str(self.product) in self.app.found(self.key, self.word)

    def webhooks_stand(self) -> str:
        ours = self._webhooks()
        asleep = [each["topic"] for each in ours if each["status"] != "active"]
        if not ours or asleep:
            raise Failed(
                f"{len(ours)} webhooks lead to the app, not active: {asleep}",
                "shelfwise woocommerce check --shop KEY says why.",
            )
        return ", ".join(sorted(each["topic"] for each in ours))

    def guest_buys(self) -> str:
        self._pay_on_delivery()
        self.orders = int(self.app.shop()["orders"])
        self.bought = Buyer(self.shop.url).buy(self.product)
        self.made.append(f"wc/v3/orders/{self.bought['order_id']}")
        left = self.shop.told("GET", f"wc/v3/products/{self.product}")["stock_quantity"]
        if left != 1:
            raise Failed(f"one of two was bought, and the shop counts {left}", "Is stock management on in WooCommerce?")
        return f"order {self.bought['order_id']}"

    def order_arrives(self) -> str:
        took = self._arrives(lambda: self.app.shop()["orders"] > self.orders, "the order", every=2.0)
        if not self.shown:
            raise Failed("a piece is left, and yet no slate holds the product")
        return f"{took:.0f} s later; the product is still shown"

    def sells_out(self) -> str:
        order = {
            "status": "processing",
            "payment_method": "cod",
            "line_items": [{"product_id": self.product, "quantity": 1}],
        }
        number = self.shop.told("POST", "wc/v3/orders", order)["id"]
        self.made.append(f"wc/v3/orders/{number}")
        return self._stock_moves(lambda: not self.shown, "the sold-out product's leaving")

    def comes_back(self) -> str:
        self.shop.told("PUT", f"wc/v3/products/{self.product}", {"stock_quantity": 5})
        return self._stock_moves(lambda: self.shown, "the product's return")

    def browser(self) -> str:
        return looked_at(self.shop, self.product, str(self.bought.get("payment_result", {}).get("redirect_url", "")))

    def deleted_for_good(self) -> str:
        self.shop.told("DELETE", f"wc/v3/products/{self.product}", force="true")
        self.made.remove(f"wc/v3/products/{self.product}")
        self.app.command("read", self.key, "--here")
        if self.shown:
            raise Failed("the app still shows a product that the shop has deleted for good")
        return "WooCommerce sends nothing of it"

    def cleans_up(self) -> str:
        for path in self.made:
            self.shop.told("DELETE", path, force="true")
        return f"{len(self.made)} things"

    def disconnects(self) -> str:
        self.app.command("woocommerce", "disconnect", "--shop", self.key)
        if left := self._webhooks():
            raise Failed(
                f"{len(left)} webhooks still lead to the app", "Delete them in WooCommerce, Settings, Advanced."
            )
        return ""

    def _webhooks(self) -> list[dict[str, Any]]:
        public = self.app.environ["SHELFWISE_PUBLIC_URL"]
        told = self.shop.told("GET", "wc/v3/webhooks", per_page=str(HOOKS_OF_A_SHOP))
        return [each for each in told if str(each["delivery_url"]).startswith(f"{public}/")]

    def _pay_on_delivery(self) -> None:
        if not self.shop.told("GET", "wc/v3/payment_gateways/cod")["enabled"]:
            self.shop.told("PUT", "wc/v3/payment_gateways/cod", {"enabled": True})

    def _stock_moves(self, ready: Any, what: str) -> str:
        if self.with_plugin:
            took = until(
                ready,
                PUSH_SECONDS,
                what,
                "The plugin's push did not come: its settings page says why ('Stock told').",
                every=0.02,
            )
            return f"{took * 1000:.0f} ms after the shop's answer, by the plugin's push"
        took = self._arrives(ready, what)
        return f"{took:.1f} s later, by webhook (no plugin)"

    def _arrives(self, ready: Any, what: str, *, every: float = 1.0) -> float:
        """Wait for what webhooks bring, while WP-Cron is made to run as visitors of a shop would."""

        def looked() -> bool:
            requests.get(f"{self.shop.url}/wp-cron.php", {"doing_wp_cron": ""}, timeout=60)
            return bool(ready())

        return until(looked, WEBHOOK_SECONDS, what, NO_WEBHOOKS, every=every)


def main(environ: Mapping[str, str]) -> int:
    """Run the round that the environment names. Ends with 0 where every step is ok."""
    missing = [name for name in NEEDED if not environ.get(name)]
    if missing:
        sys.stderr.write(f"Set {', '.join(missing)}: docs/developers/real-woocommerce.md says how to get them.\n")
        return 2
    url, key, secret = (environ[name].rstrip("/") for name in NEEDED)
    port = int(environ.get("SHELFWISE_WOO_APP_PORT") or PORT)
    public = environ.get("SHELFWISE_WOO_APP_URL") or f"http://127.0.0.1:{port}"
    user, password = (environ.get(f"SHELFWISE_WOO_ADMIN_{name}", "") for name in ("USER", "PASSWORD"))
    admin = (user, password) if user and password else None
    report = Report()
    with tempfile.TemporaryDirectory(prefix="shelfwise-woo-") as folder, ExitStack() as running:
        apps: list[RunningApp] = []

        def starts() -> str:
            apps.append(running.enter_context(running_app(Path(folder), port, public.rstrip("/"))))
            return f"{apps[0].url}, which the shop reaches as {public}"

        if report.step("The app starts", starts):
            Round(RestShop(url, key, secret), apps[0], report, admin).run()
    return report.end()


if __name__ == "__main__":
    sys.exit(main(os.environ))
