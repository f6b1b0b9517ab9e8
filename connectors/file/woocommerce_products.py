"""Products in WooCommerce's product CSV: a row each, and one for each variation that names its parent.

https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.base import ImportRequest
from connectors.file.cells import LONGEST_ID
from connectors.file.columns import Columns, Field
from connectors.file.dates import moment
from connectors.file.product_rows import LOCATION, Made, ProductFile, ProductRow
from connectors.records import InventoryLevel, InventoryPolicy, Product, ProductStatus, Variant

ATTRIBUTES = range(1, 7)

FIELDS = (
    Field("id", "the product's number", ("ID",), required=True, instead="sku"),
    Field("type", "the product's type", ("Type",), required=True),
    Field("sku", "the SKU", ("SKU",)),
    Field("name", "the product's name", ("Name",), required=True),
    Field("published", "whether it is published", ("Published",)),
    Field("visibility", "whether the catalogue shows it", ("Visibility in catalog",)),
    Field("short", "its short description", ("Short description",)),
    Field("description", "its description", ("Description",)),
    Field("sale from", "from when the sale price holds", ("Date sale price starts",)),
    Field("sale until", "until when the sale price holds", ("Date sale price ends",)),
    Field("in stock", "whether it is in stock", ("In stock?",)),
    Field("stock", "how many are left", ("Stock",)),
    Field("backorders", "whether it sells when none is left", ("Backorders allowed?",)),
    Field("sale price", "the sale price", ("Sale price",)),
    Field("price", "the regular price", ("Regular price",), required=True),
    Field("categories", "its categories", ("Categories",)),
    Field("tags", "its tags", ("Tags",)),
    Field("brands", "its maker", ("Brands", "Brand")),
    Field("pictures", "its pictures", ("Images",)),
    Field("parent", "the product that a variation belongs to", ("Parent",)),
    Field("position", "its place", ("Position",)),
    *(
        Field(f"attribute {number} {part}", f"attribute {number}", (f"Attribute {number} {title}",))
        for number in ATTRIBUTES
        for part, title in (("name", "name"), ("values", "value(s)"))
    ),
)

PRODUCT, VARIATION = "products", "variations"
ORPHAN = "variations whose parent is not in the file"
DOUBLED = "products that the file has already"
NO_NAME = "products without a name"

_BACKORDERS = frozenset({"1", "yes", "notify"})


class WooCommerceProducts(ProductFile):
    """A product file in WooCommerce's format. Grouped and external products have one variant, which never runs out."""

    def __init__(self, columns: Columns, request: ImportRequest) -> None:
        self._keys: dict[str, str] = {}
        super().__init__(columns, request)

    def check(self, request: ImportRequest) -> None:
        """Learn first under which names variations may speak of a product."""
        for _, row in self.read():
            if "variation" not in _types(row) and (key := _own_key(row)):
                for name in (f"id:{row.text('id')}", row.text("sku").casefold()):
                    self._keys.setdefault(name, key)
        super().check(request)

    def key(self, row: ProductRow) -> str:
        """The product's own number or SKU; a variation has its parent's, or its own where there is no parent."""
        if "variation" not in _types(row):
            return _own_key(row)
        parent = row.text("parent").casefold()
        return (parent and self._keys.get(parent)) or _own_key(row)

    def make(self, rows: Sequence[ProductRow]) -> Made:
        """One product with all its variations."""
        parents = [row for row in rows if "variation" not in _types(row)]
        variations = [row for row in rows if "variation" in _types(row)]
        if not parents:
            return Made(None, (), (), [ORPHAN] * len(rows))
        parent, doubles = parents[0], [DOUBLED] * (len(parents) - 1)
        if not parent.text("name"):
            return Made(None, (), (), [NO_NAME] * (1 + len(variations)) + doubles)
        sold = sorted(variations, key=lambda row: (row.pieces("position") or 0, row.number)) or [parent]
        variants: dict[str, Variant] = {}
        levels: dict[str, InventoryLevel] = {}
        for row in sold:
            variant = self._variant(row, parent, len(variants) + 1)
            variants.setdefault(variant.external_id, variant)
            if variant.tracked:
                item = variant.inventory_item
                levels[item] = InventoryLevel(item, LOCATION, _available(parent if item == _own_key(parent) else row))
        kept = [PRODUCT] + [VARIATION] * len(variations)
        return Made(_product(parent, tuple(variants.values())), tuple(levels.values()), kept, doubles)

    def _variant(self, row: ProductRow, parent: ProductRow, position: int) -> Variant:
        regular, sale = row.amount("price"), self._sale_price(row)
        counted_at = parent if row.text("stock").casefold() == "parent" else row
        options = {
            row.text(f"attribute {number} name") or parent.text(f"attribute {number} name"): value
            for number in ATTRIBUTES
            if row is not parent and (value := row.text(f"attribute {number} values"))
        }
        return Variant(
            external_id=_own_key(row),
            title=" / ".join(options.values())[:1000],
            sku=row.identifier("sku"),
            price=self.money(regular if sale is None else sale),
            compare_at_price=self.money(regular if sale is not None else None),
            options=options,
            inventory_item=_own_key(counted_at),
            tracked=_is_counted(counted_at),
            policy=_policy(counted_at),
            position=position,
        )

    def _sale_price(self, row: ProductRow) -> Decimal | None:
        start, end = row.read("sale from", _day), row.read("sale until", _day)
        sale = row.amount("sale price")
        if (start and self._version < start) or (end and self._version > end):
            return None
        return sale


def _product(row: ProductRow, variants: tuple[Variant, ...]) -> Product:
    category, _, _ = row.text("categories").partition(",")
    return Product(
        external_id=_own_key(row),
        title=row.text("name")[:1000],
        description=row.plain("description") or row.plain("short"),
        vendor=row.text("brands")[:LONGEST_ID],
        product_type=category.rpartition(">")[2].strip()[:LONGEST_ID],
        tags=row.parts("tags"),
        image_url=next(iter(row.parts("pictures")), "")[:2000],
        status=_status(row),
        published=row.text("published") in {"", "1"},
        variants=variants,
    )


def _types(row: ProductRow) -> tuple[str, ...]:
    return tuple(each.casefold() for each in row.parts("type"))


def _own_key(row: ProductRow) -> str:
    return row.identifier("id") or row.identifier("sku")


def _status(row: ProductRow) -> ProductStatus:
    if row.text("published") == "-1":
        return ProductStatus.DRAFT
    # "search" and "hidden" products can be bought by whoever finds them, but a catalogue page never shows them.
    hidden = row.text("visibility").casefold() in {"hidden", "search"}
    return ProductStatus.UNLISTED if hidden else ProductStatus.ACTIVE


def _is_counted(row: ProductRow) -> bool:
    """A stock that is not counted, of a product that is out of stock, is a counted stock of none."""
    return bool(row.text("stock")) or not row.is_yes("in stock", empty=True)


def _available(row: ProductRow) -> int:
    if row.text("in stock").casefold() != "backorder" and not row.is_yes("in stock", empty=True):
        return 0
    return row.pieces("stock") or 0


def _policy(row: ProductRow) -> InventoryPolicy:
    is_backorder = row.text("in stock").casefold() == "backorder"
    allowed = is_backorder or row.text("backorders").casefold() in _BACKORDERS
    return InventoryPolicy.CONTINUE if allowed else InventoryPolicy.DENY


def _day(cell: Any) -> datetime | None:
    return moment(cell)
