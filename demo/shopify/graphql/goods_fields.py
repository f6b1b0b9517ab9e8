"""Fields of products, variants, inventory, locations and collections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.shopify.graphql.connections import Connection
from demo.shopify.graphql.context import As, Context, field_of, money, money_v2, paged, plain, time
from demo.shopify.state import gid, number_of
from demo.shopify.things import Collection, Location, Product, Variant

Args = Mapping[str, Any]

plain(
    "Product",
    handle="handle",
    title="title",
    status="status",
    productType="product_type",
    vendor="vendor",
    tags="tags",
    isGiftCard="gift_card",
    createdAt="created_at",
    updatedAt="updated_at",
    description="description",
)
plain(
    "ProductVariant",
    title="title",
    sku="sku",
    inventoryPolicy="policy",
    position="position",
    createdAt="created_at",
    updatedAt="updated_at",
    inventoryQuantity="total",
)
plain("InventoryItem", sku="sku", tracked="tracked", createdAt="created_at")
plain(
    "Location",
    name="name",
    isActive="active",
    fulfillsOnlineOrders="fulfills_online",
    createdAt="created_at",
    updatedAt="updated_at",
)
plain("Collection", handle="handle", title="title", updatedAt="updated_at", description="description")


@field_of("Product.id", "ProductVariant.id", "Location.id", "Collection.id")
def _id(_context: Context, thing: Any, _args: Args) -> str:
    kind = {Product: "Product", Variant: "ProductVariant", Location: "Location", Collection: "Collection"}
    return gid(kind[type(thing)], thing.id)


@field_of(
    "Product.legacyResourceId",
    "ProductVariant.legacyResourceId",
    "Location.legacyResourceId",
    "Collection.legacyResourceId",
)
def _number(_context: Context, thing: Any, _args: Args) -> str:
    return str(thing.id)


@field_of("Product.descriptionHtml", "Collection.descriptionHtml")
def _html(_context: Context, thing: Any, _args: Args) -> str:
    return f"<p>{thing.description}</p>"


@field_of("Product.category")
def _category(_context: Context, product: Product, _args: Args) -> dict[str, Any] | None:
    if product.category is None:
        return None
    number, full = product.category
    level = full.count(">") + 1
    return {
        "id": gid("TaxonomyCategory", number),
        "fullName": full,
        "name": full.rpartition("> ")[2],
        "isLeaf": True,
        "isRoot": level == 1,
        "isArchived": False,
        "level": level,
    }


@field_of("Product.publishedAt")
def _published_at(context: Context, product: Product, _args: Args) -> str | None:
    return time(product.published.get(context.shop.online_store))


@field_of("Product.onlineStoreUrl")
def _url(context: Context, product: Product, _args: Args) -> str | None:
    return context.address(f"/products/{product.handle}") if context.shop.on_sale(product) else None


@field_of("Product.totalInventory")
def _total(_context: Context, product: Product, _args: Args) -> int:
    return sum(each.total for each in product.variants if each.tracked)


@field_of("Product.tracksInventory")
def _tracks(_context: Context, product: Product, _args: Args) -> bool:
    return any(each.tracked for each in product.variants)


@field_of("Product.hasOutOfStockVariants")
def _has_sold_out(_context: Context, product: Product, _args: Args) -> bool:
    return any(each.tracked and each.total <= 0 for each in product.variants)


@field_of("Product.hasOnlyDefaultVariant")
def _only_default(_context: Context, product: Product, _args: Args) -> bool:
    return len(product.variants) == 1


@field_of("Product.featuredMedia")
def _media(context: Context, product: Product, _args: Args) -> Any:
    if not product.picture:
        return None
    image = {"id": gid("ProductImage", product.id), "url": context.address(product.picture), "altText": product.title}
    return {
        "__typename": "MediaImage",
        "id": gid("MediaImage", product.id),
        "alt": product.title,
        "mediaContentType": "IMAGE",
        "status": "READY",
        "preview": {"image": image, "status": "READY"},
        "image": image,
    }


@field_of("Product.media")
def _all_media(context: Context, product: Product, args: Args) -> Connection:
    found = _media(context, product, {})
    return paged(context, [found] if found else [], args)


@field_of("Product.priceRangeV2")
def _price_range(context: Context, product: Product, _args: Args) -> dict[str, Any]:
    prices = sorted(each.price for each in product.variants)
    currency = context.shop.currency
    return {"minVariantPrice": money_v2(prices[0], currency), "maxVariantPrice": money_v2(prices[-1], currency)}


@field_of("Product.options")
def _options(_context: Context, product: Product, _args: Args) -> list[dict[str, Any]]:
    return [
        {"id": gid("ProductOption", product.id * 10 + place), "name": name, "position": place, "values": list(values)}
        for place, (name, values) in enumerate(product.options, start=1)
    ]


@field_of("Product.collections")
def _collections(context: Context, product: Product, args: Args) -> Connection:
    return paged(context, context.shop.collections_of(product.id), args)


@field_of("Product.inCollection")
def _in_collection(context: Context, product: Product, args: Args) -> bool:
    return any(each.id == number_of(args["id"]) for each in context.shop.collections_of(product.id))


@field_of("Product.variants")
def _variants(context: Context, product: Product, args: Args) -> Connection:
    return paged(context, product.variants, args)


@field_of("Product.variantsCount")
def _variants_count(_context: Context, product: Product, _args: Args) -> dict[str, Any]:
    return {"count": len(product.variants), "precision": "EXACT"}


@field_of("Product.publishedInContext")
def _published_in(context: Context, product: Product, args: Args) -> bool:
    return context.shop.on_sale(product, args["context"].get("country", ""))


@field_of("Product.publishedOnPublication")
def _published_on(_context: Context, product: Product, args: Args) -> bool:
    return number_of(args["publicationId"]) in product.published


@field_of("Product.resourcePublications", "Product.resourcePublicationsV2")
def _publications(context: Context, product: Product, args: Args) -> Connection:
    found = [
        {
            "isPublished": at <= context.shop.clock(),
            "publication": context.shop.publications[where],
            "publishDate": time(at),
            "publishable": product,
        }
        for where, at in product.published.items()
    ]
    if args.get("onlyPublished", True):
        found = [each for each in found if each["isPublished"]]
    return paged(context, found, args)


@field_of("ProductVariant.product")
def _product(context: Context, variant: Variant, _args: Args) -> Product:
    return context.shop.products[variant.product_id]


@field_of("ProductVariant.displayName")
def _display_name(context: Context, variant: Variant, _args: Args) -> str:
    return f"{context.shop.products[variant.product_id].title} - {variant.title}"


@field_of("ProductVariant.price")
def _price(_context: Context, variant: Variant, _args: Args) -> str | None:
    return money(variant.price)


@field_of("ProductVariant.compareAtPrice")
def _compare_at(_context: Context, variant: Variant, _args: Args) -> str | None:
    return money(variant.compare_at_price)


@field_of("ProductVariant.availableForSale")
def _available(context: Context, variant: Variant, _args: Args) -> bool:
    return context.shop.available(variant)


@field_of("ProductVariant.sellableOnlineQuantity")
def _sellable(context: Context, variant: Variant, _args: Args) -> int:
    return context.shop.sellable(variant)


@field_of("ProductVariant.selectedOptions")
def _selected(_context: Context, variant: Variant, _args: Args) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in variant.options]


@field_of("ProductVariant.contextualPricing")
def _contextual(context: Context, variant: Variant, args: Args) -> dict[str, Any]:
    country = args["context"].get("country", "")
    amount, currency = context.shop.price_in(variant, country)
    before = variant.compare_at_price
    full = None if before is None else money_v2(before * amount / variant.price if variant.price else before, currency)
    return {"price": money_v2(amount, currency), "compareAtPrice": full}


@field_of("ProductVariant.inventoryItem")
def _item(_context: Context, variant: Variant, _args: Args) -> As:
    return As("InventoryItem", variant)


@field_of("InventoryItem.id")
def _item_id(_context: Context, variant: Variant, _args: Args) -> str:
    return gid("InventoryItem", variant.item_id)


@field_of("InventoryItem.legacyResourceId")
def _item_number(_context: Context, variant: Variant, _args: Args) -> str:
    return str(variant.item_id)


@field_of("InventoryItem.updatedAt")
def _item_updated(_context: Context, variant: Variant, _args: Args) -> str | None:
    return time(variant.item_updated_at or variant.created_at)


@field_of("InventoryItem.unitCost")
def _cost(context: Context, variant: Variant, _args: Args) -> dict[str, str] | None:
    return None if variant.cost is None else money_v2(variant.cost, context.shop.currency)


@field_of("InventoryItem.variants")
def _item_variants(context: Context, variant: Variant, args: Args) -> Connection:
    return paged(context, [variant], args)


def level_of(context: Context, variant: Variant, place: int) -> dict[str, Any] | None:
    """An inventory level; None where the location doesn't hold the item."""
    level = variant.levels.get(place)
    if level is None:
        return None
    return {
        "__typename": "InventoryLevel",
        "id": f"{gid('InventoryLevel', place)}?inventory_item_id={variant.item_id}",
        "isActive": level.active,
        "item": As("InventoryItem", variant),
        "location": context.shop.locations[place],
        "createdAt": time(level.created_at),
        "updatedAt": time(level.updated_at),
        "level": level,
    }


