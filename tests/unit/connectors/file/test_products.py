"""Product files in Shopify's and WooCommerce's formats, and plain tables; the sample files of both too."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.base import Import, ImportRequest
from connectors.errors import BadFile
from connectors.file import FileImporter
from connectors.records import Current, InventoryLevel, InventoryPolicy, Money, Product, ProductStatus

AS_OF = datetime(2026, 5, 1, tzinfo=UTC)


def open_file(path: Path) -> Import:
    """The import of a file of products."""
    return FileImporter().open(str(path), ImportRequest("USD", as_of=AS_OF))


def read(folder: Path, text: str) -> tuple[Import, dict[str, Product], dict[str, int]]:
    """The import of this CSV, its products, and what is left of each counted item."""
    path = folder / "products.csv"
    path.write_text(text, encoding="utf-8")
    opened = open_file(path)
    records = [change.record for change in opened.changes() if isinstance(change, Current)]
    products = {record.external_id: record for record in records if isinstance(record, Product)}
    levels = {record.inventory_item: record.available for record in records if isinstance(record, InventoryLevel)}
    return opened, products, levels


SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,"
    "Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,"
    "Variant Compare At Price,Image Src,Image Position,Cost per item,Status\n"
)


def test_the_rows_of_a_handle_are_one_product_with_its_variants(tmp_path: Path) -> None:
    opened, products, levels = read(
        tmp_path,
        SHOPIFY
        + 'shirt,Shirt,"<p>Soft &amp; <b>warm</b></p>",Maker,Tops,"a, b",true,Size,S,Color,Red,SH-S,shopify,3,deny,'
        "20,25,two.png,2,8,active\n"
        "mug,Mug,,,,,true,Title,Default Title,,,,,,,9,,,,,\n"
        "shirt,,,,,,,,M,,Red,SH-M,shopify,-1,continue,21,,one.png,1,,\n"
        "shirt,,,,,,,,,,,,,,,,,three.png,3,,\n",
    )
    shirt = products["shirt"]
    assert (shirt.title, shirt.vendor, shirt.product_type, shirt.tags) == ("Shirt", "Maker", "Tops", ("a", "b"))
    assert (shirt.description, shirt.image_url, shirt.url) == ("Soft & warm", "one.png", "/products/shirt")
    small, medium = shirt.variants
    assert (small.external_id, small.sku, dict(small.options)) == (
        "shirt/S / Red",
        "SH-S",
        {"Size": "S", "Color": "Red"},
    )
    assert (small.price, small.compare_at_price, small.unit_cost) == tuple(
        Money(Decimal(each), "USD") for each in ("20.00", "25.00", "8.00")
    )
    assert (small.policy, medium.policy) == (InventoryPolicy.DENY, InventoryPolicy.CONTINUE)
    assert levels == {"shirt/S / Red": 3, "shirt/M / Red": -1}
    assert [variant.external_id for variant in products["mug"].variants] == ["mug"]
    assert not products["mug"].variants[0].tracked
    assert opened.report.kept == {"first rows of products": 2, "further variants": 1, "further pictures": 1}


def test_shopifys_new_column_names_are_understood(tmp_path: Path) -> None:
    _, products, levels = read(
        tmp_path,
        "Title,URL handle,Published on online store,Status,Option1 name,Option1 value,Price,Inventory tracker,"
        "Inventory quantity,Continue selling when out of stock\n"
        "Hat,hat,FALSE,Draft,Title,Default Title,20,shopify,0,TRUE\n",
    )
    hat = products["hat"]
    assert (hat.status, hat.published, levels) == (ProductStatus.DRAFT, False, {"hat": 0})
    assert hat.variants[0].policy is InventoryPolicy.CONTINUE


def test_a_variant_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    opened, products, _ = read(
        tmp_path,
        "Handle,Title,Option1 Name,Option1 Value,Variant Price\nhat,Hat,Size,S,9\nhat,,,S,9\n,,,,\nno-title,,,S,9\n",
    )
    assert len(products["hat"].variants) == 1
    assert opened.report.skipped == {
        "variants that the product has already": 1,
        "empty rows": 1,
        "products without a title": 1,
    }


WOO = (
    "ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Stock,Backorders allowed?,Sale price,Regular price,"
    "Date sale price ends,Categories,Images,Parent,Position,Attribute 1 name,Attribute 1 value(s)\n"
)


def test_variations_find_their_parent_by_sku_or_number_wherever_they_stand(tmp_path: Path) -> None:
    opened, products, levels = read(
        tmp_path,
        WOO + "12,variation,tee-b,Tee - Blue,1,,1,,0,,25,,,,tee,2,,Blue\n"
        '10,variable,tee,Tee,1,visible,1,7,0,,,,Clothing > Tees,"a.png, b.png",,0,Color,"Red, Blue"\n'
        "11,variation,tee-r,Tee - Red,1,,1,parent,0,20,25,,,,id:10,1,,Red\n"
        "99,variation,lost,Lost,1,,1,,0,,25,,,,nowhere,1,Color,Red\n",
    )
    tee = products["10"]
    assert (tee.product_type, tee.image_url) == ("Tees", "a.png")
    assert [(variant.external_id, dict(variant.options)) for variant in tee.variants] == [
        ("11", {"Color": "Red"}),
        ("12", {"Color": "Blue"}),
    ]
    red = tee.variants[0]
    assert (red.price, red.compare_at_price) == (Money(Decimal("20.00"), "USD"), Money(Decimal("25.00"), "USD"))
    assert red.inventory_item == "10"
    assert levels == {"10": 7}
    assert opened.report.kept == {"products": 1, "variations": 2}
    assert opened.report.skipped == {"variations whose parent is not in the file": 1}


@pytest.mark.parametrize(
    ("cells", "tracked", "available", "policy"),
    [
        ("1,,0", False, None, InventoryPolicy.DENY),
        ("0,,0", True, 0, InventoryPolicy.DENY),
        ("1,5,0", True, 5, InventoryPolicy.DENY),
        ("0,5,0", True, 0, InventoryPolicy.DENY),
        ("1,0,notify", True, 0, InventoryPolicy.CONTINUE),
        ("backorder,-2,0", True, -2, InventoryPolicy.CONTINUE),
    ],
)
def test_stock_is_what_woocommerce_says(
    tmp_path: Path, cells: str, tracked: bool, available: int | None, policy: InventoryPolicy
) -> None:
    _, products, levels = read(tmp_path, WOO + f"1,simple,mug,Mug,1,visible,{cells},,9,,,,,0,,\n")
    variant = products["1"].variants[0]
    assert (variant.tracked, levels.get("1"), variant.policy) == (tracked, available, policy)


def test_hidden_products_and_drafts_are_not_offered(tmp_path: Path) -> None:
    _, products, _ = read(
        tmp_path,
        WOO + "1,simple,a,A,1,hidden,1,,0,,9,,,,,0,,\n2,simple,b,B,-1,visible,1,,0,,9,,,,,0,,\n"
        '3,"simple, virtual",c,C,0,visible,1,,0,,9,,,,,0,,\n',
    )
    assert (products["1"].status, products["2"].status) == (ProductStatus.UNLISTED, ProductStatus.DRAFT)
    assert not products["3"].published


def test_a_sale_that_is_over_is_no_price(tmp_path: Path) -> None:
    _, products, _ = read(tmp_path, WOO + "1,simple,a,A,1,,1,,0,5,9,2026-04-01,,,,0,,\n")
    assert products["1"].variants[0].price == Money(Decimal("9.00"), "USD")


def test_a_plain_table_in_parquet_is_products_and_stock(tmp_path: Path) -> None:
    path = tmp_path / "shelf"
    columns = {"product_id": [1, 2], "name": ["Candle", "Match"], "price": [4.5, 1.0], "stock": [3, None]}
    pq.write_table(pa.table({**columns, "tags": ["wax, light", ""]}), path)
    records = [change.record for change in open_file(path).changes() if isinstance(change, Current)]
    products = {record.external_id: record for record in records if isinstance(record, Product)}
    assert (products["1"].title, products["1"].tags) == ("Candle", ("wax", "light"))
    assert [(each.inventory_item, each.available) for each in records if isinstance(each, InventoryLevel)] == [("1", 3)]
    assert not products["2"].variants[0].tracked


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Handle,Title,Option1 Name,Option1 Value,Variant Price\nhat,Hat,Size,S,dear\n", "row 2: Variant Price 'dear'"),
        ("Handle,Title,Option1 Name,Option1 Value,Status\nhat,Hat,Size,S,gone\n", "row 2: Status 'gone'"),
        (WOO + "1,simple,a,A,1,,maybe,,0,5,9,,,,,0,,\n", "row 2: In stock? 'maybe'"),
        (WOO + "1,simple,a,A,1,,1,,0,5,9,someday,,,,0,,\n", "row 2: Date sale price ends 'someday'"),
        ("SKU,Title,Price\nA,Candle,-1\n", "row 2: Price '-1' is less than nothing"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadFile) as refused:
        read(tmp_path, text)
    assert sentence in str(refused.value)


SAMPLES = {
    "shopify_learnshopdev_products_export.csv": 24,
    "shopify_packt_product_data.csv": 20,
    "shopify_partners_apparel.csv": 20,
    "shopify_partners_home-and-garden.csv": 20,
    "shopify_partners_jewelery.csv": 20,
    "woocommerce_sample_products.csv": 15,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_files_load(data_folder: Path, name: str) -> None:
    opened = open_file(data_folder / name)
    products = [
        change.record
        for change in opened.changes()
        if isinstance(change, Current) and isinstance(change.record, Product)
    ]
    assert len(products) == SAMPLES[name]
    assert all(product.title and product.variants for product in products)
    assert all("  " not in product.title.strip() or name.startswith("woo") for product in products)
    assert opened.report.read == sum(opened.report.kept.values()) + sum(opened.report.skipped.values())


def test_padded_headers_and_cells_are_read_as_if_they_were_not(data_folder: Path) -> None:
    opened = open_file(data_folder / "shopify_learnshopdev_products_export.csv")
    first = next(iter(opened.changes()))
    assert isinstance(first, Current)
    assert isinstance(first.record, Product)
    assert (first.record.external_id, first.record.title) == ("blueberry-almond-brownie", "Blueberry Almond Brownie")
    assert first.record.variants[0].price == Money(Decimal("4.00"), "USD")


def test_every_kind_of_woocommerce_product_is_read(data_folder: Path) -> None:
    opened = open_file(data_folder / "woocommerce_sample_products.csv")
    records = [change.record for change in opened.changes() if isinstance(change, Current)]
    products = {record.title: record for record in records if isinstance(record, Product)}
    assert len(products["Hoodie"].variants) == 6
    assert len(products["T-Shirt"].variants) == 3
    assert {"Logo Collection", "Album", "ClassicPress Donation"} <= set(products)
    assert products["Hoodie with Pocket"].status is ProductStatus.UNLISTED
