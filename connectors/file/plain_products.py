"""Products in a plain table: a row each, with columns that are called what they are."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.file.cells import LONGEST_ID, currency
from connectors.file.columns import Field, no_currency
from connectors.file.dates import moment
from connectors.file.product_rows import LOCATION, Made, ProductFile, ProductRow
from connectors.records import InventoryLevel, InventoryPolicy, Money, Product, Variant

FIELDS = (
    Field(
        "code",
        "the product's code",
        (
            "Product ID",
            "Product Code",
            "SKU",
            "StockCode",
            "Item ID",
            "Item Code",
            "Article Number",
            "EAN",
            "UPC",
            "ID",
        ),
        required=True,
    ),
    Field(
        "title", "the product's title", ("Title", "Name", "Product Name", "Product Title", "Item Name"), required=True
    ),
    Field("sku", "the SKU", ("SKU",)),
    Field("description", "its description", ("Description", "Body")),
    Field("vendor", "its maker", ("Brand", "Vendor", "Manufacturer", "Maker")),
    Field("category", "its category", ("Category", "Product Type", "Type", "Product Category", "Department")),
    Field("tags", "its tags", ("Tags",)),
    Field("url", "its page", ("URL", "Link", "Product URL")),
    Field("picture", "its picture", ("Image URL", "Image", "Picture", "Image Link")),
    Field("price", "the price", ("Price", "Unit Price", "Regular Price"), required=True, instead="stock"),
    Field("compare", "the price before", ("Compare At Price", "Old Price", "RRP")),
    Field("currency", "the currency", ("Currency", "Currency Code")),
    Field("stock", "how many are left", ("Stock", "Inventory", "Available", "Quantity", "Stock Quantity", "On Hand")),
    Field("continue", "whether it sells when none is left", ("Continue Selling", "Backorders", "Backorders Allowed")),
    Field("active", "whether it is offered", ("Active", "Published", "Enabled")),
    Field("published at", "since when it is offered", ("Published At", "Created At", "Launched At")),
)

PRODUCT = "products"
NO_TITLE = "products without a title"
DOUBLED = "products that the file has already"


class PlainProducts(ProductFile):
    """A plain product file. A product is counted where its stock is given, else it never runs out."""

    def key(self, row: ProductRow) -> str:
        """The product's code."""
        return row.identifier("code")

    def make(self, rows: Sequence[ProductRow]) -> Made:
        """The product of the first row with this code."""
        row, doubles = rows[0], [DOUBLED] * (len(rows) - 1)
        if not row.text("title"):
            return Made(None, (), (), [NO_TITLE, *doubles])
        stock = row.pieces("stock")
        code = self.key(row)
        levels = [] if stock is None else [InventoryLevel(code, LOCATION, stock)]
        variant = Variant(
            external_id=code,
            sku=row.identifier("sku") or code,
            price=self._price(row, "price"),
            compare_at_price=self._price(row, "compare"),
            tracked=stock is not None,
            policy=InventoryPolicy.CONTINUE if row.is_yes("continue", empty=False) else InventoryPolicy.DENY,
        )
        return Made(_product(row, code, variant), levels, [PRODUCT], doubles)

    def _price(self, row: ProductRow, field: str) -> Money | None:
        amount = row.amount(field)
        if amount is None:
            return None
        code = row.read("currency", currency) or self._money_currency
        if not code:
            raise no_currency(self.report.source)
        return Money(amount, code)


def _product(row: ProductRow, code: str, variant: Variant) -> Product:
    return Product(
        external_id=code,
        title=row.text("title")[:1000],
        description=row.plain("description"),
        vendor=row.text("vendor")[:LONGEST_ID],
        product_type=row.text("category")[:LONGEST_ID],
        tags=row.parts("tags"),
        url=row.text("url")[:2000],
        image_url=row.text("picture")[:2000],
        published=row.is_yes("active", empty=True),
        published_at=row.read("published at", moment),
        variants=(variant,),
    )
