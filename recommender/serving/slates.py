"""Slates: what to show now, in which order and why. The path of every click; no I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from recommender.serving.alignment import Aligned, Offer, align
from recommender.serving.availability import Availability
from recommender.serving.ranking import Ranked, rank_neighbours, rank_session

__all__ = ["Aligned", "Context", "RankedSlate", "Reason", "SlateItem", "align", "build_slate"]

TELLING_COUNT = 10
LATE_SHARE = 4
_LOW = int(Availability.LOW)
_SOLD_OUT = int(Availability.SOLD_OUT)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about the page and the visit, in product ids.

    session: what was viewed and put into the cart, oldest first. viewing: what the page shows, the main one last.
    count: how many products are wanted.
    """

    placement: str
    session: tuple[int, ...]
    viewing: tuple[int, ...]
    cart: tuple[int, ...]
    count: int


class Reason(NamedTuple):
    """Why a product is in a slate.

    kind: session, similar, bought_together, same_category, trending or new. because: the product id that led here.
    count: orders that hold both, None when under 10.
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
    """What a context means, in shelf rows. newest_first: of the whole visit, each once.

    in_session: whether there is more to the visit than what this page shows. focus: what the page is about.
    """

    newest_first: list[int]
    in_session: bool
    focus: list[int]
    barred: list[int]


_TRENDING = Reason("trending", None, None)
_NEW = Reason("new", None, None)
_EMPTY = RankedSlate("", ())


def build_slate(aligned: Aligned, context: Context) -> RankedSlate:
    """The best products to show, at most `context.count`, from the first rungs of the ladder that have any.

    Rungs: session, item, category, trending, newest; each fills what the ones above left open. Never a product that
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
    return _Place(newest_first, not set(session) <= set(viewing), focus, [*viewing, *cart])


def _climbed(aligned: Aligned, offer: Offer, place: _Place, count: int) -> list[SlateItem]:
    """The ladder, rung by rung, until the slate is full."""
    items: list[SlateItem] = []
    taken = set(place.barred)
    if place.in_session:
        _add_neighbours(items, taken, aligned, offer, place, count, session=True)
    if len(items) < count and place.focus:
        _add_neighbours(items, taken, aligned, offer, place, count, session=False)
        for row in place.focus:
            if len(items) == count:
                break
            reason = Reason("same_category", int(aligned.shelf.product_ids[row]), None)
            wanted = count - len(items) + len(taken)
            _add_rows(items, taken, aligned, aligned.of_category(offer, row, wanted), "category", reason, count)
    if len(items) < count:
        _add_rows(items, taken, aligned, offer.trending[: count + len(taken)].tolist(), "trending", _TRENDING, count)
    if len(items) < count:
        _add_rows(items, taken, aligned, offer.newest[: count + len(taken)].tolist(), "newest", _NEW, count)
    return items


def _add_neighbours(
    items: list[SlateItem], taken: set[int], aligned: Aligned, offer: Offer, place: _Place, count: int, *, session: bool
) -> None:
    """What follows from the whole visit (session), or from the products in focus alone (item)."""
    if aligned.model is None:
        return
    seen = place.newest_first if session else place.focus
    seeds = aligned.model_rows(seen)[: aligned.model.serving.seeds]
    if not seeds:
        return
    barred = aligned.model_rows([*place.newest_first, *taken])
    wanted = count - len(items)
    if session:
        ranked = rank_session(aligned, offer, aligned.model, seeds, barred, wanted)
    else:
        ranked = rank_neighbours(offer, aligned.model, seeds, barred, wanted)
    rows = aligned.shelf_row[ranked.rows].tolist()
    _add_ranked(items, taken, aligned, rows, ranked, *(("session", "session") if session else ("item", "similar")))


def _add_ranked(
    items: list[SlateItem],
    taken: set[int],
    aligned: Aligned,
    rows: list[int],
    ranked: Ranked,
    strategy: str,
    kind: str,
) -> None:
    product_ids, availability = aligned.shelf.product_ids[rows].tolist(), aligned.shelf.availability[rows].tolist()
    for row, product_id, stock, score, because, count in zip(
        rows, product_ids, availability, ranked.scores, ranked.because, ranked.counts, strict=True
    ):
        if because is None:
            reason = _TRENDING
        elif count >= TELLING_COUNT:
            reason = Reason("bought_together", because, count)
        else:
            reason = Reason(kind, because, None)
        items.append(SlateItem(row, product_id, score, strategy, reason, stock == _SOLD_OUT, stock == _LOW))
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
        items.append(SlateItem(row, product_id, score, strategy, reason, stock == _SOLD_OUT, stock == _LOW))


def _with_late(items: list[SlateItem], unmasked: list[SlateItem], count: int) -> list[SlateItem]:
    """The slate with sold-out products at its end: those of `unmasked`, a slate built as if they could be bought."""
    room = max(count // LATE_SHARE, count - len(items))
    late = [item for item in unmasked if item.back_soon][:room]
    return [*items[: count - len(late)], *late]
