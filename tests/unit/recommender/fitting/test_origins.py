from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import artifacts
from recommender.backtests.lists import in_stock
from recommender.interactions import Catalogue, Purchases
from recommender.model import Model
from recommender.serving.alignment import align
from recommender.serving.availability import Availability
from recommender.serving.origins import moment
from recommender.serving.slates import Context, build_slate
from recommender.training import fit
from tests.unit.recommender.shops import SMALL, catalogue, purchases, silent

# Germans buy the products of kind 0, Britons those of the other three.
ABROAD, HERE = "country:DE", "country:GB"


def shop() -> tuple[Purchases, Catalogue, list[str]]:
    sold = purchases(orders=900)
    kind = sold.item % 4
    return sold, catalogue(), ["DE" if each == 0 else "GB" for each in kind.tolist()]


def fitted(country: Sequence[str] | None) -> Model:
    sold, goods, _ = shop()
    told = None if country is None else np.array(country)
    return fit(sold, goods, SMALL, serving=None, serving_until=None, progress=silent, country=told).model


@pytest.fixture(scope="module")
def model() -> Model:
    return fitted(shop()[2])


def kinds(model: Model, *origins: str, count: int = 8) -> list[int]:
    """Of which kinds the products on the home page of a visit from somewhere are."""
    slate = build_slate(in_stock(model, catalogue()), Context("home", (), (), (), count, (), origins))
    return [item.row % 4 for item in slate.items]


def test_visitors_of_whom_only_the_country_is_known_see_what_it_buys(model: Model) -> None:
    assert kinds(model, ABROAD) == [0] * 8
    assert 0 not in kinds(model, HERE)


def test_a_country_that_nobody_ordered_from_changes_nothing(model: Model) -> None:
    assert kinds(model, "country:FR", "device:mobile", "referrer:search") == kinds(model)


def test_a_shop_that_knows_no_countries_serves_all_alike() -> None:
    plain = fitted(None)
    assert kinds(plain, ABROAD) == kinds(plain)


def test_what_is_sold_out_is_not_shown_to_anybody(model: Model) -> None:
    aligned = in_stock(model, catalogue())
    availability = np.where(np.arange(40) % 8 == 0, Availability.SOLD_OUT, Availability.IN_STOCK).astype(np.int8)
    empty = align(model, replace(aligned.shelf, availability=availability))
    slate = build_slate(empty, Context("home", (), (), (), 40, (), (ABROAD,)))
    shown = [item.row for item in slate.items]
    assert sorted(shown) == np.flatnonzero(np.arange(40) % 8 != 0).tolist()
    assert [row % 4 for row in shown[:5]] == [0] * 5


def test_a_visit_of_which_more_is_known_goes_by_that(model: Model) -> None:
    aligned = in_stock(model, catalogue())
    seen = (int(catalogue().product_ids[1]),)
    plain = Context("home", seen, (), (), 6)
    slate = build_slate(aligned, plain)
    assert slate.strategy == "session"
    assert build_slate(aligned, replace(plain, origins=(ABROAD,))) == slate


def test_an_artifact_keeps_it(model: Model, tmp_path: Path) -> None:
    artifacts.save(model, tmp_path / "v1", {})
    assert kinds(artifacts.load(tmp_path / "v1")[0], ABROAD) == kinds(model, ABROAD)


@given(st.integers(0, 4_000_000_000_000_000))
def test_every_moment_has_an_hour_and_a_weekday(now: int) -> None:
    hour, weekday = moment(now)
    assert 0 <= int(hour.removeprefix("hour:")) < 24
    assert 0 <= int(weekday.removeprefix("weekday:")) < 7
