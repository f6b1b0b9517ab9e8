"""A cart comes out of its cookie as it went in, and nonsense is an empty cart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demo.cart import MOST_LINES, MOST_PIECES, read_cart, write_cart

ids = st.text(min_size=1, max_size=20)
carts = st.dictionaries(st.tuples(ids, ids), st.integers(1, MOST_PIECES), max_size=MOST_LINES)


@given(cart=carts)
def test_a_cart_survives_its_cookie(cart: dict[tuple[str, str], int]) -> None:
    assert read_cart(write_cart(cart)) == cart


@given(cookie=st.text(max_size=200))
def test_nonsense_is_an_empty_cart(cookie: str) -> None:
    assert read_cart(cookie) == {}


def test_a_forged_cookie_can_not_ask_for_more_than_a_cart_holds() -> None:
    forged = write_cart({("p", "v"): 10**9})
    assert read_cart(forged) == {("p", "v"): MOST_PIECES}
