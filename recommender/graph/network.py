"""The network that learns product vectors, on PyTorch. Imported by `train_vectors` alone, never to serve."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch.nn import functional

from recommender.graph.edges import ProductGraph
from recommender.graph.train import GraphParameters

FIRST_STRENGTH = 0.1
# Up to so many times the negatives, all products are told from an answer and none is drawn.
ALL_FIT = 2
TINY = 1e-9


class Learner:
    """Vectors of products on their way, and one step at a time to better ones.

    The steps along the graph are linear, so they and their gradients are plain sparse products outside the network,
    and the network itself only sees the rows that a batch is about.
    """

    def __init__(self, graph: ProductGraph, clicked: NDArray[np.int64], parameters: GraphParameters) -> None:
        """clicked: int64 (n,), how often each product was clicked; one that never was has no vector of its own."""
        torch.set_num_threads(parameters.threads)
        self._graph, self._parameters = graph, parameters
        self._chance = np.random.default_rng(parameters.seed)
        self._dropping = torch.Generator().manual_seed(parameters.seed)
        self._all_fit = graph.n_items <= ALL_FIT * parameters.negatives
        self._popularity = clicked / max(int(clicked.sum()), 1)
        nodes = graph.adjacency.shape[0]
        self._own = np.ones((nodes, 1), np.float32)
        self._own[: graph.n_items, 0] = clicked > 0
        first = FIRST_STRENGTH * self._chance.standard_normal((nodes, parameters.factors), dtype=np.float32)
        self._base = torch.nn.Parameter(torch.from_numpy(first * self._own))
        self._positions = torch.nn.Parameter(torch.linspace(0.0, -3.0, parameters.clicks))
        self._mix = torch.nn.Parameter(torch.zeros(parameters.layers + 1))
        self._learnt = [self._base, self._positions, self._mix]
        self._adam = torch.optim.Adam(self._learnt, lr=parameters.learning_rate)

    def state(self) -> list[torch.Tensor]:
        """A copy of what is learnt so far, for `restore`."""
        return [each.detach().clone() for each in self._learnt]

    def restore(self, state: list[torch.Tensor]) -> None:
        """Go back to an earlier `state`."""
        with torch.no_grad():
            for each, before in zip(self._learnt, state, strict=True):
                each.copy_(before)

    def step(self, seen: NDArray[np.int32], followed: NDArray[np.int32], rate: float) -> float:
        """Learn from one batch, see `batches`. rate: share of the full learning rate. Returns the loss."""
        for group in self._adam.param_groups:
            group["lr"] = rate * self._parameters.learning_rate
        candidates = self._candidates(followed[followed >= 0])
        rows = np.union1d(candidates, seen[seen >= 0])
        near = self._graph.adjacency[rows]
        leaves = [torch.from_numpy(layer).requires_grad_() for layer in self._reached(rows, near)]
        loss = self._loss(self._mixed(leaves), rows, candidates, seen, followed)
        self._adam.zero_grad()
        loss.backward()
        self._base.grad = torch.from_numpy(self._gradient(leaves, rows, near))
        self._adam.step()
        return float(loss.detach())

    def vectors(self) -> NDArray[np.float32]:
        """The products' vectors as they are now, float32 (n, d), of length 1 or 0."""
        with torch.no_grad():
            layers = [torch.from_numpy(layer[: self._graph.n_items]) for layer in self._layers(self._parameters.layers)]
            found: NDArray[np.float32] = self._mixed(layers).numpy()
        return found

    def position_weights(self) -> NDArray[np.float32]:
        """What a click counts, the newest first, float32 (clicks,); the newest counts 1."""
        weights = self._positions.detach().numpy()
        counts: NDArray[np.float32] = np.exp(weights - weights[0]).astype(np.float32)
        return counts

    def _candidates(self, answers: NDArray[np.int32]) -> NDArray[np.int64]:
        """Rows that the answers are to be told from, ascending: all where there are few, else a sample and they."""
        if self._all_fit:
            return np.arange(self._graph.n_items)
        drawn = self._chance.integers(0, self._graph.n_items, self._parameters.negatives)
        return np.union1d(answers, drawn)

    def _layers(self, steps: int) -> list[NDArray[np.float32]]:
        """The base, and what so many steps along the graph make of it, each float32 (nodes, d)."""
        layers = [self._base.detach().numpy()]
        for _ in range(steps):
            layers.append(self._graph.adjacency @ layers[-1])
        return layers

    def _reached(self, rows: NDArray[np.int64], near: sparse.csr_matrix) -> list[NDArray[np.float32]]:
        """The same with all steps, of these rows alone; near: their rows of the adjacency. The last step is short."""
        if not self._parameters.layers:
            return [self._base.detach().numpy()[rows]]
        layers = self._layers(self._parameters.layers - 1)
        return [*(layer[rows] for layer in layers), near @ layers[-1]]

    def _gradient(
        self, leaves: list[torch.Tensor], rows: NDArray[np.int64], near: sparse.csr_matrix
    ) -> NDArray[np.float32]:
        """The base's gradient from those of `_reached`: back along the graph, which is symmetric."""
        *inner, last = [leaf.grad.numpy() for leaf in leaves]
        if not inner:
            alone = np.zeros(tuple(self._base.shape), np.float32)
            alone[rows] = last
            return alone * self._own
        gradient: NDArray[np.float32] = near.T @ last
        for number, of_rows in reversed(list(enumerate(inner))):
            gradient[rows] += of_rows
            if number:
                gradient = self._graph.adjacency @ gradient
        gradient *= self._own
        return gradient

    def _mixed(self, layers: list[torch.Tensor]) -> torch.Tensor:
        shares = torch.softmax(self._mix, 0)
        mixed = sum(share * layer for share, layer in zip(shares, layers, strict=True))
        return functional.normalize(mixed, dim=1)

    def _loss(
        self,
        vectors: torch.Tensor,
        rows: NDArray[np.int64],
        candidates: NDArray[np.int64],
        seen: NDArray[np.int32],
        followed: NDArray[np.int32],
    ) -> torch.Tensor:
        """Cross-entropy of the followers among the candidates, each weighed by how likely it was to be drawn."""
        is_asked = followed >= 0
        sessions = self._sessions(vectors, rows, seen)[torch.from_numpy(is_asked)]
        table = vectors[torch.from_numpy(np.searchsorted(rows, candidates))]
        logits = self._parameters.scale * (sessions @ table.T)
        answers = torch.from_numpy(np.searchsorted(candidates, followed[is_asked]))[:, None]
        right = logits.gather(1, answers)
        logits = (logits - self._log_chances(candidates, int(is_asked.sum()))).scatter(1, answers, right)
        return functional.cross_entropy(logits, answers[:, 0])

    def _sessions(self, vectors: torch.Tensor, rows: NDArray[np.int64], seen: NDArray[np.int32]) -> torch.Tensor:
        """The session's vector after each of its clicks, (b, l, d), of length 1."""
        at = torch.from_numpy(np.where(seen >= 0, np.searchsorted(rows, seen), 0))
        clicks = vectors[at] * torch.from_numpy((seen >= 0).astype(np.float32))[:, :, None]
        kept = torch.rand(clicks.shape, generator=self._dropping) >= self._parameters.dropout
        back = torch.arange(seen.shape[1])[:, None] - torch.arange(seen.shape[1])
        weights = torch.exp(self._positions[back.clamp(min=0)]) * (back >= 0)
        return functional.normalize(weights @ (clicks * kept), dim=2)

    def _log_chances(self, candidates: NDArray[np.int64], asked: int) -> torch.Tensor:
        """Log of the chance that a candidate is among them, as an answer of the batch or as drawn, float32 (c,)."""
        if self._all_fit:
            return torch.zeros(len(candidates))
        missed = asked * np.log1p(-np.minimum(self._popularity[candidates], 1 - TINY))
        missed = missed + self._parameters.negatives * np.log1p(-1 / self._graph.n_items)
        return torch.from_numpy(np.log(-np.expm1(missed)).astype(np.float32))
