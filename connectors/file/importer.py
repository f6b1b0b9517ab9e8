"""Finds out what a file is, and opens it as that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.base import Contents, Import, ImportRequest
from connectors.errors import BadFile
from connectors.file import order_fields, plain_products, shopify_products, woocommerce_products
from connectors.file.columns import Columns, Field, locate, missing, shown
from connectors.file.order_lines import OrderLines
from connectors.file.plain_products import PlainProducts
from connectors.file.shopify_products import ShopifyProducts
from connectors.file.tables import Table, open_table
from connectors.file.woocommerce_products import WooCommerceProducts


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file that can be read. A file is of this kind where none of the required fields is missing."""

    name: str
    contents: Contents
    fields: tuple[Field, ...]
    read: Callable[[Columns, ImportRequest], Import]


# The first that fits is meant; where nothing fits at all, the message speaks of order lines.
LAYOUTS = (
    Layout("order lines", Contents.ORDERS, order_fields.FIELDS, OrderLines),
    Layout("a Shopify order export", Contents.ORDERS, order_fields.SHOPIFY_FIELDS, OrderLines),
    Layout("a Shopify product export", Contents.PRODUCTS, shopify_products.FIELDS, ShopifyProducts),
    Layout("a WooCommerce product export", Contents.PRODUCTS, woocommerce_products.FIELDS, WooCommerceProducts),
    Layout("products", Contents.PRODUCTS, plain_products.FIELDS, PlainProducts),
)


class FileImporter:
    """Reads CSV and parquet files."""

    def open(self, source: str, request: ImportRequest) -> Import:
        """Check the file at this path to its last row. Raises BadFile with one sentence that says what to do."""
        table = open_table(source)
        able = [each for each in LAYOUTS if request.contents in {Contents.AUTO, each.contents}]
        for layout in able:
            columns = locate(table, layout.fields)
            if not missing(columns, layout.fields):
                return layout.read(columns, request)
        raise _unknown(table, able)


def _unknown(table: Table, able: list[Layout]) -> BadFile:
    """The error that names what the most fitting layout still lacks."""
    lacking = {layout: missing(locate(table, layout.fields), layout.fields) for layout in able}
    nearest = min(able, key=lambda layout: len(lacking[layout]) / sum(field.required for field in layout.fields))
    wanted = "; ".join(f"{field.says} (looked for {shown(field.names, 6)})" for field in lacking[nearest])
    return BadFile(
        f"{table.name} can't be read as {nearest.name}: no column says {wanted}; "
        f"its columns are {shown(table.columns)}: rename them, or export the file with what is missing"
    )
