"""Everything that a fit can be told, with the values that the backtests chose."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """How to fit, backtest and serve. The same parameters, purchases and catalogue give the same model.

    factors, regularization, alpha: of the implicit ALS; confidence is 1 + alpha x weight.
    iterations: in all; two thirds on what lies before the backtest, the rest from there on everything. More than 10
    changed no figure (docs/developers/recommender.md).
    half_life_days: age at which a purchase weighs half; trending_half_life_days: the same for what is trending.
    largest_basket: an order of more products than this is a day's till or a restock: it tells nothing of pairs.
    neighbours: how many are kept for each product.
    together_*: damping of co-purchase by popularity (exponent) and its shrinkage (in average products).
    similar_weight, factor_weight: shares of words and of factors beside co-purchase in which neighbours a product gets;
    in which order they are shown is learnt, see `blend`.
    seed_decay: what one step back in a session is worth; seeds: how many of its newest products count.
    linear_products: a catalogue of which at most so many were bought has a closed-form linear model as well; its cost
    goes with their cube. linear_regularization, linear_half_life_days: of it, see docs/developers/personal.md.
    content_dimensions: of the vectors by which products nobody bought are given factors.
    history_half_life_days: age at which a customer's own earlier purchase counts half.
    choices: so many of the past's last orders teach each kind of page its order of candidates.
    held_out_days: length of the backtest's test weeks; cases: at most so many test cases, drawn by `seed`.
    threads: of the fit.
    """

    factors: int = 64
    regularization: float = 10.0
    alpha: float = 5.0
    iterations: int = 10
    half_life_days: float = 180.0
    trending_half_life_days: float = 14.0
    largest_basket: int = 500
    neighbours: int = 100
    together_damping: float = 0.3
    together_shrinkage: float = 0.1
    factor_weight: float = 0.1
    similar_weight: float = 0.3
    seed_decay: float = 0.6
    seeds: int = 8
    linear_products: int = 4000
    linear_regularization: float = 300.0
    linear_half_life_days: float = 90.0
    content_dimensions: int = 64
    history_half_life_days: float = 180.0
    choices: int = 1000
    held_out_days: int = 28
    cases: int = 2000
    threads: int = 2
    seed: int = 20261123

    def as_dict(self) -> dict[str, int | float]:
        """Plain numbers by name, for a manifest."""
        return asdict(self)
