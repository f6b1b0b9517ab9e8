"""Products and variations as the REST API writes them, in its answers and in the bodies of webhooks alike.

A webhook's body of a variable product only names its variations, each of which sends its own. A simple product has one
variant, which goes by the product's number; all ids of products and variations come out of one range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from connectors.records import (
    Change,
    Current,
    InventoryLevel,
    InventoryPolicy,
    Money,
    Product,
    ProductStatus,
    RecordKind,
    Refetch,
    Removed,
    SoldOut,
    Variant,
    VariantOf,
)
from connectors.woocommerce.body import (
    Body,
    Listed,
    Scalar,
    address,
    decimal,
    is_yes,
    items,
    moment,
    number,
    numbers,
    pieces,
    plain,
    read_version,
    text,
    version_of,
)

LOCATION = "shop"
# No body names the currency of its prices: it is the shop's.
UNTOLD = frozenset({"variants.currency"})
MOST_OF_A_KIND = 250
MOST_PLACES_IN_A_MENU = 1_000_000
_BACKORDERS = frozenset({"yes", "notify"})
_UNCATEGORIZED = "uncategorized"


class Term(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A category, a tag or a brand."""

    name: Scalar = None
    slug: Scalar = None


class Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture."""

    src: Scalar = None


class Attribute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a product is like, or can be had in; of a variation the one `option` that it is."""

    name: Scalar = None
    option: Scalar = None
    options: Listed[Scalar] = None
    visible: Scalar = None


class ProductBody(Body, frozen=True, kw_only=True):
    """A product or a variation as it is now."""

    id: Scalar
    type: Scalar = None
    parent_id: Scalar = None
    name: Scalar = None
    slug: Scalar = None
    permalink: Scalar = None
    status: Scalar = None
    catalog_visibility: Scalar = None
    post_password: Scalar = None
    purchasable: Scalar = None
    description: Scalar = None
    short_description: Scalar = None
    sku: Scalar = None
    price: Scalar = None
    regular_price: Scalar = None
    on_sale: Scalar = None
    manage_stock: Scalar = None
    stock_quantity: Scalar = None
    stock_status: Scalar = None
    backorders: Scalar = None
    date_created_gmt: Scalar = None
    date_modified_gmt: Scalar = None
    categories: Listed[Term] = None
    tags: Listed[Term] = None
    brands: Listed[Term] = None
    images: Listed[Image] = None
    attributes: Listed[Attribute] = None
    variations: Listed[Scalar] = None
    menu_order: Scalar = None

    @property
    def aggregate(self) -> str:
        """The product, of a variation the one that it belongs to."""
        return f"product/{number(self.parent_id) if self.is_variation else number(self.id)}"

    @property
    def is_variation(self) -> bool:
        """Whether it is one form of another product; plugins have types of their own, such as subscriptions."""
        return text(self.type).endswith("variation")

    @property
    def has_variations(self) -> bool:
        """Whether it is sold in forms that have their own bodies."""
        return not self.is_variation and (text(self.type).startswith("variable") or bool(numbers(self.variations)))

    def kept(self) -> ProductBody:
        """Without a password, of which only that there is one matters."""
        return msgspec.structs.replace(self, post_password="*" if text(self.post_password) else None)

    def changes(self, at: datetime) -> Sequence[Change]:
        """What a webhook of it says."""
        return self.told(self.version(at))

    def version(self, at: datetime) -> datetime:
        """The version of what a webhook says. Raises ValueError on the body of something else."""
        if self.type is None or self.status is None or self.name is None:
            raise ValueError("it is no product")
        return version_of(moment(self.date_modified_gmt), at)

    def told(self, version: datetime) -> list[Change]:
        """The product as of `version`, as far as one body tells it."""
        if self.is_variation:
            return [*_variation(self, version), *_sold_out(self, version)]
        if self.has_variations:
            return _variable(self, version)
        return [*_simple(self, version), *_sold_out(self, version)]


