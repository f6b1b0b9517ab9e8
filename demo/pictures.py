"""A picture for every product: a flat drawing of the thing that its title names, in its own colours."""

from __future__ import annotations

import colorsys
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files

FALLBACK = "box"
LONGEST_PHRASE = 3
# Things that look the same whatever the product's colour.
FIXED = {
    "paper": "#fbf7ef",
    "ink": "#33312e",
    "wood": "#c99d6b",
    "straw": "#d9b979",
    "leaf": "#6d9c5b",
    "leafdark": "#4b7a48",
    "yolk": "#f0bd4f",
    "cocoa": "#5c3d2e",
    "sky": "#cfe3ea",
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one picture, as hex."""

    main: str
    dark: str
    light: str
    accent: str
    ground: str
    glow: str


@lru_cache(maxsize=4096)
def draw(title: str, colour: str = "") -> str:
    """The picture of a product as SVG. The same title and colour always give the same picture.

    colour: the colour that was chosen, as a word; "" takes the one in the title, or one that the title's hash picks.
    """
    draws = _Draws(title)
    name = drawing_of(title)
    palette = _palette(title, colour, draws)
    art, has_floor = _drawings()[name]
    shadow = '<ellipse cx="200" cy="322" rx="128" ry="12" fill="#33312e" opacity=".13"/>' if has_floor else ""
    drawing = _coloured(art, palette)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400">'
        f"<defs>{_face(palette, draws)}</defs>"
        f'<rect width="400" height="400" fill="{palette.ground}"/>{_backdrop(palette, draws)}'
        f'<g transform="translate(38 40) scale(.81)">{shadow}{drawing}</g></svg>'
    )


@lru_cache(maxsize=4096)
def drawing_of(title: str) -> str:
    """Name of the drawing that a title asks for: of its longest known phrases the last one."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    phrases = _phrases()
    for length in range(LONGEST_PHRASE, 0, -1):
        for start in range(len(words) - length, -1, -1):
            found = phrases.get(" ".join(words[start : start + length]))
            if found:
                return found
    return FALLBACK


class _Draws:
    """Small whole numbers that follow from a text, one after the other."""

    def __init__(self, text: str) -> None:
        self._bytes = blake2b(text.encode(), digest_size=16).digest()
        self._next = 0

    def below(self, limit: int) -> int:
        self._next += 1
        return self._bytes[self._next - 1] % limit


def _palette(title: str, colour: str, draws: _Draws) -> Palette:
    colours = _colours()
    named = [colours[word] for word in re.findall(r"[a-z]+", title.lower()) if word in colours]
    every = list(colours.values())
    main = colours.get(colour.lower()) or next(iter(named), every[draws.below(len(every))])
    hue, lightness, saturation = _hls(main)
    return Palette(
        main=main,
        dark=_hex(hue, lightness * 0.68, min(saturation * 1.05, 1)),
        light=_hex(hue, 1 - (1 - lightness) * 0.42, saturation),
        accent=_accent(main, every, draws),
        ground=_hex(hue + draws.below(40) / 400 - 0.05, 0.93, min(saturation, 0.42)),
        glow=_hex(hue + draws.below(40) / 400 - 0.05, 0.87, min(saturation, 0.45)),
    )


def _accent(main: str, every: Sequence[str], draws: _Draws) -> str:
    """A colour of the same box that is neither near the main one in hue nor as pale as the ground."""
    hue = _hls(main)[0]
    start = draws.below(len(every))
    for each in (*every[start:], *every[:start]):
        other, lightness, saturation = _hls(each)
        apart = min(abs(other - hue), 1 - abs(other - hue))
        if apart > 0.12 and saturation > 0.3 and lightness < 0.68:
            return each
    return FIXED["yolk"]


def _face(palette: Palette, draws: _Draws) -> str:
    """The pattern on the main face of the thing: plain as often as not."""
    motifs = _named("motif-")
    chosen = draws.below(2 * len(motifs))
    motif = _coloured(motifs[chosen], palette) if chosen < len(motifs) else ""
    base = f'<rect width="32" height="32" fill="{palette.main}"/>'
    return f'<pattern id="face" width="32" height="32" patternUnits="userSpaceOnUse">{base}{motif}</pattern>'


def _backdrop(palette: Palette, draws: _Draws) -> str:
    backdrops = _named("backdrop-")
    return _coloured(backdrops[draws.below(len(backdrops))], palette)


def _coloured(art: str, palette: Palette) -> str:
    named = {
        **FIXED,
        "main": palette.main,
        "dark": palette.dark,
        "light": palette.light,
        "accent": palette.accent,
        "glow": palette.glow,
        "face": "url(#face)",
    }
    return re.sub(r'(fill|stroke)="([a-z]+)"', lambda m: f'{m[1]}="{named.get(m[2], m[2])}"', art)


@cache
def _drawings() -> Mapping[str, tuple[str, bool]]:
    """Drawing's name -> its inner SVG, and whether it stands on a floor. The file has one drawing a line."""
    text = files("demo").joinpath("drawings.svg").read_text("utf-8")
    found = re.findall(r'^<g id="([\w-]+)"( data-floor="none")?>(.*)</g>$', text, re.MULTILINE)
    return {name: (inner, not floorless) for name, floorless, inner in found}


@cache
def _named(prefix: str) -> Sequence[str]:
    return [inner for name, (inner, _) in _drawings().items() if name.startswith(prefix)]


@cache
def _phrases() -> Mapping[str, str]:
    words = tomllib.loads(files("demo").joinpath("words.toml").read_text("utf-8"))["drawings"]
    return {phrase: name for name, phrases in words.items() for phrase in phrases}


@cache
def _colours() -> Mapping[str, str]:
    colours: dict[str, str] = tomllib.loads(files("demo").joinpath("words.toml").read_text("utf-8"))["colours"]
    return colours


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return colorsys.rgb_to_hls(red, green, blue)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, min(max(lightness, 0), 1), min(max(saturation, 0), 1))
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
