"""A shop's first slates, before anything was sold: varied, complete products first, nothing that can't be bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from flask.testing import FlaskClient

from connectors.records import Current
from integration.settings import Settings
from integration.storage.database import Database
from tests.making import START, level, make_shop, product, write

KINDS = {"mugs": range(1, 13), "rugs": range(13, 17), "lamps": range(17, 21)}


def slate(client: FlaskClient, count: int) -> list[str]:
    answer = client.get("/v1/slates", query_string={"shop": "demo", "placement": "home", "count": count})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    assert found["strategy"] == "newest"
    return [item["product"] for item in found["items"]]


def open_shop(database: Database, settings: Settings) -> tuple[int, dict[str, str]]:
    """A shop of three kinds of product, two thirds of them mugs, all published at once; and the kind of each."""
    shop_id = make_shop(database, settings)
    kinds = {f"p{number}": kind for kind, numbers in KINDS.items() for number in numbers}
    for key, kind in kinds.items():
        write(database, shop_id, product(int(key[1:]), product_type=kind, image_url="/a.svg", url="/p"))
    return shop_id, kinds


def test_the_first_slate_takes_turns_between_the_kinds_of_product(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    _, kinds = open_shop(database, settings)
    shown = [kinds[key] for key in slate(client, 9)]
    assert set(shown) == set(KINDS)
    assert all(len(set(shown[at : at + 4])) > 1 for at in range(6))
    assert sum(a != b for a, b in pairwise(shown)) >= 4


def test_a_product_without_a_picture_comes_after_those_that_have_one(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    for number, picture in enumerate(("/1.svg", "/2.svg", ""), start=1):
        write(database, shop_id, product(number, product_type="mugs", image_url=picture, url="/p"))
    assert slate(client, 3)[-1] == "p3"
    pictured = product(3, product_type="mugs", image_url="/3.svg", url="/p")[0]
    assert isinstance(pictured, Current)
    write(database, shop_id, [replace(pictured, version=START + timedelta(hours=1))])
    assert slate(client, 3)[0] == "p3"


def test_what_is_sold_out_is_not_in_the_first_slate(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    shop_id, kinds = open_shop(database, settings)
    for number in KINDS["mugs"]:
        write(database, shop_id, [level(number, 0, START + timedelta(days=1))])
    assert {kinds[key] for key in slate(client, 48)} == {"rugs", "lamps"}
