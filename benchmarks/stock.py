"""stock: sold-out products in slates that were computed after the 200 of their inventory delivery."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.figures import Benchmark, Figure, Options
from benchmarks.made_shop import made_shop
from benchmarks.stock_race import Shopfront
from benchmarks.stock_race import run as race
from benchmarks.web_server import served

USERS, ITEMS, LINES = 500, 120, 10_000
SLATES = 100_000
WEB_PROCESSES = 2
READERS = WRITERS = 2


def run(options: Options) -> Iterator[Figure]:
    """Race stock deliveries against slates; 100,000 slates at scale 1. The baseline is what may be shown: none."""
    slates = max(1000, int(SLATES * options.scale))
    made = made_shop(users=USERS, items=ITEMS, lines=LINES, seed=options.seed, web_processes=WEB_PROCESSES)
    with made as shop, served(shop.settings) as port:
        front = Shopfront(port, shop.key, shop.secret, shop.products, shop.inventory_items)
        done = race(front, slates=slates, readers=READERS, writers=WRITERS, seed=options.seed)
    data = (
        f"{done.slates:,} slates with {done.shown:,} items, {done.deliveries:,} deliveries (doubled, late, out of "
        f"order) that emptied a shelf {done.emptied:,} times, {WEB_PROCESSES} web processes"
    )
    seed = options.seed
    name = "sold-out products in slates after a 200"
    yield Figure(name, done.violations, "slates", None, None, data, seed, at_least="0", aim="0 in 1,000,000")
    yield Figure("slates while deliveries race", done.slates / done.seconds, "/s", None, None, data, seed)
    yield Figure("deliveries while slates race", done.deliveries / done.seconds, "/s", None, None, data, seed)


BENCHMARK = Benchmark(
    name="stock",
    summary="sold-out products shown after the delivery that emptied their shelf was answered: none",
    run=run,
    quick=False,
    minutes=2.0,
)
