"""Slates: what to show now, in which order and why. The path of every click; no I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.blend.features import HOME, KNOWN_PRODUCT, KNOWN_VISIT, PRODUCT, VISIT
from recommender.serving.alignment import Aligned, Offer, align
from recommender.serving.availability import Availability
from recommender.serving.origins import trending_there
from recommender.serving.ranking import BOUGHT, CATEGORY, SELLS, Candidates, Known, Ranked, candidates, ranked
from recommender.serving.search import matching

__all__ = ["Aligned", "Context", "RankedSlate", "Reason", "SlateItem", "align", "build_slate"]

SEARCH = "search"
RUNGS = ("session", "item", "category", "trending", "newest")
TELLING_COUNT = 10
LATE_SHARE = 4
_LOW = int(Availability.LOW)
_SOLD_OUT = int(Availability.SOLD_OUT)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about the page and the visit, in product ids.

    session: what was viewed and put into the cart, oldest first. viewing: what the page shows, the main one last.
    count: how many products are wanted. history: what a known customer bought before, oldest first, each purchase with
    its age in days. origins: where and when the visit comes from, see `serving.origins`; it counts where nothing else
    does. query: the words of a search that the page answers.
    """

    placement: str
    session: tuple[int, ...]
    viewing: tuple[int, ...]
    cart: tuple[int, ...]
    count: int
    history: tuple[tuple[int, float], ...] = ()
    origins: tuple[str, ...] = ()
    query: str = ""


class Reason(NamedTuple):
    """Why a product is in a slate.

    kind: search (it has the words searched for), session, similar, bought_together, history (something bought before
    led here), bought_before (this very product was), same_category, trending or new. because: the product id that led
    here. count: orders that hold both, None when under 10.
    """

    kind: str
    because: int | None
    count: int | None  # type: ignore[assignment]  # hides tuple.count, which nobody asks a reason for


class SlateItem(NamedTuple):
    """One product of a slate. row: of the shelf. strategy: the rung that gave it. Scores compare within a rung only."""

    row: int
    product_id: int
    score: float
    strategy: str
    reason: Reason
    back_soon: bool
    low: bool


class RankedSlate(NamedTuple):
    """strategy: the first rung that gave something, "" when the slate is empty. items: best first, back soon last."""

    strategy: str
    items: tuple[SlateItem, ...]


class _Place(NamedTuple):
    """What a context means, in shelf rows. begin: the first of `RUNGS` to climb. newest_first: of the visit, each once.

    in_session: whether there is more to the visit than what this page shows. focus: what the page is about.
    """

    begin: int
    newest_first: list[int]
    in_session: bool
    focus: list[int]
    barred: list[int]
    history: list[int]
    times: list[float]
    origins: tuple[str, ...]
    query: str


class _Rung(NamedTuple):
    """A rung that ranks. page: whose ranker; kind: of its reasons; about: shelf rows it goes by, newest first."""

    strategy: str
    page: str
    kind: str
    about: list[int]


_TRENDING = Reason("trending", None, None)
_SEARCHED = Reason("search", None, None)
_NEW = Reason("new", None, None)
_EMPTY = RankedSlate("", ())
_NEVER = np.empty(0, np.float32)


def build_slate(aligned: Aligned, context: Context) -> RankedSlate:
    """The best products to show, at most `context.count`, from the first rungs of the ladder that have any.

    Rungs: search (where the page answers one), session (for a known customer on whom nothing newer is known:
    personal), item, category, trending, newest; each fills what the ones above left open. Never a product that
    is hidden, being viewed, in the cart or already in the slate. Sold-out ones only if the shelf says "back soon":
    those that would have had a place keep one, last, but at most a quarter of the slate unless places stay empty.
    """
    if context.count <= 0 or not len(aligned.shelf):
        return _EMPTY
    place = _placed(aligned, context)
    items = _climbed(aligned, aligned.sellable, place, context.count)
    if aligned.with_late is not None:
        items = _with_late(items, _climbed(aligned, aligned.with_late, place, context.count), context.count)
    return RankedSlate(items[0].strategy, tuple(items)) if items else _EMPTY


