"""What the demo shop sells, read from assortment.toml: departments, types, brands, seasons."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class GoodsType:
    """A kind of goods, such as watering cans.

    season: twelve factors, January first. rhythm: days until a buyer needs it again, 0 for never.
    companions: types that go into the same basket.
    """

    name: str
    department: str
    materials: tuple[str, ...]
    price: tuple[int, int]
    options: tuple[str, ...]
    season: tuple[float, ...]
    season_name: str
    rhythm: int
    weight: float
    companions: tuple[str, ...]
    about: str
    untracked: bool


@dataclass(frozen=True, slots=True)
class Brand:
    """A maker. `lines`: the series it gives its goods; `style`: what its buyers like."""

    name: str
    style: str
    colours: tuple[str, ...]
    lines: tuple[str, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Assortment:
    """Everything that goods are made from. `choices`: an option's name -> its values."""

    currency: str
    locations: tuple[str, ...]
    types: tuple[GoodsType, ...]
    brands: tuple[Brand, ...]
    choices: Mapping[str, tuple[str, ...]]

    @property
    def departments(self) -> tuple[str, ...]:
        """Names of the departments, in the order of the file."""
        return tuple(dict.fromkeys(each.department for each in self.types))

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles, in the order of the brands."""
        return tuple(dict.fromkeys(each.style for each in self.brands))


@cache
def assortment() -> Assortment:
    """The demo shop's assortment."""
    raw = tomllib.loads(files("demo").joinpath("assortment.toml").read_text("utf-8"))
    return Assortment(
        currency=raw["currency"],
        locations=tuple(raw["locations"]),
        types=tuple(_type(each, d["name"], raw["seasons"]) for d in raw["departments"] for each in d["types"]),
        brands=tuple(_brand(each, raw["styles"]) for each in raw["brands"]),
        choices={name: tuple(values) for name, values in raw["choices"].items()},
    )


@cache
def department_texts() -> Mapping[str, str]:
    """What the shop says of each department."""
    raw = tomllib.loads(files("demo").joinpath("assortment.toml").read_text("utf-8"))
    return {each["name"]: each["about"] for each in raw["departments"]}


def _type(raw: Mapping[str, Any], department: str, seasons: Mapping[str, list[float]]) -> GoodsType:
    low, high = raw["price"]
    return GoodsType(
        name=raw["name"],
        department=department,
        materials=tuple(raw["materials"]),
        price=(low, high),
        options=tuple(raw["options"]),
        season=tuple(seasons[raw["season"]]),
        season_name=raw["season"],
        rhythm=raw.get("rhythm", 0),
        weight=raw["weight"],
        companions=tuple(raw["with"]),
        about=raw["about"],
        untracked=raw.get("untracked", False),
    )


def _brand(raw: Mapping[str, Any], styles: Mapping[str, list[str]]) -> Brand:
    return Brand(
        name=raw["name"],
        style=raw["style"],
        colours=tuple(raw["colours"]),
        lines=tuple(styles[raw["style"]]),
        about=raw["about"],
    )
