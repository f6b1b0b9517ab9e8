from __future__ import annotations

import numpy as np
import pytest

from recommender.content.visitors import fit_context_prior


def _sales(tells: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """4,000 lines of ten products; where it tells, country 0 buys the first five and country 1 the others."""
    rng = np.random.default_rng(2)
    country = rng.integers(0, 2, 4000).astype(np.int32)
    item = rng.integers(0, 5, 4000) + 5 * country if tells else rng.integers(0, 10, 4000)
    return item.astype(np.int32), country, np.arange(4000)


def test_a_country_that_buys_otherwise_is_shown_otherwise() -> None:
    item, country, time = _sales(tells=True)
    prior = fit_context_prior(item, {"country": country}, time, 10)
    assert set(np.argsort(-prior.scores({"country": 0}))[:5].tolist()) == set(range(5))
    assert set(np.argsort(-prior.scores({"country": 1}))[:5].tolist()) == set(range(5, 10))


def test_a_trait_that_tells_nothing_is_left_out() -> None:
    item, country, time = _sales(tells=False)
    prior = fit_context_prior(item, {"country": country}, time, 10)
    np.testing.assert_allclose(prior.scores({"country": 0}), prior.scores({}), atol=0.02)


def test_what_is_not_known_of_a_visit_changes_nothing() -> None:
    item, country, time = _sales(tells=True)
    prior = fit_context_prior(item, {"country": country}, time, 10)
    for visit in ({"country": -1}, {"country": 99}, {"device": 1}):
        np.testing.assert_array_equal(prior.scores(visit), prior.scores({}))


def test_one_sale_of_a_country_does_not_make_its_taste() -> None:
    item, country, time = _sales(tells=True)
    item, country, time = (
        np.append(item, 3).astype(np.int32),
        np.append(country, 2).astype(np.int32),
        np.append(time, 0),
    )
    prior = fit_context_prior(item, {"country": country}, time, 10)
    assert prior.scores({"country": 2})[3] < 0.5


def test_shares_sum_to_one_and_a_shop_without_sales_has_even_ones() -> None:
    nothing = np.zeros(0, np.int32)
    prior = fit_context_prior(nothing, {"country": nothing}, np.zeros(0, np.int64), 4)
    assert prior.scores({"country": 0}).tolist() == pytest.approx([0.25] * 4)
    assert len(fit_context_prior(nothing, {}, np.zeros(0, np.int64), 0).scores({})) == 0
