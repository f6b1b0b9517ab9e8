"""Rows of a bulk result come together to objects, wherever they stand, and reading goes on where it broke off."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import PlatformError
from connectors.shopify.bulk import lines
from connectors.shopify.bulk.lines import Group, Groups, lines_of


class Row(msgspec.Struct, frozen=True):
    id: str
    parent: str = msgspec.field(default="", name="__parentId")


DECODE = msgspec.json.Decoder(Row).decode


def root(number: int) -> bytes:
    return json.dumps({"id": f"gid://shopify/Product/{number}"}).encode() + b"\n"


def child(number: int, of: int) -> bytes:
    row = {"id": f"gid://shopify/ProductVariant/{number}", "__parentId": f"gid://shopify/Product/{of}"}
    return json.dumps(row).encode() + b"\n"


def grouped(rows: Iterable[bytes], *, start: int = 0) -> Iterator[tuple[Group, int]]:
    """Groups, each with where to begin again once it is stored."""
    groups = Groups(DECODE, start=start, read=0)
    for group in groups.of(rows):
        yield group, groups.start


def contents(found: Iterable[tuple[Group, int]]) -> dict[str, list[str]]:
    return {group.id: [each.id for each in group.children] for group, _ in found if group.root is not None}


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "WINDOW_ROWS", 3)


shops = st.lists(st.integers(0, 5), min_size=1, max_size=12)
cuts = st.lists(st.integers(1, 40), max_size=30)


@given(shops, cuts)
def test_blocks_of_any_length_give_the_same_lines(children: list[int], sizes: list[int]) -> None:
    rows = [
        row for number, many in enumerate(children) for row in (root(number), *(child(n, number) for n in range(many)))
    ]
    whole, blocks, at = b"".join(rows), [], 0
    for size in sizes:
        blocks.append(whole[at : at + size])
        at += size
    assert list(lines_of([*blocks, whole[at:]])) == rows


@given(st.permutations(range(9)))
def test_children_are_found_in_any_order_inside_of_the_window(order: list[int]) -> None:
    rows = [
        root(1),
        child(11, 1),
        child(12, 1),
        root(2),
        child(21, 2),
        root(3),
        child(31, 3),
        child(32, 3),
        child(33, 3),
    ]
    found = contents(grouped(rows[place] for place in order))
    assert {key: sorted(value) for key, value in found.items()} == {
        f"gid://shopify/Product/{number}": [f"gid://shopify/ProductVariant/{number}{n}" for n in range(1, many + 1)]
        for number, many in ((1, 2), (2, 1), (3, 3))
    }


@given(shops, st.data())
def test_what_is_read_again_from_any_stored_place_is_the_rest(children: list[int], data: st.DataObject) -> None:
    rows = [
        row for number, many in enumerate(children) for row in (root(number), *(child(n, number) for n in range(many)))
    ]
    whole = b"".join(rows)
    all_of_it = list(grouped(lines_of([whole])))
    stop = data.draw(st.integers(1, len(all_of_it)))
    _, start = all_of_it[stop - 1]
    rest = contents(grouped(lines_of([whole[start:]]), start=start))
    assert contents(all_of_it[:stop]) | rest == contents(all_of_it)
    assert not contents(all_of_it[:stop]).keys() & rest.keys()


@pytest.mark.usefixtures("small_window")
def test_a_child_that_comes_far_too_late_has_its_object_asked_again() -> None:
    rows = [root(1), *(root(number) for number in range(2, 9)), child(11, 1)]
    groups = [group for group, _ in grouped(rows)]
    assert groups[0].id.endswith("/1")
    assert groups[0].root is not None
    assert groups[-1].id.endswith("/1")
    assert groups[-1].root is None


def test_a_row_of_an_unknown_shape_breaks_its_own_object_alone() -> None:
    odd = b'{"id": 7, "__parentId": "gid://shopify/Product/1"}\n'
    odd_root = b'{"id": "gid://shopify/Product/2", "__parentId": 5}\n'
    with pytest.raises(PlatformError, match="can't be read at byte"):
        list(grouped([root(1), odd]))
    whole = b'{"id": "gid://shopify/ProductVariant/3", "__parentId": "gid://shopify/Product/1"'
    with pytest.raises(PlatformError) as cut:
        list(grouped([root(1), whole]))
    assert cut.value.retryable
    with pytest.raises(PlatformError):
        list(grouped([odd_root]))


class Priced(Row, frozen=True):
    price: int = msgspec.field(default=0)


def test_a_row_with_a_strange_value_has_its_object_asked_again() -> None:
    groups = Groups(msgspec.json.Decoder(Priced).decode, start=0, read=0)
    strange = b'{"id": "gid://shopify/ProductVariant/9", "__parentId": "gid://shopify/Product/1", "price": "much"}\n'
    found = list(groups.of([root(1), strange, root(2)]))
    assert [(group.id[-1], group.is_broken) for group in found] == [("1", True), ("2", False)]


def test_a_line_without_end_is_refused_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE_BYTES", 1000)
    with pytest.raises(PlatformError, match="a line"):
        list(lines_of(b"x" * 100 for _ in range(100)))


def test_an_object_with_more_rows_than_any_has_is_asked_for_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_ROWS", 10)
    (group, _), *_ = grouped([root(1), *(child(number, 1) for number in range(50))])
    assert group.is_broken
    assert len(group.children) == 10
