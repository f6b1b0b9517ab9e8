from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import artifacts
from recommender.fitting.visits import visit_cases
from recommender.interactions import Catalogue
from recommender.model import Model
from recommender.serving.availability import Availability
from recommender.serving.shelf import Shelf
from recommender.serving.slates import Context, align, build_slate
from recommender.sessions.visits import NO_VISITS, Visits, visits_of
from recommender.training import Fit, fit
from tests.unit.recommender.shops import DAY, SMALL, START, catalogue, purchases, silent

N = 40
NEXT = np.random.default_rng(4).permutation(N)
PLAIN = Catalogue(catalogue().product_ids, np.full(N, -1, np.int32), [""] * N)


def trails(visits: int = 1500, days: int = 200) -> Visits:
    """Visits of four products each, in which most who look at a product go on to the one that NEXT names."""
    rng = np.random.default_rng(6)
    seen = np.empty((visits, 4), np.int64)
    seen[:, 0] = rng.integers(0, N, visits)
    for step in range(1, 4):
        strays = rng.random(visits) < 0.2
        seen[:, step] = np.where(strays, rng.integers(0, N, visits), NEXT[seen[:, step - 1]])
    numbers = np.repeat(np.arange(visits), 4)
    times = START + numbers * days * DAY // visits + np.tile(np.arange(4), visits) * 1000
    return visits_of(numbers, seen.ravel().astype(np.int32), times)


def fitted(visits: Visits, orders: int = 600) -> Fit:
    bought = purchases(orders=orders)
    return fit(bought, PLAIN, SMALL, serving=None, serving_until=None, progress=silent, visits=visits)


@pytest.fixture(scope="module")
def model() -> Model:
    return fitted(trails()).model


def shown(model: Model, seen: list[int], stock: dict[int, Availability] | None = None) -> list[int]:
    availability = np.full(N, Availability.IN_STOCK, np.int8)
    for row, state in (stock or {}).items():
        availability[row] = state
    shelf = Shelf(PLAIN.product_ids, availability, PLAIN.category, np.arange(N, dtype=np.int32))
    session = tuple(PLAIN.product_ids[seen].tolist())
    slate = build_slate(align(model, shelf), Context("home", session, (), (), 5))
    return [item.row for item in slate.items]


def test_what_visitors_go_on_to_leads_the_slate(model: Model) -> None:
    assert model.next_item is not None
    firsts = [shown(model, [int(np.flatnonzero(row == NEXT)[0]), row])[0] for row in range(N)]
    assert np.mean(np.array(firsts) == NEXT) > 0.9


def test_the_reason_names_the_product_of_the_visit_and_counts_no_orders(model: Model) -> None:
    row = 7
    shelf = Shelf(PLAIN.product_ids, np.full(N, 3, np.int8), PLAIN.category, np.arange(N, dtype=np.int32))
    slate = build_slate(align(model, shelf), Context("home", (int(PLAIN.product_ids[row]),), (), (), 1))
    (item,) = slate.items
    assert item.row == NEXT[row]
    assert (item.reason.kind, item.reason.because, item.reason.count) == ("session", PLAIN.product_ids[row], None)


def test_a_sold_out_product_is_not_shown_however_many_went_on_to_it(model: Model) -> None:
    for row in range(N):
        assert NEXT[row] not in shown(model, [row], {int(NEXT[row]): Availability.SOLD_OUT})


def test_the_artifact_holds_them(model: Model, tmp_path: Path) -> None:
    artifacts.save(model, tmp_path / "v1", {})
    loaded, _ = artifacts.load(tmp_path / "v1")
    assert loaded.next_item is not None
    assert [shown(loaded, [row, 3]) for row in range(N)] == [shown(model, [row, 3]) for row in range(N)]


def test_visits_that_tell_nothing_are_not_listened_to() -> None:
    rng = np.random.default_rng(1)
    numbers = np.repeat(np.arange(1200), 3)
    chance = visits_of(numbers, rng.integers(0, N, 3600).astype(np.int32), START + numbers * DAY // 6)
    assert fitted(chance).model.next_item is None


def test_a_shop_with_few_orders_and_many_visits_is_served_by_visits() -> None:
    model = fitted(trails(), orders=6).model
    assert model.next_item is not None
    assert shown(model, [5])[0] == NEXT[5]


def test_a_shop_with_few_visits_has_none_to_go_by() -> None:
    assert fitted(trails(100), orders=6).model.next_item is None
    assert fitted(NO_VISITS).model.next_item is None


views = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 50)), max_size=60)


@given(views)
def test_a_visit_is_what_was_looked_at_in_its_order(seen: list[tuple[int, int, int]]) -> None:
    columns = np.array(seen, np.int64).reshape(-1, 3)
    found = visits_of(columns[:, 0], columns[:, 1].astype(np.int32), columns[:, 2])
    by_hand = []
    for number in {session for session, _, _ in seen}:
        mine = sorted((time, place, item) for place, (session, item, time) in enumerate(seen) if session == number)
        items = [item for place, (_, _, item) in enumerate(mine) if place == 0 or mine[place - 1][2] != item]
        if len(items) > 1:
            by_hand.append(items)
    mine_found = [found.items[a:b].tolist() for a, b in zip(found.bounds, found.bounds[1:], strict=False)]
    assert sorted(mine_found) == sorted(by_hand)
    assert (np.diff(found.ended) >= 0).all()


@given(views, st.integers(-1, 51))
def test_nothing_that_ended_later_is_in_the_visits_before_a_moment(seen: list[tuple[int, int, int]], cut: int) -> None:
    columns = np.array(seen, np.int64).reshape(-1, 3)
    found = visits_of(columns[:, 0], columns[:, 1].astype(np.int32), columns[:, 2])
    past = found.before(cut)
    assert len(past) == (found.ended < cut).sum()
    assert (past.ended < cut).all()
    assert past.bounds[-1] == len(past.items)


def test_a_case_asks_for_something_new_by_what_was_seen_before_it() -> None:
    found = visits_of(np.zeros(4, np.int64), np.array([3, 5, 3, 8], np.int32), np.arange(4))
    cases = visit_cases(found, (0, 10), 5, 1)
    assert (cases.prefixes, cases.wanted.tolist()) == ([[3, 5]], [[8]])
    assert len(visit_cases(found, (0, 3), 5, 1)) == 0
