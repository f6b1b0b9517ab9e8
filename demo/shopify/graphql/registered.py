"""Brings together all that registers fields."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    *("goods_fields", "order_fields", "shop_fields", "online_store", "metafields", "roots"),
    *("app_mutations", "bulk_fields"),
)


def all_fields() -> None:
    """Import every module that registers resolvers."""
    for each in MODULES:
        import_module(f"demo.shopify.graphql.{each}")
