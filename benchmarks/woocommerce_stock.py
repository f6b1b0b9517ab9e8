"""woocommerce-stock: from a change of stock in a WooCommerce shop to slates without it, by the plugin's push."""

from __future__ import annotations

import json
import random
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from cryptography.fernet import Fernet

from benchmarks.figures import Benchmark, Figure, Options
from benchmarks.web_server import served
from benchmarks.wire import Client, get_bytes, post_bytes
from connectors.woocommerce.signature import sign
from integration.migrations import migrate
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.settings import Settings
from integration.storage.database import Database

KEY, SITE = "bench", "https://shop.example"
PRODUCTS, ROUNDS, PIECES = 40, 500, 20
# In WordPress each round takes so many times as long.
SLOWER = 5
WORDPRESS = "6.7"
SLATE = f"/v1/slates?shop={KEY}&placement=home&count=48"
MOST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Shop:
    """A WooCommerce shop that the app knows. Its products are 1 to PRODUCTS, all in every slate while in stock."""

    settings: Settings
    secret: str

    def delivery(self, topic: str, told: object) -> bytes:
        """A signed request, as the shop or its plugin sends it."""
        body = json.dumps(told).encode()
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{SITE}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-ID": "0",
            "X-WC-Webhook-Delivery-ID": secrets.token_hex(8),
            "X-WC-Webhook-Signature": sign(self.secret, body),
        }
        return post_bytes(f"/webhooks/woocommerce/{KEY}", body, headers)

    def push(self, product: int, pieces: int) -> bytes:
        """The plugin's message of a product's stock."""
        item = {
            "id": product,
            "parent_id": 0,
            "type": "simple",
            "manages": True,
            "quantity": pieces,
            "status": "instock" if pieces else "outofstock",
            "backorders": "no",
        }
        sent_at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return self.delivery("shelfwise.stock", {"sent_at": sent_at, "items": [item]})

    def told_of(self, product: int) -> bytes:
        """WooCommerce's webhook of a product."""
        at = datetime.now(UTC).replace(microsecond=0, tzinfo=None).isoformat()
        body = {
            "id": product,
            "type": "simple",
            "name": f"Lamp {product}",
            "slug": f"lamp-{product}",
            "permalink": f"{SITE}/product/lamp-{product}/",
            "status": "publish",
            "catalog_visibility": "visible",
            "purchasable": True,
            "price": "12.50",
            "regular_price": "12.50",
            "manage_stock": True,
            "stock_quantity": PIECES,
            "stock_status": "instock",
            "backorders": "no",
            "date_created_gmt": at,
            "date_modified_gmt": at,
        }
        return self.delivery("product.updated", body)


def run(options: Options) -> Iterator[Figure]:
    """500 times sold out and back at scale 1, by signed pushes; then by PHP in a real WordPress, where there is one.

    The baseline is one slate's own time: nothing can be seen sooner.
    """
    rounds = max(20, int(ROUNDS * options.scale))
    with made() as shop, served(shop.settings) as port, closing(Client(port)) as client:
        for product in range(1, PRODUCTS + 1):
            _must(client, shop.told_of(product))
        _until(client, {str(each) for each in range(1, PRODUCTS + 1)})
        hidden = _race(shop, port, client, rounds, options.seed)
        plain = float(np.median([_timed(client) for _ in range(rounds)]))
        by_php = _sold_in_wordpress(shop, port, client, max(10, rounds // SLOWER))
    data = f"{rounds} times, {PRODUCTS} products, 2 web processes, slates asked for all the while"
    yield from _figures("a signed push to hidden in widgets", hidden, plain, data, options.seed)
    if by_php:
        data = f"{len(by_php)} times, WordPress {WORDPRESS}, PHP's own server, from before the request that sells"
        yield from _figures("stock change in the shop to hidden in widgets", by_php, plain, data, options.seed)


def _figures(name: str, taken: list[float], plain: float, data: str, seed: int) -> Iterator[Figure]:
    for label, figure in (("median", float(np.median(taken))), ("p99", float(np.percentile(taken, 99)))):
        yield Figure(
            f"{name}, {label}",
            figure,
            "ms",
            plain,
            figure / plain,
            data,
            seed,
            baseline_name="one slate",
            at_least="2,000 ms",
            aim="300 ms",
        )


@contextmanager
def made() -> Iterator[Shop]:
    """A shop in a store of its own, connected, empty."""
    secret = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environ(
            {
                "SHELFWISE_DATA_DIR": folder,
                "SHELFWISE_REDIS_URL": f"unix://{Path(folder) / 'none.sock'}",
                "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
            }
        )
        with closing(Database(settings.database_url)) as database:
            migrate(database)
            create_shop(
                database,
                Vault(settings.secret_keys),
                key=KEY,
                name="Bench",
                platform="woocommerce",
                external_id=SITE,
                webhook_secret=secret,
                currency="USD",
            )
        yield Shop(settings, secret)


def _race(shop: Shop, port: int, client: Client, rounds: int, seed: int) -> list[float]:
    """Milliseconds from before the push is sent until a slate, asked for on another connection, is without it."""
    draw, taken = random.Random(seed), []
    with closing(Client(port)) as pushing:
        for _ in range(rounds):
            product = draw.randint(1, PRODUCTS)
            began = time.perf_counter()
            _must(pushing, shop.push(product, 0))
            _until(client, None, without=str(product))
            taken.append((time.perf_counter() - began) * 1000)
            _must(pushing, shop.push(product, PIECES))
            _until(client, {str(product)})
    return taken


def _sold_in_wordpress(shop: Shop, port: int, client: Client, rounds: int) -> list[float]:
    """The same with our plugin in a real WordPress, whose stock is changed by PHP; empty where there is none here."""
    try:
        from tests.wordpress.prepare import absent
        from tests.wordpress.rig import serve
    except ImportError:
        return []
    if absent():
        return []
    taken = []
    with tempfile.TemporaryDirectory() as folder, serve(WORDPRESS, Path(folder), quiet=True) as wordpress:
        wordpress.link(f"http://127.0.0.1:{port}", shop=KEY, secret=shop.secret)
        mug = wordpress.product("mug")
        _must(client, shop.told_of(mug))
        for _ in range(rounds):
            wordpress.run(f"wc_update_product_stock({mug}, {PIECES});")
            _until(client, {str(mug)})
            began = time.perf_counter()
            wordpress.run(f"wc_update_product_stock({mug}, 0);")
            _until(client, None, without=str(mug))
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def _until(client: Client, there: set[str] | None, *, without: str = "") -> None:
    """Ask for slates until these products are in one, or that one is not. Raises TimeoutError."""
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end:
        shown = {str(each["product"]) for each in json.loads(_must(client, get_bytes(SLATE)))["items"]}
        if (there is None or there <= shown) and without not in shown:
            return
    raise TimeoutError(f"slates did not follow the stock within {MOST_SECONDS:.0f} s")


def _timed(client: Client) -> float:
    began = time.perf_counter()
    _must(client, get_bytes(SLATE))
    return (time.perf_counter() - began) * 1000


def _must(client: Client, request: bytes) -> bytes:
    status, body = client.send(request)
    if status != 200:
        raise RuntimeError(f"the server answered {status}: {body[:200]!r}")
    return body


BENCHMARK = Benchmark(
    name="woocommerce-stock",
    summary="a change of stock in a WooCommerce shop to slates without the product, by the plugin's push",
    run=run,
    quick=False,
    minutes=0.5,
)
