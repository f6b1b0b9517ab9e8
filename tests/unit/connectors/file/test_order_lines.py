"""Order lines of a till: what becomes an order, what a refund, and what is left out and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Contents, Import, ImportRequest
from connectors.errors import BadFile
from connectors.file import FileImporter
from connectors.records import Change, Current, Money, Order, Product, Refund

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def open_lines(folder: Path, *lines: str, header: str = HEADER, currency: str = "GBP") -> Import:
    """The import of a CSV file with these lines."""
    path = folder / "till.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return FileImporter().open(str(path), ImportRequest(currency))


def of_kind(changes: Iterable[Change], kind: type) -> list:  # type: ignore[type-arg]
    """The records of one kind."""
    return [change.record for change in changes if isinstance(change, Current) and isinstance(change.record, kind)]


def test_lines_of_one_invoice_become_one_order(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "536365,85123A,WHITE HEART,6,2010-12-01 08:26,2.55,17850,United Kingdom",
        "536366,22423,CAKE STAND,1,2010-12-01 08:28,12.75,13047,United Kingdom",
        "536365,71053,WHITE LANTERN,2,2010-12-01 08:26,3.39,17850,United Kingdom",
    )
    orders = {order.external_id: order for order in of_kind(opened.changes(), Order)}
    assert set(orders) == {"536365", "536366"}
    order = orders["536365"]
    assert [(line.product, line.quantity, line.unit_price) for line in order.lines] == [
        ("85123A", 6, Money(Decimal("2.55"), "GBP")),
        ("71053", 2, Money(Decimal("3.39"), "GBP")),
    ]
    assert order.ordered_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert (order.customer, order.country, order.currency) == ("17850", "United Kingdom", "GBP")
    assert opened.report.kept == {"order lines": 3}


def test_products_come_before_the_orders_that_name_them(tmp_path: Path) -> None:
    opened = open_lines(tmp_path, "1,85123A,WHITE HEART,6,2010-12-01,2.55,17850,UK")
    kinds = [type(change.record) for change in opened.changes() if isinstance(change, Current)]
    assert kinds == [Product, Order]


def test_a_cancellation_becomes_a_refund_of_the_customers_newest_purchase_that_is_large_enough(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "1,85123A,WHITE HEART,6,2010-12-01,2.55,17850,UK",
        "2,85123A,WHITE HEART,2,2010-12-02,2.55,17850,UK",
        "3,85123A,WHITE HEART,9,2010-12-02,2.55,99999,UK",
        "C4,85123a,WHITE HEART,-5,2010-12-03,2.55,17850,UK",
        "C5,85123A,WHITE HEART,-1,2010-12-04,2.55,17850,UK",
        "6,85123A,WHITE HEART,9,2010-12-09,2.55,17850,UK",
    )
    refunds = of_kind(opened.changes(), Refund)
    assert [(each.order, each.lines[0].product, each.lines[0].quantity) for each in refunds] == [
        ("1", "85123A", 5),
        ("2", "85123A", 1),
    ]
    assert refunds[0].lines[0].amount == Money(Decimal("12.75"), "GBP")
    assert opened.report.kept == {"order lines": 4, "refund lines": 2}


def test_a_refund_finds_its_purchase_though_it_stands_before_it_in_the_file(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "C4,85123A,WHITE HEART,-5,2010-12-03,2.55,17850,UK",
        "1,85123A,WHITE HEART,6,2010-12-01,2.55,17850,UK",
    )
    assert [refund.order for refund in of_kind(opened.changes(), Refund)] == ["1"]


@pytest.mark.parametrize(
    "cancellation",
    [
        "C4,85123A,WHITE HEART,-5,2010-12-03,2.55,,UK",
        "C4,22423,CAKE STAND,-5,2010-12-03,2.55,17850,UK",
        "C4,85123A,WHITE HEART,-5,2010-11-03,2.55,17850,UK",
    ],
    ids=["of a guest", "of something else", "before any purchase"],
)
def test_a_cancellation_without_a_purchase_names_no_order(tmp_path: Path, cancellation: str) -> None:
    opened = open_lines(tmp_path, "1,85123A,WHITE HEART,6,2010-12-01,2.55,17850,UK", cancellation)
    assert [refund.order for refund in of_kind(opened.changes(), Refund)] == [""]


def test_a_c_invoice_with_positive_quantities_is_a_cancellation_where_other_invoices_are_numbers(
    tmp_path: Path,
) -> None:
    opened = open_lines(
        tmp_path,
        "1,85123A,WHITE HEART,6,2010-12-01,2.55,17850,UK",
        "2,85123A,WHITE HEART,6,2010-12-01,2.55,17851,UK",
        "C3,85123A,WHITE HEART,6,2010-12-02,2.55,17850,UK",
    )
    assert len(of_kind(opened.changes(), Refund)) == 1


def test_a_shop_that_calls_all_its_orders_c_something_sells(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "C1,85123A,WHITE HEART,6,2010-12-01,2.55,17850,UK",
        "C2,85123A,WHITE HEART,6,2010-12-01,2.55,17851,UK",
    )
    assert len(of_kind(opened.changes(), Order)) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,85123A,WHITE HEART,6,2010-12-01,2.55,17850,UK", "exact repeats of a line"),
        ("2,POST,POSTAGE,1,2010-12-01,18.00,12583,France", "no products (postage, fees, vouchers and the like)"),
        ("2,22222,Next Day Carriage,1,2010-12-01,15,,UK", "no products (postage, fees, vouchers and the like)"),
        (
            "2,gift_0001_20,Gift Voucher £20.00,1,2010-12-01,16,,UK",
            "no products (postage, fees, vouchers and the like)",
        ),
        ("2,71053,LANTERN,1,2010-12-01,0,12583,UK", "lines without a price (zero or less)"),
        ("A2,71053,Adjust bad debt,1,2010-12-01,-11062.06,,UK", "no products (postage, fees, vouchers and the like)"),
        ("2,71053,LANTERN,1,2010-12-01,-5,,UK", "lines without a price (zero or less)"),
        ("2,71053,damaged,-10,2010-12-01,0,,UK", "stock write-offs (negative quantity without a price)"),
        ("2,71053,LANTERN,0,2010-12-01,2,,UK", "lines without a quantity"),
        (",71053,LANTERN,1,2010-12-01,2,,UK", "no order number"),
        ("2,,,1,2010-12-01,2,,UK", "no product"),
        (",,,,,,,", "empty rows"),
        ("", "empty rows"),
    ],
)
def test_what_is_no_sale_is_skipped_for_a_reason(tmp_path: Path, line: str, reason: str) -> None:
    opened = open_lines(tmp_path, "1,85123A,WHITE HEART,6,2010-12-01,2.55,17850,UK", line)
    assert len(of_kind(opened.changes(), Order)) == 1
    assert opened.report.skipped == {reason: 1}
    assert opened.report.read == 2


def test_letters_alone_are_a_product_where_codes_are_words(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "1,HAT,Felt hat,1,2010-12-01,20,1,UK",
        "1,MUG,Mug,1,2010-12-01,9,1,UK",
        "1,D,Discount,1,2010-12-01,9,1,UK",
    )
    assert {product.external_id for product in of_kind(opened.changes(), Product)} == {"HAT", "MUG"}


def test_spellings_of_a_code_are_one_product_under_the_most_frequent_one(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "1,85123a,WHITE HEART,1,2010-12-01,2.55,1,UK",
        "2,85123A,WHITE HEART,1,2010-12-01,2.55,1,UK",
        "3,85123A,WHITE HEART,1,2010-12-01,2.55,1,UK",
    )
    changes = list(opened.changes())
    assert [product.external_id for product in of_kind(changes, Product)] == ["85123A"]
    assert {line.product for order in of_kind(changes, Order) for line in order.lines} == {"85123A"}


def test_a_products_title_is_the_most_frequent_recent_one_and_never_a_clerks_note(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        *(f"{day},85123A,OLD NAME,1,2010-01-{day:02},2,1,UK" for day in range(1, 9)),
        *(f"{day},85123A,NEW NAME,1,2011-12-{day:02},3,1,UK" for day in range(10, 13)),
        *(f"{day},85123A,damaged,1,2011-12-{day:02},3,1,UK" for day in range(13, 19)),
        *(f"{day},85123A,?,1,2011-12-{day:02},3,1,UK" for day in range(19, 29)),
    )
    (product,) = of_kind(opened.changes(), Product)
    assert product.title == "NEW NAME"
    assert product.variants[0].price == Money(Decimal("3.00"), "GBP")
    assert product.published_at == datetime(2010, 1, 1, tzinfo=UTC)


def test_a_product_that_nobody_names_is_called_by_its_code(tmp_path: Path) -> None:
    opened = open_lines(tmp_path, "1,85123A,?,1,2010-12-01,2.55,1,UK")
    assert [product.title for product in of_kind(opened.changes(), Product)] == ["85123A"]


def test_an_inferred_product_is_older_than_anything_a_platform_says(tmp_path: Path) -> None:
    changes = list(open_lines(tmp_path, "1,85123A,WHITE HEART,1,2010-12-01,2.55,1,UK").changes())
    versions = {type(each.record): each.version for each in changes if isinstance(each, Current)}
    assert versions[Product] < datetime(1971, 1, 1, tzinfo=UTC)
    assert versions[Order] == datetime(2010, 12, 1, tzinfo=UTC)


def test_lines_without_a_customer_are_a_guests_and_the_report_says_so(tmp_path: Path) -> None:
    opened = open_lines(tmp_path, "1,85123A,WHITE HEART,1,2010-12-01,2.55,,UK")
    assert [order.customer for order in of_kind(opened.changes(), Order)] == [""]
    assert "1 kept lines name no customer: they count as guests" in opened.report.notes


def test_a_mail_address_is_never_kept(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "1,85123A,HEART,1,2010-12-01,2.55,Ann@example.com",
        "2,85123A,HEART,1,2010-12-01,2.55,ann@EXAMPLE.com",
        header="Order ID,SKU,Title,Quantity,Date,Price,Email",
    )
    customers = {order.customer for order in of_kind(opened.changes(), Order)}
    assert len(customers) == 1
    assert "@" not in customers.pop()


def test_an_export_of_another_till_is_told_by_its_columns(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "31.12.2011 18:05;B-1;4006381333931;Pen;2;1,50;EUR",
        "31.12.2011 18:05;B-1;4006381333948;Cheese;0,350;19,90;EUR",
        header="Date;Receipt No;EAN;Item Name;Qty;Price;Currency",
        currency="",
    )
    (order,) = of_kind(opened.changes(), Order)
    assert order.ordered_at == datetime(2011, 12, 31, 18, 5, tzinfo=UTC)
    assert [(line.quantity, line.unit_price.amount) for line in order.lines] == [
        (2, Decimal("1.50")),
        (1, Decimal("6.965")),
    ]
    assert opened.currency == "EUR"


def test_the_price_of_a_whole_line_is_divided_by_its_pieces(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path, "1,77,4,2011-01-02,10.00", header="basket_id,product_id,quantity,transaction_timestamp,sales_value"
    )
    (order,) = of_kind(opened.changes(), Order)
    assert order.lines[0].unit_price.amount == Decimal("2.50")


def test_dates_are_read_in_the_order_that_the_file_shows_somewhere(tmp_path: Path) -> None:
    opened = open_lines(tmp_path, "1,7,A,1,2/1/2011,2,1,UK", "2,7,A,1,31/1/2011,2,1,UK")
    assert of_kind(opened.changes(), Order)[0].ordered_at == datetime(2011, 1, 2, tzinfo=UTC)
    opened = open_lines(tmp_path, "1,7,A,1,2/1/2011,2,1,UK", "2,7,A,1,1/31/2011,2,1,UK")
    assert of_kind(opened.changes(), Order)[0].ordered_at == datetime(2011, 2, 1, tzinfo=UTC)


def test_dates_that_could_be_read_both_ways_are_noted(tmp_path: Path) -> None:
    opened = open_lines(tmp_path, "1,7,A,1,2/1/2011,2,1,UK")
    list(opened.changes())
    assert any("month first" in note for note in opened.report.notes)


def test_dates_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="31/1/2011"):
        open_lines(tmp_path, "1,7,A,1,31/1/2011,2,1,UK", "2,7,A,1,1/31/2011,2,1,UK")


SHOPIFY = (
    "Name,Email,Financial Status,Currency,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at"
)


def test_later_rows_of_a_shopify_order_take_over_what_its_first_row_says(tmp_path: Path) -> None:
    opened = open_lines(
        tmp_path,
        "#1001,a@b.c,paid,EUR,2021-06-09 12:00:00 -0400,1,Shirt - Red,20.00,SH-R,",
        "#1001,a@b.c,,,,2,Mug,9.00,,",
        "#1002,a@b.c,paid,EUR,2021-06-10 12:00:00 -0400,1,Mug,9.00,,2021-06-11 12:00:00 -0400",
        "#1003,a@b.c,refunded,EUR,2021-06-10 12:00:00 -0400,1,Mug,9.00,,",
        "#1003,a@b.c,,,,1,Shirt - Red,20.00,SH-R,",
        header=SHOPIFY,
        currency="",
    )
    (order,) = of_kind(opened.changes(), Order)
    assert order.ordered_at == datetime(2021, 6, 9, 16, 0, tzinfo=UTC)
    assert [line.product for line in order.lines] == ["SH-R", "Mug"]
    assert {line.unit_price.currency for line in order.lines} == {"EUR"}
    assert opened.report.skipped == {"lines of orders that were cancelled, failed or paid back": 3}


def test_a_file_of_orders_is_no_file_of_products(tmp_path: Path) -> None:
    path = tmp_path / "till.csv"
    path.write_text(f"{HEADER}\n1,85123A,WHITE HEART,1,2010-12-01,2.55,1,UK\n")
    with pytest.raises(BadFile, match="can't be read as"):
        FileImporter().open(str(path), ImportRequest("GBP", Contents.PRODUCTS))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_letters_survive_however_the_file_was_saved(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "till.csv"
    path.write_text(f"{HEADER}\n1,85123A,KÄSTCHEN é,1,2010-12-01,2.55,1,UK\n", encoding=encoding)
    opened = FileImporter().open(str(path), ImportRequest("GBP"))
    assert [product.title for product in of_kind(opened.changes(), Product)] == ["KÄSTCHEN é"]


def test_progress_reaches_the_end_and_never_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "till.csv"
    path.write_text(HEADER + "\n" + "".join(f"{n},85123A,X,1,2010-12-01,2,1,UK\n" for n in range(10_000)))
    seen: list[tuple[float, int]] = []
    FileImporter().open(str(path), ImportRequest("GBP", progress=lambda fraction, rows: seen.append((fraction, rows))))
    assert seen == sorted(seen)
    assert seen[-1] == (1.0, 10_000)