def _placed(aligned: Aligned, context: Context) -> _Place:
    session = aligned.rows_of(context.session)
    viewing = aligned.rows_of(context.viewing)
    cart = aligned.rows_of(context.cart)
    newest_first = list(dict.fromkeys([*reversed(viewing), *reversed(session), *reversed(cart)]))
    focus = list(dict.fromkeys([*reversed(viewing), *reversed(cart)])) or newest_first[:1]
    times = _times(aligned, context.history) if context.history else {}
    in_session = not set(session) <= set(viewing)
    model = aligned.model
    begin = 0 if model is None or viewing else RUNGS.index(model.serving.first_rung)
    about = (begin, newest_first, in_session, focus, [*viewing, *cart], [*times], [*times.values()])
    return _Place(*about, context.origins, context.query)


def _times(aligned: Aligned, history: tuple[tuple[int, float], ...]) -> dict[int, float]:
    """How often a customer bought each product, shelf row -> times halved by every half-life; the newest first."""
    if aligned.model is None or not len(aligned.shelf):
        return {}
    products, ages = zip(*reversed(history), strict=True)
    wanted = np.array(products, np.int64)
    found = np.minimum(aligned.shelf.product_ids.searchsorted(wanted), len(aligned.shelf) - 1)
    here = aligned.shelf.product_ids[found] == wanted
    worth = np.exp2(np.array(ages) / -aligned.model.serving.history_half_life_days)
    times: dict[int, float] = {}
    for row, each in zip(found[here].tolist(), worth[here].tolist(), strict=True):
        times[row] = times.get(row, 0.0) + each
    return times


def _climbed(aligned: Aligned, offer: Offer, place: _Place, count: int) -> list[SlateItem]:
    """The ladder, rung by rung, until the slate is full."""
    items: list[SlateItem] = []
    taken = set(place.barred)
    if place.query:
        found = matching(aligned, offer, place.query, count + len(taken))
        _add_rows(items, taken, aligned, found, SEARCH, _SEARCHED, count)
    for rung in _rungs(place):
        if len(items) < count:
            _add_ranked(items, taken, aligned, offer, place, count, rung)
    if len(items) < count and place.begin <= RUNGS.index("category"):
        for row in place.focus:
            if len(items) == count:
                break
            reason = Reason("same_category", int(aligned.shelf.product_ids[row]), None)
            wanted = count - len(items) + len(taken)
            _add_rows(items, taken, aligned, aligned.of_category(offer, row, wanted), "category", reason, count)
    if len(items) < count and place.begin <= RUNGS.index("trending"):
        wanted = count + len(taken)
        there = trending_there(aligned, offer, place.origins, wanted) if place.origins else []
        trending = dict.fromkeys([*there, *offer.trending[:wanted].tolist()])
        _add_rows(items, taken, aligned, [*trending], "trending", _TRENDING, count)
    if len(items) < count:
        _add_rows(items, taken, aligned, offer.newest[: count + len(taken)].tolist(), "newest", _NEW, count)
    return items


def _rungs(place: _Place) -> list[_Rung]:
    """The rungs that rank, of this visit; none where nothing is known of it."""
    rungs: list[_Rung] = []
    if place.begin > RUNGS.index("item"):
        return rungs
    if place.begin == 0 and place.in_session:
        rungs.append(_Rung("session", KNOWN_VISIT if place.history else VISIT, "session", place.newest_first))
    elif place.begin == 0 and place.history and not place.focus:
        rungs.append(_Rung("personal", HOME, "history", place.history))
    if place.focus:
        rungs.append(_Rung("item", KNOWN_PRODUCT if place.history else PRODUCT, "similar", place.focus))
    return rungs


def considered(aligned: Aligned, context: Context) -> Candidates | None:
    """What the first rung that ranks ranks, with stock masked; None where no rung has anything to go by."""
    place = _placed(aligned, context)
    for rung in _rungs(place)[:1]:
        known = _known(aligned, place, set(place.barred), rung)
        if aligned.model is not None and known is not None:
            return candidates(aligned, aligned.sellable, aligned.model, known, widely=rung.strategy != "item")
    return None


