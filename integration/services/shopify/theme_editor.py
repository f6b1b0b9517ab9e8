"""Where a merchant can put our widgets, as links that open the theme editor with the block in place.

https://shopify.dev/docs/apps/build/online-store/theme-app-extensions/configuration#deep-linking
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from connectors.shopify.api import App


@dataclass(frozen=True, slots=True)
class Place:
    """A widget and its place. block: the handle of its block; url: opens the theme editor with it."""

    block: str
    title: str
    where: str
    url: str


# Block, template (none: it stands on every page), title, where.
_PLACES = (
    ("similar", "product", "Similar products", "on product pages"),
    ("together", "product", "Bought together", "on product pages"),
    ("for-you", "index", "Picked for you", "on the home page"),
    ("cart", "cart", "Goes with the cart", "on the cart page"),
    ("collection", "collection", "Goes with collection", "on collection pages"),
    ("search", "search", "Similar to search", "on the search page"),
    ("recent", "index", "Recently viewed", "on the home page"),
    ("embed", "", "Row in cart drawer", "on every page"),
)
TITLES = {block: title for block, _, title, _ in _PLACES}


def places(app: App, domain: str) -> list[Place]:
    """Every place, the most useful first."""
    return [Place(block, title, where, _url(app, domain, block, template)) for block, template, title, where in _PLACES]


def _url(app: App, domain: str, block: str, template: str) -> str:
    if template:
        wanted = {"template": template, "addAppBlockId": f"{app.client_id}/{block}", "target": "newAppsSection"}
    else:
        wanted = {"context": "apps", "template": "index", "activateAppId": f"{app.client_id}/{block}"}
    return f"{app.address(domain)}/admin/themes/current/editor?{urlencode(wanted)}"
