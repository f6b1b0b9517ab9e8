"""What a shop is asked for, and no more than is used of it: no name, no mail address, no street.

`_fields` goes into objects ("billing.country") and not into lists, which come whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from connectors.woocommerce.client import API
from connectors.woocommerce.orders import SLATE_META, VISITOR_META

PRODUCTS, VARIATIONS, ORDERS, REFUNDS, CUSTOMERS = (
    f"{API}/{each}" for each in ("products", "variations", "orders", "refunds", "customers")
)
# The same list before WooCommerce 10.3, of its own admin pages.
VARIATIONS_BEFORE = "wc-analytics/variations"
ALL_VARIATIONS = (VARIATIONS, VARIATIONS_BEFORE)

_STOCK = "sku,price,regular_price,on_sale,purchasable,manage_stock,stock_quantity,stock_status,backorders"
_COMMON = f"id,type,parent_id,status,{_STOCK},date_modified_gmt,attributes,menu_order"
_OF_PRODUCT = (
    "name,slug,permalink,catalog_visibility,post_password,description,short_description,date_created_gmt,categories,"
    "tags,brands,images,variations"
)
_OF_ORDER = (
    "id,status,currency,prices_include_tax,customer_id,created_via,date_created_gmt,date_modified_gmt,billing.country,"
    "shipping.country,meta_data,line_items,refunds"
)
PRODUCT: Mapping[str, str] = {"status": "any", "_fields": f"{_COMMON},{_OF_PRODUCT}"}
VARIATION: Mapping[str, str] = {"status": "any", "_fields": _COMMON}
ORDER: Mapping[str, str] = {
    "status": "any",
    "_fields": _OF_ORDER,
    "include_meta": f"{SLATE_META},{VISITOR_META}",
}
REFUND: Mapping[str, str] = {"_fields": "id,parent_id,date_created_gmt,line_items"}
CUSTOMER: Mapping[str, str] = {
    "_fields": "id,date_created_gmt,date_modified_gmt,billing.country,shipping.country",
}


def changed(since: datetime | None) -> dict[str, str]:
    """What to ask for what changed at a time or later. WordPress's "after" leaves its own second out."""
    if since is None:
        return {}
    moment = since.astimezone(UTC).replace(microsecond=0) - timedelta(seconds=1)
    return {"modified_after": moment.strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": "true"}
