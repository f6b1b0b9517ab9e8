"""Products in Shopify's product CSV: several rows a product, told together by their handle.

https://help.shopify.com/en/manual/products/import-export/using-csv. The first row of a product has its title; each
row with an option value or a price is a variant; a row with a picture alone is a further picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.file.cells import LONGEST_ID, identifier
from connectors.file.columns import Field
from connectors.file.product_rows import FURTHER, LOCATION, Made, ProductFile, ProductRow
from connectors.records import InventoryLevel, InventoryPolicy, Product, ProductStatus, Variant

FIELDS = (
    Field("handle", "the product's handle", ("Handle", "URL handle"), required=True),
    Field("title", "the product's title", ("Title",), required=True),
    Field("body", "its description", ("Body (HTML)", "Description")),
    Field("vendor", "its maker", ("Vendor",)),
    Field("category", "its category", ("Product Category",)),
    Field("type", "its type", ("Type", "Custom Product Type")),
    Field("tags", "its tags", ("Tags",)),
    Field("published", "whether it is published", ("Published", "Published on online store")),
    Field("status", "its status", ("Status",)),
    Field("option1 name", "the first option's name", ("Option1 Name",), required=True),
    Field("option1", "the first option's value", ("Option1 Value",), required=True),
    Field("option2 name", "the second option's name", ("Option2 Name",)),
    Field("option2", "the second option's value", ("Option2 Value",)),
    Field("option3 name", "the third option's name", ("Option3 Name",)),
    Field("option3", "the third option's value", ("Option3 Value",)),
    Field("sku", "the variant's SKU", ("Variant SKU", "SKU")),
    Field("tracker", "who counts its stock", ("Variant Inventory Tracker", "Inventory tracker")),
    Field("quantity", "how many are left", ("Variant Inventory Qty", "Inventory quantity")),
    Field(
        "policy", "what happens when none is left", ("Variant Inventory Policy", "Continue selling when out of stock")
    ),
    Field("price", "the price", ("Variant Price", "Price")),
    Field("compare", "the price before", ("Variant Compare At Price", "Compare-at price")),
    Field("cost", "what it costs the shop", ("Cost per item",)),
    Field("picture", "the picture", ("Image Src", "Product image URL")),
    Field("picture position", "the picture's place", ("Image Position",)),
)

FIRST, VARIANT, PICTURE = "first rows of products", "further variants", "further pictures"
NO_TITLE = "products without a title"
DOUBLED = "variants that the product has already"

_DEFAULT_TITLE = "Default Title"
_POLICIES = {"deny": InventoryPolicy.DENY, "continue": InventoryPolicy.CONTINUE}


class ShopifyProducts(ProductFile):
    """A product file in Shopify's format."""

    def key(self, row: ProductRow) -> str:
        """The handle."""
        return row.identifier("handle")

    def make(self, rows: Sequence[ProductRow]) -> Made:
        """The product of one handle, with its variants and counted stocks."""
        first = next((row for row in rows if row.text("title")), None)
        if first is None:
            return Made(None, (), (), [NO_TITLE if row.text("option1") else FURTHER for row in rows])
        names = [first.text(f"option{number} name") for number in (1, 2, 3)]
        variants: dict[str, Variant] = {}
        levels: list[InventoryLevel] = []
        kept: list[str] = []
        skipped: list[str] = []
        for row in rows:
            if row is not first and not _is_variant(row):
                kept.append(PICTURE)
                continue
            variant = self._variant(row, first.identifier("handle"), names, len(variants) + 1)
            if variant.external_id in variants:
                skipped.append(DOUBLED)
                continue
            kept.append(FIRST if row is first else VARIANT)
            variants[variant.external_id] = variant
            if variant.tracked:
                available = row.pieces("quantity") or 0
                levels.append(InventoryLevel(variant.external_id, LOCATION, available))
        return Made(self._product(first, rows, tuple(variants.values())), levels, kept, skipped)

    def _product(self, first: ProductRow, rows: Sequence[ProductRow], variants: tuple[Variant, ...]) -> Product:
        handle = first.identifier("handle")
        return Product(
            external_id=handle,
            title=first.text("title")[:1000],
            handle=handle,
            description=first.plain("body"),
            vendor=first.text("vendor")[:LONGEST_ID],
            product_type=(first.text("type") or first.text("category").rpartition(">")[2].strip())[:LONGEST_ID],
            tags=first.parts("tags"),
            url=f"/products/{handle}",
            image_url=_first_picture(rows),
            status=_status(first),
            published=first.is_yes("published", empty=True),
            variants=variants,
        )

    def _variant(self, row: ProductRow, handle: str, names: Sequence[str], position: int) -> Variant:
        values = [row.text(f"option{number}") for number in (1, 2, 3)]
        is_only = not any(values) or values == [_DEFAULT_TITLE, "", ""]
        chosen = {} if is_only else {name: value for name, value in zip(names, values, strict=True) if name and value}
        title = " / ".join(value for value in values if value and value != _DEFAULT_TITLE)
        return Variant(
            external_id=identifier(f"{handle}/{title}") if title else handle,
            title=title[:1000],
            sku=row.identifier("sku"),
            price=self.money(row.amount("price")),
            compare_at_price=self.money(row.amount("compare") or None),
            options=chosen,
            tracked=bool(row.text("tracker")),
            policy=_policy(row),
            unit_cost=self.money(row.amount("cost")),
            position=position,
        )


def _is_variant(row: ProductRow) -> bool:
    return any(row.text(field) for field in ("option1", "price", "sku"))


def _policy(row: ProductRow) -> InventoryPolicy:
    word = row.text("policy").casefold()
    if word in _POLICIES:
        return _POLICIES[word]
    return InventoryPolicy.CONTINUE if row.is_yes("policy", empty=False) else InventoryPolicy.DENY


def _status(row: ProductRow) -> ProductStatus:
    word = row.text("status").casefold() or ProductStatus.ACTIVE.value
    try:
        return ProductStatus(word)
    except ValueError:
        raise row.wrong("status", f"is none of {', '.join(ProductStatus)}") from None


def _first_picture(rows: Sequence[ProductRow]) -> str:
    pictures = [(row.pieces("picture position") or row.number, row.number, row.text("picture")) for row in rows]
    return min((each for each in pictures if each[2]), default=(0, 0, ""))[2][:2000]