@field_of("InventoryItem.inventoryLevels")
def _levels(context: Context, variant: Variant, args: Args) -> Connection:
    shown = [place for place, level in variant.levels.items() if level.active or args.get("includeInactive")]
    found = [level_of(context, variant, place) for place in shown]
    return paged(context, found, args)


@field_of("InventoryItem.inventoryLevel")
def _one_level(context: Context, variant: Variant, args: Args) -> dict[str, Any] | None:
    return level_of(context, variant, number_of(args["locationId"]))


@field_of("InventoryLevel.quantities")
def _quantities(_context: Context, source: Any, args: Args) -> list[dict[str, Any]]:
    level, found = source["level"], []
    known = {"available": level.available, "committed": level.committed}
    known["on_hand"] = level.available + level.committed
    for name in args["names"]:
        quantity_id = f"{source['id'].replace('InventoryLevel', 'InventoryQuantity')}&name={name}"
        at = time(level.updated_at)
        found.append({"id": quantity_id, "name": name, "quantity": known.get(name, 0), "updatedAt": at})
    return found


@field_of("Collection.products")
def _products_in(context: Context, collection: Collection, args: Args) -> Connection:
    return paged(context, [context.shop.products[each] for each in collection.products], args)


@field_of("Collection.productsCount")
def _count_in(_context: Context, collection: Collection, _args: Args) -> dict[str, Any]:
    return {"count": len(collection.products), "precision": "EXACT"}


@field_of("Location.address")
def _address(_context: Context, location: Location, _args: Args) -> dict[str, Any]:
    return {"countryCode": location.country, "formatted": [location.name]}
