"""What the ranker is told of each candidate, by name; and what it believes before a shop's own orders teach it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

# Who asks what: each has a ranker of its own. A stranger's visit or product page; a known customer's, whose earlier
# purchases speak as well; and a known customer's home page.
VISIT, PRODUCT, KNOWN_VISIT, KNOWN_PRODUCT, HOME = "visit", "product", "known visit", "known product", "home"
PAGES = (VISIT, PRODUCT, KNOWN_VISIT, KNOWN_PRODUCT, HOME)

# Lists of neighbours that a model may carry, each a feature of its own.
TOGETHER, WORDS, LINEAR, GRAPH = "together", "words", "linear", "graph"
# What earlier visits went on to; see `sessions`.
VISITS = "visits"

# together, words, linear, graph: what the visit's products say of a candidate, newest loudest, the best candidate 1.
# newest: what co-purchase says from the newest product alone. fold_in: the ALS score, the best candidate 1.
# trending, popular: log of decayed and of all orders, the shop's best 1. season: log of the lift ahead.
# bought: log of 1 + the customer's own decayed purchases of it; bought_before: 1 where there are any.
# category: the share of the visit that lies in the candidate's category. visits: odds by what earlier visits went on
# to, the best candidate 1.
FEATURES = (
    TOGETHER,
    WORDS,
    LINEAR,
    GRAPH,
    "newest",
    "fold_in",
    "trending",
    "popular",
    "season",
    "bought",
    "bought_before",
    "category",
    VISITS,
)

# Log-odds, between what Online Retail's and Complete Journey's summer liked best: neither's test weeks are in it.
PRIOR: Mapping[str, float] = MappingProxyType(
    {
        TOGETHER: 1.0,
        WORDS: 1.5,
        LINEAR: 1.0,
        GRAPH: 0.5,
        "newest": 1.0,
        "fold_in": 1.0,
        "trending": 2.0,
        "popular": 0.5,
        "season": 0.5,
        "bought": 1.5,
        "bought_before": 1.0,
        "category": 0.3,
        VISITS: 3.0,
    }
)


def prior_weights() -> NDArray[np.float32]:
    """The weights of a shop that has taught nothing yet, float32 (features,)."""
    return np.array([PRIOR[name] for name in FEATURES], np.float32)
