"""Fields of orders, their lines and refunds, and of customers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from demo.shopify.graphql.connections import Connection
from demo.shopify.graphql.context import Context, bag, field_of, money_v2, paged, plain
from demo.shopify.state import gid
from demo.shopify.things import Customer, Line, Order, Product, Refund, Variant

Args = Mapping[str, Any]

# Without read_all_orders an app sees so much of a shop's past.
DAYS_OF_ORDERS = 60

plain(
    "Order",
    number="number",
    createdAt="created_at",
    processedAt="created_at",
    updatedAt="updated_at",
    cancelledAt="cancelled_at",
    test="test",
    sourceName="source",
)
plain(
    "LineItem",
    title="title",
    name="title",
    variantTitle="variant_title",
    sku="sku",
    quantity="quantity",
    currentQuantity="current",
    refundableQuantity="current",
)
plain("Refund", createdAt="created_at", processedAt="created_at", updatedAt="created_at")
plain(
    "Customer",
    createdAt="created_at",
    updatedAt="updated_at",
    locale="locale",
    tags="tags",
    dataSaleOptOut="sale_opt_out",
)


def seen(context: Context, order: Order) -> bool:
    """Whether the app's scopes let it see an order of that age."""
    limit = context.shop.clock() - timedelta(days=DAYS_OF_ORDERS)
    return "read_all_orders" in context.scopes or order.created_at >= limit


@field_of("Order.id")
def _order_id(_context: Context, order: Order, _args: Args) -> str:
    return gid("Order", order.id)


@field_of("Order.legacyResourceId", "Refund.legacyResourceId", "Customer.legacyResourceId")
def _number(_context: Context, thing: Any, _args: Args) -> str:
    return str(thing.id)


@field_of("Order.name")
def _name(_context: Context, order: Order, _args: Args) -> str:
    return f"#{order.number}"


@field_of("Order.currencyCode", "Order.presentmentCurrencyCode")
def _currency(context: Context, _order: Order, _args: Args) -> str:
    return context.shop.currency


@field_of("Order.customer")
def _customer(context: Context, order: Order, _args: Args) -> Customer | None:
    return context.shop.customers.get(order.customer_id or 0)


@field_of("Order.customAttributes")
def _attributes(_context: Context, order: Order, _args: Args) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in order.attributes.items()]


@field_of("Order.shippingAddress", "Order.billingAddress", "Order.displayAddress")
def _address(_context: Context, order: Order, _args: Args) -> dict[str, Any]:
    return {"id": gid("MailingAddress", order.id), "countryCodeV2": order.country, "country": order.country}


@field_of("Order.currentSubtotalPriceSet", "Order.currentTotalPriceSet", "Order.currentSubtotalPriceSet")
def _current(context: Context, order: Order, _args: Args) -> dict[str, Any]:
    return bag(order.current_subtotal, context.shop.currency)


@field_of("Order.subtotalPriceSet", "Order.totalPriceSet", "Order.originalTotalPriceSet")
def _subtotal(context: Context, order: Order, _args: Args) -> dict[str, Any]:
    return bag(order.subtotal, context.shop.currency)


@field_of("Order.totalRefundedSet")
def _order_refunded(context: Context, order: Order, _args: Args) -> dict[str, Any]:
    return bag(sum((_given_back(each) for each in order.refunds), Decimal(0)), context.shop.currency)


@field_of("Order.lineItems")
def _lines(context: Context, order: Order, args: Args) -> Connection:
    return paged(context, order.lines, args)


@field_of("Order.refunds")
def _refunds(_context: Context, order: Order, args: Args) -> list[Refund]:
    return order.refunds[: args.get("first")]


@field_of("Order.publication")
def _publication(context: Context, _order: Order, _args: Args) -> Any:
    return context.shop.publications[context.shop.online_store]


@field_of("LineItem.id")
def _line_id(_context: Context, line: Line, _args: Args) -> str:
    return gid("LineItem", line.id)


