"""Stock deliveries against slates, on the real server, in several processes, on both databases."""

from __future__ import annotations

from array import array
from dataclasses import replace

from benchmarks.stock_race import Shopfront, run, violates
from benchmarks.web_server import served
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import SECRET, make_shop, stock

PRODUCTS = range(1, 41)


def test_no_slate_that_was_computed_after_a_200_holds_an_empty_product(database: Database, settings: Settings) -> None:
    stock(database, make_shop(database, settings), PRODUCTS)
    with served(replace(settings, web_processes=2)) as port:
        shop = Shopfront(port, "demo", SECRET, [f"p{each}" for each in PRODUCTS], [f"v{each}" for each in PRODUCTS])
        race = run(shop, slates=3000, readers=2, writers=2, seed=20261123, most_seconds=150)
    assert race.slates == 3000
    assert race.violations == 0
    # It was a race: shelves were emptied all the while, and slates were not empty.
    assert race.emptied > 20
    assert race.shown > race.slates


def test_the_judge_of_the_race_does_see_a_sold_out_product() -> None:
    gone = {1: [(10.0, 20.0), (30.0, 40.0)]}

    def judged(asked: float, answered: float, *products: int) -> bool:
        return violates((asked, answered, array("H", products)), gone)

    assert judged(11.0, 12.0, 2, 1)
    assert judged(31.0, 39.0, 1)
    assert not judged(9.0, 12.0, 1)
    assert not judged(19.0, 21.0, 1)
    assert not judged(25.0, 26.0, 1)
    assert not judged(11.0, 12.0, 2)
