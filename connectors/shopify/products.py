"""Products as the Admin API tells them, in bulk or one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import msgspec

from connectors.records import Current, InventoryPolicy, Money, Product, ProductStatus, Variant
from connectors.shopify.deliveries.body import text
from connectors.shopify.gids import bare
from connectors.shopify.markets import Alike, prices_in, sold_in
from connectors.shopify.paging import PageInfo
from connectors.shopify.versions import settled

POLICIES = {"DENY": InventoryPolicy.DENY, "CONTINUE": InventoryPolicy.CONTINUE}
STATUSES = {each.name: each for each in ProductStatus}
DESCRIPTION_LENGTH = 5000


class MoneyNode(msgspec.Struct, frozen=True, rename="camel"):
    """An amount with its currency."""

    amount: Decimal
    currency_code: str

    @property
    def money(self) -> Money:
        """As a record."""
        return Money(self.amount, self.currency_code)


class PriceNode(msgspec.Struct, frozen=True):
    """A price in a country."""

    price: MoneyNode


class ItemNode(msgspec.Struct, frozen=True, rename="camel"):
    """What is counted of a variant. unit_cost: unset where it was not asked."""

    id: str
    tracked: bool
    unit_cost: MoneyNode | msgspec.UnsetType | None = msgspec.UNSET


class OptionNode(msgspec.Struct, frozen=True):
    """What a variant is in one respect, such as "Size": "M"."""

    name: str
    value: str


class VariantNode(msgspec.Struct, frozen=True, rename="camel", tag_field="__typename", tag="ProductVariant"):
    """One buyable form of a product."""

    id: str
    title: str
    price: Decimal
    inventory_policy: str
    position: int
    inventory_item: ItemNode
    sku: str | None = None
    compare_at_price: Decimal | None = None
    selected_options: tuple[OptionNode, ...] = ()
    parent: str = msgspec.field(default="", name="__parentId")


class CollectionNode(msgspec.Struct, frozen=True, tag_field="__typename", tag="Collection"):
    """A collection that holds the product."""

    id: str
    handle: str
    parent: str = msgspec.field(default="", name="__parentId")


class Named(msgspec.Struct, frozen=True, rename="camel"):
    """A category of the standard taxonomy."""

    full_name: str


class Count(msgspec.Struct, frozen=True):
    """How many there are."""

    count: int


class Picture(msgspec.Struct, frozen=True):
    """A picture's address."""

    url: str


class Preview(msgspec.Struct, frozen=True):
    """The still picture of a medium."""

    image: Picture | None = None


class Media(msgspec.Struct, frozen=True):
    """A picture, film or model of a product."""

    preview: Preview | None = None


class Variants(msgspec.Struct, frozen=True, rename="camel"):
    """A page of variants."""

    page_info: PageInfo
    nodes: tuple[VariantNode, ...]


class Collections(msgspec.Struct, frozen=True, rename="camel"):
    """A page of collections."""

    page_info: PageInfo
    nodes: tuple[CollectionNode, ...]


class ProductNode(msgspec.Struct, frozen=True, rename="camel", tag_field="__typename", tag="Product"):
    """A product. published_on_publication: unset where it was not asked; variants, collections: None in bulk."""

    id: str
    handle: str
    title: str
    status: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    product_type: str = ""
    vendor: str = ""
    tags: tuple[str, ...] = ()
    is_gift_card: bool = False
    published_at: datetime | None = None
    online_store_url: str | None = None
    published_on_publication: bool | msgspec.UnsetType = msgspec.UNSET
    variants_count: Count | None = None
    category: Named | None = None
    featured_media: Media | None = None
    variants: Variants | None = None
    collections: Collections | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a product's record can't be made without besides the product.

    currency: the shop's. at: when it was asked, or before. alike: countries to ask for, see `markets.alike`; None
    where the shop's markets can't be read. costs: whether unit costs can be.
    """

    currency: str
    at: datetime
    alike: Alike | None = None
    costs: bool = False

    @property
    def untold(self) -> frozenset[str]:
        """The fields of a product of which this says nothing."""
        markets = {"markets", "variants.prices"} if self.alike is None else set()
        return frozenset(markets | (set() if self.costs else {"variants.unit_cost"}))


@dataclass(frozen=True, slots=True)
class Abroad:
    """How a product stands in the countries that were asked. prices: by variant's global id, then by country."""

    published: Mapping[str, bool] = field(default_factory=dict)
    prices: Mapping[str, Mapping[str, Money | None]] = field(default_factory=dict)


