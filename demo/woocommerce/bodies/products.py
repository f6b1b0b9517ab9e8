"""Products and variations: as `products` and webhooks tell them, and the shorter shape of `variations`."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote, urlencode

from demo.woocommerce.bodies.common import ENTITIES, Body, bare, dates, links
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Product, Term

FIRST_IMAGE = 900_000_000


def product_body(shop: PlayedShop, product: Product) -> Body:
    """A product as REST and webhooks tell it; a variation too, when it is asked for by its id or told by a webhook."""
    return {
        "id": product.id,
        "name": product.name,
        "slug": product.slug if product.status != "draft" else "",
        "permalink": permalink(shop, product),
        **dates(shop, product.created, product.modified),
        "type": product.type,
        "status": product.status,
        "featured": False,
        "catalog_visibility": product.visibility,
        "description": product.description,
        "short_description": product.short_description,
        "sku": product.sku,
        **_prices(shop, product),
        "purchasable": _purchasable(shop, product),
        # A variation's count comes as text: that is how it was recorded.
        "total_sales": str(product.sales) if product.type == "variation" else product.sales,
        **_constants_of_delivery(),
        **_stock(shop, product),
        "sold_individually": False,
        **_shipping(),
        **_neighbours(product),
        **_sorted_under(shop, product),
        "images": _images(shop, product),
        "attributes": _attributes(shop, product),
        **_forms(shop, product),
        "menu_order": product.menu_order,
        "price_html": _price_html(shop, product),
        "related_ids": [],
        "meta_data": [],
        "stock_status": shop.stock_status(product),
        "has_options": product.type == "variable",
        "post_password": "",
        "global_unique_id": "",
        "_links": links(shop, "products", product.id, up=f"products/{product.parent_id}" if product.parent_id else ""),
    }


def _forms(shop: PlayedShop, product: Product) -> Body:
    """What else is sold under its name."""
    forms = [each.id for each in shop.variations(product.id) if each.status != "trash"]
    return {"default_attributes": [], "variations": forms, "grouped_products": []}


def _sorted_under(shop: PlayedShop, product: Product) -> Body:
    """Its categories, brands and tags."""
    return {
        "categories": _terms(shop.categories, product.categories),
        "brands": _terms(shop.brands, product.brands),
        "tags": _terms(shop.tags, product.tags),
    }


def _neighbours(product: Product) -> Body:
    """What it is reviewed as and sold beside, and whose form it is."""
    return {
        "reviews_allowed": product.type != "variation",
        "average_rating": "0.00",
        "rating_count": 0,
        "upsell_ids": [],
        "cross_sell_ids": [],
        "parent_id": product.parent_id,
        "purchase_note": "",
    }


def variation_body(shop: PlayedShop, variation: Product) -> Body:
    """A variation as the routes of variations tell it."""
    images = _images(shop, variation)
    parent = f"products/{variation.parent_id}"
    return {
        "id": variation.id,
        "type": "variation",
        **dates(shop, variation.created, variation.modified),
        "description": variation.description,
        "permalink": permalink(shop, variation),
        "sku": variation.sku,
        "global_unique_id": "",
        **_prices(shop, variation),
        "status": variation.status,
        "purchasable": _purchasable(shop, variation),
        **_constants_of_delivery(short=True),
        **_stock(shop, variation),
        "stock_status": shop.stock_status(variation),
        **_shipping(short=True),
        "image": images[0] if images else None,
        "gallery_image_ids": [],
        "attributes": _attributes(shop, variation),
        "menu_order": variation.menu_order,
        "meta_data": [],
        "name": ", ".join(variation.picks.values()),
        "parent_id": variation.parent_id,
        "_links": links(shop, f"{parent}/variations", variation.id, up=parent),
    }


def permalink(shop: PlayedShop, product: Product) -> str:
    """The address of a product's page; a variation's is its parent's, with what was picked."""
    parent = shop.products.get(product.parent_id)
    if parent is not None:
        # WordPress writes the values as they are but for spaces.
        picks = urlencode(
            {f"attribute_{slug_of(name)}": value for name, value in product.picks.items()}, quote_via=quote
        )
        return f"{permalink(shop, parent)}?{picks}"
    if product.status == "draft":
        return f"{shop.address}/?post_type=product&p={product.id}"
    return f"{shop.address}/product/{product.slug}/"


