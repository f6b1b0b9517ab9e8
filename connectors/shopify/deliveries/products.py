"""Bodies of `products/*` and `collections/*`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from connectors.records import (
    Change,
    Current,
    InventoryPolicy,
    Money,
    Product,
    ProductStatus,
    RecordKind,
    Refetch,
    Removed,
    Variant,
)
from connectors.shopify.deliveries.body import (
    Amount,
    Body,
    Id,
    Moment,
    amount,
    in_utc,
    number,
    number_or_none,
    text,
    version_of,
)

# What a body of this shape doesn't say; the platform is asked for it. The description comes as HTML, and is asked for
# as text. A gift card is "active" here like any product. A variant's currency is the shop's own.
UNTOLD = frozenset(
    {
        "category",
        "collections",
        "description",
        "markets",
        "status.unlisted",
        "url",
        "variants.currency",
        "variants.prices",
        "variants.tracked",
        "variants.unit_cost",
    }
)
MOST_VARIANTS = 2048


class OptionBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An option that variants are told apart by, such as "Size"."""

    name: str = ""
    position: int | None = None


class ImageBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture."""

    src: str | None = None


class VariantBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One buyable form of a product."""

    id: Id
    title: str | None = None
    sku: str | None = None
    price: Amount | None = None
    compare_at_price: Amount | None = None
    inventory_policy: str | None = None
    inventory_item_id: Id | None = None
    position: int | None = None
    option1: str | None = None
    option2: str | None = None
    option3: str | None = None

    def record(self, place: int, names: Sequence[str]) -> Variant:
        """As a record. tracked: taken for granted until the platform is asked, so that nothing untold is offered."""
        choices = zip(names, (self.option1, self.option2, self.option3), strict=False)
        external_id = number(self.id)
        return Variant(
            external_id=external_id,
            title=text(self.title, 1000),
            sku=text(self.sku, 255),
            price=_money(self.price),
            compare_at_price=_money(self.compare_at_price),
            options={name: text(choice, 255) for name, choice in choices if name and choice},
            inventory_item=number_or_none(self.inventory_item_id) or external_id,
            tracked=True,
            policy=InventoryPolicy.CONTINUE if self.inventory_policy == "continue" else InventoryPolicy.DENY,
            position=place if self.position is None or not 0 <= self.position <= MOST_VARIANTS else self.position,
        )


class VariantGid(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that the product has, whether or not the body tells of it."""

    admin_graphql_api_id: str


class ProductBody(Body, frozen=True, kw_only=True):
    """`products/create`, `products/update`: a product as it now is, as far as this shape tells it.

    Of many variants only some may be in `variants`; `variant_gids` has them all.
    """

    id: Id
    title: str | None = None
    handle: str | None = None
    vendor: str | None = None
    product_type: str | None = None
    tags: str | list[str] | None = None
    status: str | None = None
    published_at: Moment | None = None
    updated_at: Moment | None = None
    image: ImageBody | None = None
    options: list[OptionBody] | None = None
    variants: list[VariantBody] | None = None
    variant_gids: list[VariantGid] | None = None

    @property
    def aggregate(self) -> str:
        """The product."""
        return f"product/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The product, and that the rest of it has to be asked for."""
        version = version_of(self.updated_at, at)
        published_at = None if self.published_at is None else in_utc(self.published_at)
        names = [text(each.name, 255) for each in self.options or ()]
        record = Product(
            external_id=number(self.id),
            title=text(self.title, 1000),
            handle=text(self.handle, 255),
            vendor=text(self.vendor, 255),
            product_type=text(self.product_type, 255),
            tags=_tags(self.tags),
            image_url=_address(self.image.src if self.image else None),
            status=_status(self.status),
            published=published_at is not None and published_at <= max(at, version),
            published_at=published_at,
            variants=tuple(each.record(place, names) for place, each in enumerate(self.variants or ())),
        )
        return (
            Current(record, version, UNTOLD | self._missing()),
            Refetch(RecordKind.PRODUCT, record.external_id),
        )

    def _missing(self) -> frozenset[str]:
        told = {number(each.id) for each in self.variants or ()}
        every = {number(each.admin_graphql_api_id) for each in self.variant_gids or ()}
        named: dict[str, object] = {
            "title": self.title,
            "handle": self.handle,
            "vendor": self.vendor,
            "product_type": self.product_type,
        }
        named |= {"tags": self.tags, "image_url": self.image, "variants.options": self.options}
        missing = {column for column, value in named.items() if value is None}
        if self.variants is None or every - told:
            missing.add("variants")
        if any(each.inventory_item_id is None for each in self.variants or ()):
            missing.add("variants.inventory_item")
        return frozenset(missing)


class ProductGone(Body, frozen=True, kw_only=True):
    """`products/delete`."""

    id: Id

    @property
    def aggregate(self) -> str:
        """The product."""
        return f"product/{number(self.id)}"

    def changes(self, at: datetime) -> Sequence[Change]:
        """The product is gone."""
        return (Removed(RecordKind.PRODUCT, number(self.id), at),)


class CollectionBody(Body, frozen=True, kw_only=True):
    """`collections/*`: which products it holds isn't told, so the platform is asked."""

    id: Id

    @property
    def aggregate(self) -> str:
        """The collection."""
        return f"collection/{number(self.id)}"

    def changes(self, _at: datetime) -> Sequence[Change]:
        """To be asked again."""
        return (Refetch(RecordKind.COLLECTION, number(self.id)),)


def _money(given: Amount | None) -> Money | None:
    return None if given is None else Money(amount(given), "")


def _tags(given: str | list[str] | None) -> tuple[str, ...]:
    split = (given or "").split(",") if not isinstance(given, list) else given
    return tuple(tag for each in split if (tag := text(each, 255).strip()))


def _status(given: str | None) -> ProductStatus:
    """A status that we don't know is none to offer a product by."""
    try:
        return ProductStatus((given or "").lower())
    except ValueError:
        return ProductStatus.DRAFT


def _address(given: str | None) -> str:
    address = text(given, 2000)
    return address if address.startswith("https://") else ""