def is_whole(node: ProductNode, variants: Sequence[VariantNode]) -> bool:
    """Whether these are all the variants that the product says it has."""
    return node.variants_count is None or len(variants) >= node.variants_count.count


def product_change(
    node: ProductNode,
    variants: Sequence[VariantNode],
    collections: Sequence[CollectionNode],
    abroad: Abroad,
    asked: Asked,
) -> Current:
    """A product with everything that was told of it."""
    like = asked.alike or {}
    record = Product(
        external_id=bare(node.id),
        title=text(node.title, 1000),
        handle=text(node.handle, 255),
        description=text(node.description, DESCRIPTION_LENGTH),
        vendor=text(node.vendor, 255),
        product_type=text(node.product_type, 255),
        tags=tuple(text(each, 255) for each in node.tags),
        url=text(node.online_store_url, 2000),
        image_url=_picture(node),
        category=text(node.category.full_name, 1000) if node.category else "",
        collections=tuple(dict.fromkeys(text(each.handle, 255) for each in collections)),
        status=_status(node),
        published=_published(node, asked.at),
        published_at=node.published_at,
        markets=sold_in(abroad.published, like),
        variants=tuple(_variant(each, abroad.prices.get(each.id, {}), asked, like) for each in variants),
    )
    return Current(record, settled(node.updated_at, asked.at), asked.untold)


def _status(node: ProductNode) -> ProductStatus:
    """A status that we don't know is none to offer a product by; a gift card is bought on purpose, never suggested."""
    status = STATUSES.get(node.status, ProductStatus.DRAFT)
    return ProductStatus.UNLISTED if node.is_gift_card and status is ProductStatus.ACTIVE else status


def _published(node: ProductNode, at: datetime) -> bool:
    """Whether the online shop shows it; its date is enough where its publications can't be read."""
    dated = node.published_at is not None and node.published_at <= max(at, node.updated_at)
    return dated if node.published_on_publication is msgspec.UNSET else node.published_on_publication


def _picture(node: ProductNode) -> str:
    preview = node.featured_media.preview if node.featured_media else None
    return text(preview.image.url, 2000) if preview and preview.image else ""


def _variant(node: VariantNode, abroad: Mapping[str, Money | None], asked: Asked, like: Alike) -> Variant:
    base, item = Money(node.price, asked.currency), node.inventory_item
    return Variant(
        external_id=bare(node.id),
        title=text(node.title, 1000),
        sku=text(node.sku, 255),
        price=base,
        compare_at_price=None if node.compare_at_price is None else Money(node.compare_at_price, asked.currency),
        prices=prices_in(abroad, base, like) if abroad else {},
        options={text(each.name, 255): text(each.value, 255) for each in node.selected_options},
        inventory_item=bare(item.id),
        tracked=item.tracked,
        policy=POLICIES.get(node.inventory_policy, InventoryPolicy.DENY),
        unit_cost=item.unit_cost.money if isinstance(item.unit_cost, MoneyNode) else None,
        position=node.position,
    )


def countries_of(node: msgspec.Struct, prefix: str, countries: Sequence[str]) -> Mapping[str, object]:
    """What a row says under one alias a country, such as "price_DE"."""
    told = ((country, getattr(node, f"{prefix}{country}", None)) for country in countries)
    return {country: value for country, value in told if value is not None}
