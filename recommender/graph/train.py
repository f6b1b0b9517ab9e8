"""Learning product vectors on the graph. It takes PyTorch, which is imported inside `train_vectors` alone."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recommender.graph.edges import ProductGraph
from recommender.graph.vectors import ProductVectors
from recommender.graph.windows import Cases, batches, cases_of, shuffled_within, windows_of

if TYPE_CHECKING:
    from recommender.graph.network import Learner

Progress = Callable[[str, float], None]

HELD_OUT, MOST_HELD_OUT, MOST_CASES = 0.05, 4000, 4000
HIT = 20
# Share of the sessions that a last pass takes, those of the validation cut among them.
NEWEST = 0.2
# Of the learning rate: when it is at its full, and what is left of it in the end.
WARM_UP, LAST_RATE = 0.05, 0.05
LEARNT = 0.95
CASES_AT_ONCE = 256


class TorchMissing(ImportError):
    """Product vectors can be served without PyTorch, but not learnt."""

    def __init__(self) -> None:
        super().__init__(
            "learning the product graph needs PyTorch, which is not installed here: `make setup-graph` in a checkout, "
            "or pip install 'shelfwise-app[graph]'"
        )


@dataclass(frozen=True, slots=True)
class GraphParameters:
    """How the vectors are learnt.

    factors: d. layers: how many steps along the graph are mixed into a vector; the mix is learnt. clicks: so many of a
    session count. ordered: whether the order of a session's clicks tells anything; that of a bag of purchases does not.
    rounds: so often every session is seen; the one that the validation cut likes best stays. fewest_steps: few sessions
    are seen more often in a round, until so many steps are done in all. asked: clicks asked for in a step. negatives:
    products drawn beside the step's own to be told from them. scale: of the cosine; dropout: of a session's clicks.
    """

    factors: int = 96
    layers: int = 1
    clicks: int = 20
    ordered: bool = True
    rounds: int = 2
    fewest_steps: int = 200
    asked: int = 1024
    negatives: int = 2048
    learning_rate: float = 0.005
    scale: float = 14.0
    dropout: float = 0.2
    threads: int = 1
    seed: int = 20261123


def need_torch() -> None:
    """Raise TorchMissing where PyTorch is not installed; it is looked for, not imported."""
    if importlib.util.find_spec("torch") is None:
        raise TorchMissing


def train_vectors(
    product_ids: NDArray[np.int64],
    bounds: NDArray[np.int64],
    items: NDArray[np.int32],
    graph: ProductGraph,
    parameters: GraphParameters | None = None,
    progress: Progress = lambda _stage, _fraction: None,
) -> ProductVectors:
    """Vectors of a shop's products, learnt from its sessions along the graph of what relates them.

    product_ids: int64 (n,), ascending. bounds: int64 (s + 1,), where each session begins in items, int32, rows of
    products; the oldest session first, and within it the oldest click. graph: of the same sessions or older ones.
    progress: called between steps with the stage and the share done; what it raises ends the work. The same input and
    seed give the same vectors. Raises TorchMissing.

    A product's vector is a mix of its own and of what lies one and more steps along the graph (LightGCN, He et al.,
    2020); a session's is the mean of its clicks' by learnt weights of position; both of length 1, and their cosine
    scaled for a softmax over the next click (NISER, Gupta et al., 2019), of which a sample is computed.
    """
    need_torch()
    from recommender.graph.network import Learner

    course = _Course(product_ids, bounds, items, parameters or GraphParameters(), progress)
    clicked = np.bincount(items[bounds[0] : bounds[-1]], minlength=graph.n_items)
    learner = Learner(graph, clicked, course.parameters)
    course.to_the_best(learner)
    course.newest(learner)
    progress("done", 1.0)
    return course.found(learner)


class _Course:
    """How a learner is led through the sessions."""

    def __init__(
        self,
        product_ids: NDArray[np.int64],
        bounds: NDArray[np.int64],
        items: NDArray[np.int32],
        parameters: GraphParameters,
        progress: Progress,
    ) -> None:
        self.product_ids, self.bounds, self.items = product_ids, bounds, items
        self.parameters, self.progress = parameters, progress
        self.chance = np.random.default_rng(parameters.seed)
        sessions = len(bounds) - 1
        self.cut = sessions - min(int(HELD_OUT * sessions), MOST_HELD_OUT)

    def to_the_best(self, learner: Learner) -> None:
        """Rounds over all but the newest sessions, up to the one that tells those newest best."""
        cases = cases_of(self.bounds[self.cut :], self.items, self.parameters.clicks, MOST_CASES)
        rounds = self.parameters.rounds
        steps = (
            max(1, windows_of(self.bounds[: self.cut + 1], self.items, self.parameters.clicks).asked)
            // self.parameters.asked
            + 1
        )
        passes = -(-self.parameters.fewest_steps // (rounds * steps))
        best, best_rate = learner.state(), -1.0
        for number in range(rounds):
            for again in range(passes):
                self._pass(learner, 0, self.cut, (number * passes + again) / (rounds * passes), 1 / (rounds * passes))
            rate = hit_rate(self.found(learner), cases)
            if rate >= best_rate:
                best, best_rate = learner.state(), rate
        learner.restore(best)

    def newest(self, learner: Learner) -> None:
        """One slow pass over the newest sessions, which have told when to stop and are now learnt from as well."""
        sessions = len(self.bounds) - 1
        self._pass(learner, sessions - max(int(NEWEST * sessions), sessions - self.cut), sessions, 1.0, 0.0)

    def found(self, learner: Learner) -> ProductVectors:
        """What the learner has come to."""
        return ProductVectors(self.product_ids, learner.vectors(), learner.position_weights(), self.parameters.scale)

    def _pass(self, learner: Learner, first: int, last: int, begun: float, share: float) -> None:
        """Every session from first to last once. begun, share: of the whole schedule, 0 to 1."""
        bounds, items = self.bounds[first : last + 1], self.items
        if not self.parameters.ordered:
            items = shuffled_within(self.bounds, items, self.chance)
        windows = windows_of(bounds, items, self.parameters.clicks)
        asked = 0
        for seen, followed in batches(windows, self.parameters.asked, self.chance):
            done = begun + share * asked / windows.asked
            self.progress("learning" if share else "newest", LEARNT * done)
            learner.step(seen, followed, _rate(done))
            asked += int((followed >= 0).sum())


def _rate(done: float) -> float:
    """The share of the full learning rate: it warms up, then falls in a line."""
    return min(1.0, done / WARM_UP + LAST_RATE) * (1 - (1 - LAST_RATE) * done)


def hit_rate(learnt: ProductVectors, cases: Cases) -> float:
    """The share of the cases whose wanted product is among the first 20; 0 where there are none."""
    hits = 0
    for first in range(0, len(cases.wanted), CASES_AT_ONCE):
        wanted = cases.wanted[first : first + CASES_AT_ONCE]
        scores = learnt.session_vectors(cases.prefixes[first : first + CASES_AT_ONCE]) @ learnt.vectors.T
        right = scores[np.arange(len(wanted)), wanted]
        hits += int(((scores > right[:, None]).sum(axis=1) < HIT).sum())
    return hits / max(len(cases.wanted), 1)
