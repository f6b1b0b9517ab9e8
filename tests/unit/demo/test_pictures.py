"""Every product has a picture, and it is always the same one."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.assortment import assortment
from demo.pictures import FALLBACK, draw, drawing_of

TYPES = [each.name for each in assortment().types]


@pytest.mark.parametrize("name", TYPES)
def test_every_type_of_goods_has_a_drawing_of_its_own(name: str) -> None:
    assert drawing_of(f"Harlow Oak {name}") != FALLBACK


@pytest.mark.parametrize(
    ("title", "drawing"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "candlestick"),
        ("RED RETROSPOT CAKE STAND", "cake-stand"),
        ("JUMBO BAG RED RETROSPOT", "bag"),
        ("ALARM CLOCK BAKELIKE RED", "clock"),
        ("84029E", FALLBACK),
        ("", FALLBACK),
    ],
)
def test_an_unknown_shop_is_drawn_from_the_words_of_its_titles(title: str, drawing: str) -> None:
    assert drawing_of(title) == drawing


@given(title=st.text(max_size=60), colour=st.text(max_size=12))
def test_any_title_gives_well_formed_svg_that_holds_nothing_of_the_title(title: str, colour: str) -> None:
    picture = draw(title, colour)
    root = ET.fromstring(picture)
    assert root.tag.endswith("svg")
    assert picture == draw(title, colour)
    assert not re.search(r"<script|onload|href", picture)


def test_a_colour_that_was_chosen_is_the_one_that_is_shown() -> None:
    assert "#3d5278" in draw("Harlow Mug", "navy")
    assert "#3d5278" not in draw("Harlow Mug", "coral")