def read(body: ProductBody, variations: Sequence[ProductBody] | None, asked: datetime) -> list[Change]:
    """A product, or a variation alone, that was read when the shop's clock said `asked`.

    It is Removed where it lies in the trash. variations: all that it has; None where they were not asked for.
    """
    version = read_version(moment(body.date_modified_gmt), asked)
    if text(body.status) == "trash":
        kind = RecordKind.VARIANT if body.is_variation else RecordKind.PRODUCT
        return [Removed(kind, number(body.id), version)]
    if body.is_variation:
        return _variation(body, version)
    if not body.has_variations:
        return _simple(body, version)
    if variations is None:
        return [each for each in _variable(body, version) if not isinstance(each, Refetch)]
    versions = [(each, read_version(moment(each.date_modified_gmt), asked)) for each in variations]
    parent = number(body.id)
    forms = tuple(_variant(each, parent, place, own) for place, (each, own) in enumerate(versions))
    levels = [change for each, own in versions for change in _level(each, parent, own)]
    return [Current(_product(body, forms), version, UNTOLD), *_level(body, parent, version), *levels]


@dataclass(frozen=True, slots=True)
class Stock:
    """How much of something there is. item: under whose id it is counted. available: None where nothing is counted."""

    item: str
    available: int | None
    policy: InventoryPolicy

    @property
    def tracked(self) -> bool:
        """Whether it can run out."""
        return self.available is not None


def stock_of(body: ProductBody, parent: str = "") -> Stock:
    """What can be sold of a product or a variation.

    A status of "outofstock" is the shop's last word: it may stand beside a count, below which nothing is to be sold.
    """
    own, status = number(body.id), text(body.stock_status)
    if body.is_variation and not _is_offered(body):
        return Stock(own, 0, InventoryPolicy.DENY)
    if text(body.type) == "external":
        return Stock(own, None, InventoryPolicy.DENY)
    counted_by = parent if text(body.manage_stock) == "parent" and parent else own
    count = pieces(body.stock_quantity) if counted_by != own or is_yes(body.manage_stock) else None
    if status == "outofstock":
        return Stock(counted_by if count is not None else own, min(count or 0, 0), InventoryPolicy.DENY)
    waits = status == "onbackorder" or (count is not None and text(body.backorders) in _BACKORDERS)
    return Stock(
        counted_by if count is not None else own, count, InventoryPolicy.CONTINUE if waits else InventoryPolicy.DENY
    )


def _simple(body: ProductBody, version: datetime) -> list[Change]:
    own = number(body.id)
    product = _product(body, (_variant(body, own, 0, version),))
    return [Current(product, version, UNTOLD), *_level(body, own, version)]


def _variable(body: ProductBody, version: datetime) -> list[Change]:
    own, named = number(body.id), numbers(body.variations)
    untold = UNTOLD | {"variants" if body.variations is None else "variants.details"}
    product = _product(body, tuple(Variant(each) for each in named))
    asked = [Refetch(RecordKind.PRODUCT, own)] if named or body.variations is None else []
    return [Current(product, version, untold), *_level(body, own, version), *asked]


def _variation(body: ProductBody, version: datetime) -> list[Change]:
    parent = number(body.parent_id)
    place = pieces(body.menu_order) or 0
    variant = _variant(body, parent, max(0, min(place, MOST_PLACES_IN_A_MENU)), version)
    return [Current(VariantOf(parent, variant), version, UNTOLD), *_level(body, parent, version)]


def _level(body: ProductBody, parent: str, version: datetime) -> list[Change]:
    """The pieces, where they are counted; those of a parent are told by each of its variations too."""
    stock = stock_of(body, parent)
    if stock.available is None or (body.has_variations and not is_yes(body.manage_stock)):
        return []
    return [Current(InventoryLevel(stock.item, LOCATION, stock.available), version)]


