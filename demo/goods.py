"""The demo shop's goods, made up from a seed: products with options, prices, costs and stock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product as combinations
from random import Random

from connectors.records import InventoryLevel, InventoryPolicy, Money, Product, Variant
from demo.assortment import Assortment, Brand, GoodsType

DAYS_OF_HISTORY = 730
MAX_VARIANTS = 12


@dataclass(frozen=True, slots=True)
class Good:
    """A product with what its made-up buyers go by.

    popularity: how often it sells against the others, > 0. levels: its stock by location.
    """

    product: Product
    kind: GoodsType
    style: str
    line: str
    popularity: float
    levels: tuple[InventoryLevel, ...]


def make_goods(rng: Random, assortment: Assortment, *, count: int, now: datetime) -> list[Good]:
    """`count` products, spread evenly over the types; no two share a handle."""
    taken: set[str] = set()
    return [
        _good(rng, assortment, assortment.types[number % len(assortment.types)], number, taken, now)
        for number in range(count)
    ]


def slug(text: str) -> str:
    """Text as it stands in an address: small letters and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _good(rng: Random, assortment: Assortment, kind: GoodsType, number: int, taken: set[str], now: datetime) -> Good:
    brand, line, material, title = _name(rng, assortment, kind, taken)
    variants = tuple(_variants(rng, assortment, kind, brand, number))
    colour = next((each.options["Colour"] for each in variants if "Colour" in each.options), rng.choice(brand.colours))
    item = Product(
        external_id=str(100_001 + number),
        title=title,
        handle=slug(title),
        description=f"{kind.about} {_made_of(material, kind)} {brand.about}",
        vendor=brand.name,
        product_type=kind.department,
        tags=_tags(kind, material, brand),
        url=f"/demo/products/{slug(title)}",
        image_url=f"/demo/pictures/{slug(title)}.svg?colour={slug(colour)}",
        published_at=_published(rng, now),
        variants=variants,
    )
    return Good(
        product=item,
        kind=kind,
        style=brand.style,
        line=line,
        popularity=kind.weight * rng.lognormvariate(0, 0.9),
        levels=tuple(_levels(rng, assortment.locations, variants)),
    )


def _name(rng: Random, assortment: Assortment, kind: GoodsType, taken: set[str]) -> tuple[Brand, str, str, str]:
    while True:
        brand = rng.choice(assortment.brands)
        line, material = rng.choice(brand.lines), rng.choice(kind.materials)
        title = f"{line} {material} {kind.name}"
        if slug(title) in taken:
            # A small assortment has few names for a type: a series is then told apart by its maker.
            title = f"{brand.name} {title}"
        if slug(title) not in taken:
            taken.add(slug(title))
            return brand, line, material, title


def _made_of(material: str, kind: GoodsType) -> str:
    if kind.rhythm:
        return f"This one is our {material.lower()} {kind.name.lower()}, packed by hand."
    return f"The {material.lower()} version is the one that we use ourselves."


def _tags(kind: GoodsType, material: str, brand: Brand) -> tuple[str, ...]:
    season = () if kind.season_name == "even" else (kind.season_name,)
    everyday = ("refill",) if kind.rhythm else ()
    return (kind.name.lower(), material.lower(), brand.style, *season, *everyday)


def _published(rng: Random, now: datetime) -> datetime:
    """Three in four products were there before the first order; the others came since, some in the last days."""
    if rng.random() < 0.75:
        return now - timedelta(days=DAYS_OF_HISTORY + rng.uniform(1, 400))
    return now - timedelta(days=DAYS_OF_HISTORY * rng.random() ** 1.5)


def _variants(rng: Random, assortment: Assortment, kind: GoodsType, brand: Brand, number: int) -> Iterator[Variant]:
    axes = {_axis(option): _values(rng, assortment, option, brand) for option in kind.options}
    low, high = kind.price
    base = low + (high - low) * rng.betavariate(1.6, 2.6)
    cut = rng.choice((0.7, 0.75, 0.8)) if rng.random() < 0.14 else 1.0
    oversell = rng.random() < 0.06
    made_to_order = kind.untracked or rng.random() < 0.03
    for position, values in enumerate(list(combinations(*axes.values()))[:MAX_VARIANTS]):
        full = _price(rng, base * _size_factor(axes, values))
        price = full if cut == 1.0 else _price(rng, float(full) * cut)
        key = f"{number + 1:05d}{position:02d}"
        yield Variant(
            external_id=f"2{key}",
            title=" / ".join(values),
            sku=f"{slug(brand.name)[:3].upper()}-{key}",
            price=Money(price, assortment.currency),
            compare_at_price=Money(full, assortment.currency) if price < full else None,
            options=dict(zip(axes, values, strict=True)),
            inventory_item=f"3{key}",
            tracked=not made_to_order,
            policy=InventoryPolicy.CONTINUE if oversell else InventoryPolicy.DENY,
            unit_cost=Money(
                (price * Decimal(rng.randint(34, 58)) / 100).quantize(Decimal("0.01")), assortment.currency
            ),
            position=position,
        )


def _axis(option: str) -> str:
    names = {"colour": "Colour", "scent": "Scent", "grind": "Grind", "flex": "Flex", "pages": "Pages", "count": "Set"}
    return names.get(option, "Size")


def _values(rng: Random, assortment: Assortment, option: str, brand: Brand) -> tuple[str, ...]:
    values = brand.colours if option == "colour" else assortment.choices[option]
    keep = rng.randint(2, len(values))
    return tuple(values[:keep]) if option != "scent" else tuple(rng.sample(values, min(keep, 3)))


def _size_factor(axes: dict[str, tuple[str, ...]], values: Sequence[str]) -> float:
    """Each step in a size or a set costs a third more."""
    factor = 1.0
    for axis, value in zip(axes, values, strict=True):
        if axis in {"Size", "Set"}:
            factor *= 1 + axes[axis].index(value) / 3
    return factor


def _price(rng: Random, amount: float) -> Decimal:
    """A shop's price: under 20 it ends in .90 or .50, above in .00 or .99."""
    whole = max(int(amount), 2)
    ending = rng.choice(("0.50", "0.90", "0.90")) if whole < 20 else rng.choice(("0.00", "-0.01", "0.90"))
    return Decimal(whole) + Decimal(ending)


def _levels(rng: Random, locations: Sequence[str], variants: Sequence[Variant]) -> Iterator[InventoryLevel]:
    """Stock of a product: of a hundred, some five are sold out, three are down to one piece, and seven are low."""
    luck = rng.random()
    last = rng.randrange(len(variants))
    for position, variant in enumerate(variants):
        if not variant.tracked:
            continue
        if luck < 0.05 or (luck < 0.08 and position != last):
            pieces = 0
        elif luck < 0.08:
            pieces = 1
        elif luck < 0.15:
            pieces = rng.randint(0, 2)
        else:
            pieces = 0 if rng.random() < 0.04 else 2 + int(rng.gammavariate(1.6, 9))
        here = pieces if pieces < 2 else round(pieces * rng.uniform(0.5, 0.9))
        for location, available in zip(locations, (here, pieces - here), strict=True):
            yield InventoryLevel(variant.inventory_item, location, available)
