"""What the app asks a merchant to allow, and whether that was granted, by ShopifyAPI's algebra of scopes."""

from __future__ import annotations

from collections.abc import Iterable

# Each with what would not work without it; shopify.app.toml has to say the same, which a test holds us to.
REQUIRED = (
    "read_customer_events",  # the web pixel: what shoppers look at, with their consent
    "read_customers",  # the number of the customer behind an order; nothing else of them is read
    "read_inventory",  # pieces on the shelf
    "read_locations",  # which places sell online
    "read_markets",  # where a product is sold, and at which price
    "read_orders",  # what sells together, of the last 60 days
    "read_publications",  # what the online shop shows
    "read_themes",  # whether the widgets are on the theme that shoppers see
    "write_app_proxy",  # personal recommendations at an address of the shop itself
    "write_pixels",  # switching the web pixel on
    "write_products",  # the lists of recommendations, kept at each product (implies read_products)
)
# Asked for later, where Shopify has approved it for the app and the merchant agrees.
OPTIONAL = ("read_all_orders",)  # orders older than 60 days


def missing(granted: Iterable[str], wanted: Iterable[str] = REQUIRED) -> tuple[str, ...]:
    """The wanted scopes that the granted ones don't cover, sorted; `write_x` covers `read_x`."""
    from shopify.api_access import ApiAccess

    held = ApiAccess([each for each in granted if _is_scope(each)])
    return tuple(sorted(each for each in set(wanted) if not held.covers(ApiAccess([each]))))


def _is_scope(text: str) -> bool:
    """ShopifyAPI refuses the whole list for one name that it can't read; a new kind of scope must not cost a shop."""
    from shopify.api_access import ApiAccess

    return ApiAccess.SCOPE_RE.match(text) is not None