def slug_of(name: str) -> str:
    """A name of an attribute in an address."""
    return name.lower().replace(" ", "-")


def prices_of(shop: PlayedShop, product: Product) -> list[Decimal]:
    """What its forms cost, lowest first; its own price where it has none."""
    own = [product] if product.type != "variable" else shop.variations(product.id)
    return sorted(each.price for each in own if each.price is not None and each.status in {"publish", product.status})


def _prices(shop: PlayedShop, product: Product) -> Body:
    of_forms = product.type == "variable"
    found = prices_of(shop, product)
    return {
        "price": bare(found[0] if found else None),
        "regular_price": "" if of_forms else bare(product.regular_price),
        "sale_price": "" if of_forms else bare(product.sale_price),
        "date_on_sale_from": None,
        "date_on_sale_from_gmt": None,
        "date_on_sale_to": None,
        "date_on_sale_to_gmt": None,
        "on_sale": product.sale_price is not None
        or (of_forms and any(each.sale_price is not None for each in shop.variations(product.id))),
    }


def _stock(shop: PlayedShop, product: Product) -> Body:
    counting = shop.counted_by(product)
    rule = (counting or product).backorders
    pieces = None if counting is None else counting.stock
    return {
        "manage_stock": "parent" if counting is not None and counting is not product else counting is not None,
        "stock_quantity": pieces,
        "backorders": rule,
        "backorders_allowed": rule != "no",
        "backordered": counting is not None and rule != "no" and (pieces or 0) <= 0,
        "low_stock_amount": None,
    }


def _purchasable(shop: PlayedShop, product: Product) -> bool:
    return product.type in {"simple", "variable", "variation"} and bool(prices_of(shop, product))


def _constants_of_delivery(*, short: bool = False) -> Body:
    files: Body = {
        "virtual": False,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
    }
    external = {} if short else {"external_url": "", "button_text": ""}
    return {**files, **external, "tax_status": "taxable", "tax_class": ""}


def _shipping(*, short: bool = False) -> Body:
    needs = {} if short else {"shipping_required": True, "shipping_taxable": True}
    return {
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        **needs,
        "shipping_class": "",
        "shipping_class_id": 0,
    }


def _terms(known: dict[int, Term], ids: tuple[int, ...]) -> list[Body]:
    return [{"id": each, "name": known[each].name, "slug": known[each].slug} for each in ids if each in known]


def _images(shop: PlayedShop, product: Product) -> list[Body]:
    if not product.picture:
        return []
    return [
        {
            "id": FIRST_IMAGE + product.id,
            **dates(shop, product.created, product.created),
            "src": f"{shop.address}{product.picture}",
            "name": product.name,
            "alt": product.name,
        }
    ]


def _attributes(shop: PlayedShop, product: Product) -> list[Body]:
    if product.type == "variation":
        parent = shop.products.get(product.parent_id)
        known = {each.name: each for each in parent.choices} if parent else {}
        return [
            {
                "id": known[name].id if name in known else 0,
                "name": name,
                "slug": known[name].slug if name in known else slug_of(name),
                "option": value,
            }
            for name, value in product.picks.items()
        ]
    return [
        {
            "id": each.id,
            "name": each.name,
            "slug": each.slug,
            "position": place,
            "visible": True,
            "variation": each.varies,
            "options": list(each.options),
        }
        for place, each in enumerate(product.choices)
    ]


def _price_html(shop: PlayedShop, product: Product) -> str:
    found = prices_of(shop, product)
    if not found:
        return ""
    low, high = _money(shop, found[0]), _money(shop, found[-1])
    if product.sale_price is not None and product.regular_price is not None:
        return (
            f'<del aria-hidden="true">{_money(shop, product.regular_price)}</del> <ins aria-hidden="true">{low}</ins>'
        )
    return low if found[0] == found[-1] else f'{low} <span aria-hidden="true">&ndash;</span> {high}'


def _money(shop: PlayedShop, price: Decimal) -> str:
    symbol = ENTITIES.get(shop.currency, shop.currency)
    sign = f'<span class="woocommerce-Price-currencySymbol" translate="no">{symbol}</span>'
    return f'<span class="woocommerce-Price-amount amount"><bdi>{sign}{price:.2f}</bdi></span>'