def _sold_out(body: ProductBody, version: datetime) -> list[Change]:
    """That nothing is left, where another body of the very same second may say otherwise: better hidden than sold out.

    Times tell whole seconds, and bodies come in any order.
    """
    stock, own = stock_of(body, text(body.parent_id)), number(body.id)
    if stock.available is None or stock.available > 0 or stock.policy is InventoryPolicy.CONTINUE:
        return []
    owner = number(body.parent_id) if body.is_variation else own
    return [SoldOut(own, version + datetime.resolution, owner, even_untracked=True)]


def _variant(body: ProductBody, parent: str, place: int, version: datetime) -> Variant:
    stock = stock_of(body, parent)
    options = _options(body) if body.is_variation else {}
    price, regular = decimal(body.price), decimal(body.regular_price)
    reduced = price is not None and regular is not None and is_yes(body.on_sale) and regular > price
    return Variant(
        external_id=number(body.id),
        title=" / ".join(options.values())[:1000],
        sku=text(body.sku, 255),
        price=None if price is None else Money(price, ""),
        compare_at_price=Money(regular, "") if reduced and regular is not None else None,
        options=options,
        inventory_item=stock.item,
        tracked=stock.tracked,
        policy=stock.policy,
        position=place,
        version=version,
    )


def _options(body: ProductBody) -> dict[str, str]:
    named = {plain(each.name, 255): plain(each.option, 255) for each in items(body.attributes)[:MOST_OF_A_KIND]}
    return {name: option for name, option in named.items() if name and option}


def _product(body: ProductBody, variants: tuple[Variant, ...]) -> Product:
    created = moment(body.date_created_gmt)
    status = _status(body)
    categories = [each for each in items(body.categories)[:MOST_OF_A_KIND] if text(each.slug) != _UNCATEGORIZED]
    return Product(
        external_id=number(body.id),
        title=plain(body.name, 1000),
        handle=text(body.slug, 255),
        description=plain(body.description) or plain(body.short_description),
        vendor=next(iter(_names(body.brands)), ""),
        product_type=next((name for each in categories if (name := plain(each.name, 255))), ""),
        tags=tuple(_names(body.tags) + _traits(body))[:MOST_OF_A_KIND],
        url=address(body.permalink),
        image_url=next((found for each in items(body.images) if (found := address(each.src))), ""),
        collections=tuple(slug for each in categories if (slug := text(each.slug, 255))),
        status=status,
        published=status is not ProductStatus.DRAFT,
        published_at=created,
        variants=variants,
    )


def _names(terms: Listed[Term]) -> list[str]:
    return [name for each in items(terms)[:MOST_OF_A_KIND] if (name := plain(each.name, 255))]


def _traits(body: ProductBody) -> list[str]:
    """What the shop lets shoppers see of a product besides, such as "Color: Gray"."""
    shown = [each for each in items(body.attributes)[:MOST_OF_A_KIND] if each.visible is not False]
    pairs = [(plain(each.name, 100), plain(option, 150)) for each in shown for option in items(each.options)]
    return [f"{name}: {option}" for name, option in pairs if name and option]


def _status(body: ProductBody) -> ProductStatus:
    """A product without a price can't be bought; links to other shops and groups never can, and are shown all the same.

    "search" and "hidden" products can be bought by whoever finds them, but a catalogue page never shows them.
    """
    if text(body.status) != "publish":
        return ProductStatus.DRAFT
    hidden = text(body.catalog_visibility) in {"hidden", "search"} or bool(text(body.post_password))
    buyable = text(body.type) in {"external", "grouped"} or body.has_variations or body.purchasable is not False
    return ProductStatus.UNLISTED if hidden or not buyable else ProductStatus.ACTIVE


def _is_offered(variation: ProductBody) -> bool:
    """A variation that the merchant switched off is "private"; one without a price can't be bought."""
    return text(variation.status) in {"publish", ""} and variation.purchasable is not False