@field_of("LineItem.product")
def _product(context: Context, line: Line, _args: Args) -> Product | None:
    return context.shop.products.get(line.product_id or 0)


@field_of("LineItem.variant")
def _variant(context: Context, line: Line, _args: Args) -> Variant | None:
    return context.shop.variants.get(line.variant_id or 0)


@field_of("LineItem.customAttributes")
def _properties(_context: Context, line: Line, _args: Args) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in line.properties.items()]


@field_of("LineItem.originalUnitPriceSet")
def _unit_price(context: Context, line: Line, _args: Args) -> dict[str, Any]:
    return bag(line.price, context.shop.currency)


@field_of("LineItem.discountedUnitPriceSet", "LineItem.discountedUnitPriceAfterAllDiscountsSet")
def _discounted_price(context: Context, line: Line, _args: Args) -> dict[str, Any]:
    return bag(line.price - line.discount / max(line.quantity, 1), context.shop.currency)


@field_of("LineItem.originalTotalSet")
def _total(context: Context, line: Line, _args: Args) -> dict[str, Any]:
    return bag(line.price * line.quantity, context.shop.currency)


@field_of("LineItem.discountedTotalSet")
def _discounted(context: Context, line: Line, _args: Args) -> dict[str, Any]:
    return bag(line.price * line.quantity - line.discount, context.shop.currency)


@field_of("LineItem.totalDiscountSet")
def _discount(context: Context, line: Line, _args: Args) -> dict[str, Any]:
    return bag(line.discount, context.shop.currency)


@field_of("Refund.id")
def _refund_id(_context: Context, refund: Refund, _args: Args) -> str:
    return gid("Refund", refund.id)


@field_of("Refund.totalRefundedSet")
def _refunded(context: Context, refund: Refund, _args: Args) -> dict[str, Any]:
    return bag(_given_back(refund), context.shop.currency)


@field_of("Refund.order")
def _refunded_order(context: Context, refund: Refund, _args: Args) -> Order:
    return context.shop.orders[refund.order_id]


@field_of("Refund.refundLineItems")
def _refund_lines(context: Context, refund: Refund, args: Args) -> Connection:
    lines = {each.id: each for each in context.shop.orders[refund.order_id].lines}
    found = [
        {
            "id": gid("RefundLineItem", each.id),
            "lineItem": lines[each.line_id],
            "location": context.shop.locations.get(each.location_id or 0),
            "priceSet": bag(each.subtotal / max(each.quantity, 1), context.shop.currency),
            "quantity": each.quantity,
            "restockType": each.restock,
            "restocked": each.restock == "RETURN",
            "subtotalSet": bag(each.subtotal, context.shop.currency),
            "totalTaxSet": bag(Decimal(0), context.shop.currency),
        }
        for each in refund.lines
    ]
    return paged(context, found, args)


@field_of("Customer.id")
def _customer_id(_context: Context, customer: Customer, _args: Args) -> str:
    return gid("Customer", customer.id)


@field_of("Customer.numberOfOrders")
def _orders(_context: Context, customer: Customer, _args: Args) -> str:
    return str(customer.orders)


@field_of("Customer.amountSpent")
def _spent(context: Context, customer: Customer, _args: Args) -> dict[str, str]:
    return money_v2(customer.spent, context.shop.currency)


@field_of("Customer.firstName")
def _first_name(_context: Context, customer: Customer, _args: Args) -> str:
    return customer.name[0]


@field_of("Customer.lastName")
def _last_name(_context: Context, customer: Customer, _args: Args) -> str:
    return customer.name[1]


@field_of("Customer.displayName")
def _display_name(_context: Context, customer: Customer, _args: Args) -> str:
    return " ".join(customer.name)


@field_of("Customer.defaultEmailAddress")
def _email(_context: Context, customer: Customer, _args: Args) -> dict[str, str]:
    return {"emailAddress": customer.email, "marketingState": "NOT_SUBSCRIBED"}


def _given_back(refund: Refund) -> Decimal:
    return sum((each.subtotal for each in refund.lines), Decimal(0))
