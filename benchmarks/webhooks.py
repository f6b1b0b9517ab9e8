"""shopify-webhooks: how long a signed delivery waits for its answer, while 200 a second come and are applied."""

from __future__ import annotations

import json
import multiprocessing
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import func, select, update

from benchmarks import load
from benchmarks.figures import Benchmark, Figure, Options
from benchmarks.web_server import constant_served, served
from benchmarks.wire import get_bytes, post_bytes
from connectors.records import Change, Current, InventoryLevel, Location, Money, Product, Variant
from connectors.shopify.signature import sign
from integration.migrations import migrate
from integration.services.apply import apply
from integration.services.drain import drain
from integration.services.secrets import Vault
from integration.services.shops import CONNECTION, create_shop
from integration.settings import Settings
from integration.storage.database import Database
from integration.storage.deliveries import DeliveryStatus
from integration.storage.delivery_writes import DELIVERY

RATE, SECONDS = 200.0, 30.0
PRODUCTS, VARIANTS, ORDERS = 2000, 3, 100_000
LINES = 4
CONNECTIONS = 16
SHOP, SECRET = "bench.myshopify.com", "shpss_made_up"
PLACE = 900
START = datetime(2026, 11, 1, tzinfo=UTC)
PAUSE_SECONDS = 0.2
# Of 100 deliveries; what a busy shop sends while it sells.
MIX = {
    "inventory_levels/update": 40,
    "products/update": 30,
    "orders/create": 15,
    "orders/updated": 10,
    "variants/out_of_stock": 5,
}


def run(options: Options) -> Iterator[Figure]:
    """Milliseconds from when a delivery was due to its answer, beside a view that returns a constant; and errors."""
    seconds = max(3.0, SECONDS * options.scale)
    with _shop(max(50, int(PRODUCTS * options.scale))) as (settings, shop_id, products):
        with constant_served(settings, 2) as port:
            plain = load.run(port, [get_bytes("/constant")], rate=RATE, seconds=seconds, connections=CONNECTIONS)
        requests = list(_requests(int(RATE * seconds), products, random.Random(options.seed)))
        with served(settings) as port, _draining(settings.database_url, shop_id):
            done = load.run(port, requests, rate=RATE, seconds=seconds, connections=CONNECTIONS)
        lost = done.requests - done.wrong - _kept(settings, shop_id)
    data = (
        f"{done.requests:,} signed deliveries at {RATE:.0f}/s for {seconds:.0f} s, {products:,} products of {VARIANTS} "
        f"variants, SQLite (every answer is on the disk), {settings.web_processes} web processes, a drain beside"
    )
    name, seed, beside = "webhook answered", options.seed, "a constant"
    for share, value, base, bounds in (
        ("p50", done.p50_ms, plain.p50_ms, ("", "")),
        ("p99", done.p99_ms, plain.p99_ms, ("<= 500", "<= 50")),
        ("worst", done.worst_ms, plain.worst_ms, ("", "")),
    ):
        at_least, aim = bounds
        ratio = value / base
        yield Figure(
            f"{name}, {share}", value, "ms", base, ratio, data, seed, baseline_name=beside, at_least=at_least, aim=aim
        )
    wrong = "deliveries refused or lost"
    yield Figure(wrong, done.wrong + lost, "deliveries", None, None, data, seed, at_least="0", aim="0")