def _known(aligned: Aligned, place: _Place, taken: set[int], rung: _Rung) -> Known | None:
    """What a rung ranks by; None where the model knows nothing of it."""
    if aligned.model is None:
        return None
    seeds = aligned.model_rows(rung.about)[: aligned.model.serving.seeds]
    if not seeds:
        return None
    bought, times = _known_purchases(aligned, place)
    barred = aligned.model_rows([*taken])
    # What was bought before may be bought again; what lies in the visit is before the shopper's eyes already.
    seen = [] if rung.page == HOME else aligned.model_rows(place.newest_first)
    visit = [] if rung.page == HOME else aligned.model_rows(rung.about)[::-1]
    return Known(seeds, bought, times, [*seen, *barred], visit)


def _add_ranked(
    items: list[SlateItem], taken: set[int], aligned: Aligned, offer: Offer, place: _Place, count: int, rung: _Rung
) -> None:
    """The best of what a rung's products lead on to."""
    model, known = aligned.model, _known(aligned, place, taken, rung)
    if model is None or known is None:
        return
    found = candidates(aligned, offer, model, known, widely=rung.strategy != "item")
    ranker, trees = aligned.rankers[rung.page], model.trees.get(rung.page)
    best = ranked(aligned, model, known, found, ranker, count - len(items), trees)
    _add_items(items, taken, aligned, best, rung)


def _known_purchases(aligned: Aligned, place: _Place) -> tuple[list[int], NDArray[np.float32]]:
    if not place.history:
        return [], _NEVER
    rows = aligned.model_row[place.history]
    known = rows >= 0
    return rows[known].tolist(), np.array(place.times, np.float32)[known]


def _add_items(items: list[SlateItem], taken: set[int], aligned: Aligned, best: Ranked, rung: _Rung) -> None:
    rows = aligned.shelf_row[best.rows].tolist()
    product_ids, availability = aligned.shelf.product_ids[rows].tolist(), aligned.shelf.availability[rows].tolist()
    known = aligned.model.product_ids if aligned.model is not None else aligned.shelf.product_ids
    for row, product_id, stock, score, spoke, because, count in zip(
        rows, product_ids, availability, best.scores, best.kinds, best.because, best.counts, strict=True
    ):
        if spoke == SELLS:
            reason = _selling(aligned, row)
        elif spoke == BOUGHT:
            reason = Reason("bought_before", product_id, None)
        elif spoke == CATEGORY:
            reason = Reason("same_category", int(known[because]), None)
        elif count >= TELLING_COUNT:
            reason = Reason("bought_together", int(known[because]), count)
        else:
            reason = Reason(rung.kind, int(known[because]), None)
        items.append(SlateItem(row, product_id, score, rung.strategy, reason, stock == _SOLD_OUT, stock == _LOW))
    taken.update(rows)


def _add_rows(
    items: list[SlateItem],
    taken: set[int],
    aligned: Aligned,
    rows: list[int],
    strategy: str,
    reason: Reason,
    count: int,
) -> None:
    """The first of some shelf rows that are not in the slate yet."""
    fresh = [row for row in rows if row not in taken][: count - len(items)]
    taken.update(fresh)
    shelf = aligned.shelf
    product_ids, availability = shelf.product_ids[fresh].tolist(), shelf.availability[fresh].tolist()
    scores = aligned.trending[fresh].tolist()
    for row, product_id, stock, score in zip(fresh, product_ids, availability, scores, strict=True):
        why = _selling(aligned, row) if reason is _TRENDING else reason
        items.append(SlateItem(row, product_id, score, strategy, why, stock == _SOLD_OUT, stock == _LOW))


def _selling(aligned: Aligned, row: int) -> Reason:
    """That a shelf row sells; of what nobody bought yet, and is expected to, that it is new."""
    model = aligned.model
    return _TRENDING if model is not None and model.popular[aligned.model_row[row]] > 0 else _NEW


def _with_late(items: list[SlateItem], unmasked: list[SlateItem], count: int) -> list[SlateItem]:
    """The slate with sold-out products at its end: those of `unmasked`, a slate built as if they could be bought."""
    room = max(count // LATE_SHARE, count - len(items))
    late = [item for item in unmasked if item.back_soon][:room]
    return [*items[: count - len(late)], *late]