@contextmanager
def _shop(products: int) -> Iterator[tuple[Settings, int, int]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environ(
            {
                "SHELFWISE_DATA_DIR": folder,
                "SHELFWISE_REDIS_URL": f"unix://{Path(folder) / 'none.sock'}",
                "SHELFWISE_SECRET_KEYS": Fernet.generate_key().decode(),
                "SHELFWISE_SHOPIFY_CLIENT_ID": "made-up",
                "SHELFWISE_SHOPIFY_CLIENT_SECRET": SECRET,
            }
        )
        database = Database(settings.database_url)
        migrate(database)
        shop_id = create_shop(
            database,
            Vault(settings.secret_keys),
            key="bench",
            name="Bench",
            platform="shopify",
            external_id=SHOP,
            webhook_secret=SECRET,
        )
        with database.write() as connection:
            connection.execute(update(CONNECTION).values(webhook_secret=None))
            apply(connection, shop_id, [change for number in range(1, products + 1) for change in _goods(number)])
        try:
            yield settings, shop_id, products
        finally:
            database.close()


def _goods(number: int) -> Iterator[Change]:
    yield Current(Location(str(PLACE)), START)
    ids = range(number * 10, number * 10 + VARIANTS)
    price = Money(Decimal("19.99"), "USD")
    variants = tuple(Variant(str(each), price=price, inventory_item=f"{each}7", tracked=True) for each in ids)
    yield Current(Product(str(number), f"Product {number}", variants=variants, published_at=START), START)
    for each in ids:
        yield Current(InventoryLevel(f"{each}7", str(PLACE), 5), START)


def _requests(count: int, products: int, draw: random.Random) -> Iterator[bytes]:
    """Deliveries, each once, as ready-made requests; those of one thing in no order of time."""
    topics = draw.choices(list(MIX), list(MIX.values()), k=count)
    for place, topic in enumerate(topics):
        at = START + timedelta(minutes=draw.randrange(20_000))
        body = json.dumps(_body(topic, place, draw.randrange(1, products + 1), at, draw)).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": sign(SECRET, body),
            "X-Shopify-Shop-Domain": SHOP,
            "X-Shopify-Webhook-Id": f"00000000-0000-4000-8000-{place:012d}",
            "X-Shopify-Triggered-At": at.strftime("%Y-%m-%dT%H:%M:%S.123456789Z"),
        }
        yield post_bytes("/webhooks/shopify", body, headers)


def _body(topic: str, place: int, product: int, at: datetime, draw: random.Random) -> dict[str, Any]:
    when, variant = at.isoformat(timespec="seconds"), product * 10 + draw.randrange(VARIANTS)
    match topic.partition("/")[0]:
        case "inventory_levels":
            level = {"inventory_item_id": variant * 10 + 7, "location_id": PLACE, "available": draw.randrange(-1, 9)}
            return {**level, "updated_at": when}
        case "variants":
            return {**_variant(variant), "product_id": product, "inventory_quantity": 0}
        case "products":
            variants = [_variant(product * 10 + each) for each in range(VARIANTS)]
            gids = [{"admin_graphql_api_id": f"gid://shopify/ProductVariant/{each['id']}"} for each in variants]
            told = {"id": product, "title": f"Product {product}", "status": "active", "updated_at": when}
            text = {"body_html": "<p>As good as new</p>" * 40, "tags": "a, b", "published_at": START.isoformat()}
            return {**told, **text, "variants": variants, "variant_gids": gids}
    lines = [_line(place * LINES + each, draw.randrange(1, product + 1)) for each in range(LINES)]
    buyer = {"id": draw.randrange(1, 5000), "email": "made-up@example.com", "first_name": "Made", "last_name": "Up"}
    order = {"id": ORDERS + place, "created_at": when, "updated_at": when, "currency": "USD", "customer": buyer}
    return {**order, "source_name": "web", "line_items": lines, "refunds": [], "note_attributes": []}


def _variant(number: int) -> dict[str, Any]:
    told = {"id": number, "title": "Small", "price": "19.99", "inventory_policy": "deny", "sku": f"SKU-{number}"}
    return {**told, "inventory_item_id": number * 10 + 7, "option1": "Small", "position": 1, "inventory_quantity": 3}


def _line(number: int, product: int) -> dict[str, Any]:
    money = {"shop_money": {"amount": "19.99", "currency_code": "USD"}}
    told = {"id": number + 1, "product_id": product, "variant_id": product * 10, "quantity": 1, "current_quantity": 1}
    return {**told, "title": "A thing", "price": "19.99", "price_set": money, "total_discount_set": money}


@contextmanager
def _draining(url: str, shop_id: int) -> Iterator[None]:
    """A process that applies what waits, as a worker does."""
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    worker = spawn.Process(target=_drain, args=(url, shop_id, stop), daemon=True)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(timeout=60)


def _drain(url: str, shop_id: int, stop: Any) -> None:
    database = Database(url)
    while not stop.wait(PAUSE_SECONDS):
        while drain(database, shop_id, now=datetime.now(UTC)):
            pass
    database.close()


def _kept(settings: Settings, shop_id: int) -> int:
    database = Database(settings.database_url)
    here = (DELIVERY.c.shop_id == shop_id, DELIVERY.c.status != DeliveryStatus.PARKED)
    with database.read() as connection:
        found = connection.execute(select(func.count()).select_from(DELIVERY).where(*here)).scalar_one()
    database.close()
    return int(found)


BENCHMARK = Benchmark(
    name="shopify-webhooks",
    summary="milliseconds until a signed Shopify webhook is answered, at 200 a second, with its stock applied",
    run=run,
    quick=False,
    minutes=1.5,
)
