"""Global ids of the GraphQL API, such as "gid://shopify/Product/123", and the bare numbers that we keep of them."""

from __future__ import annotations


def bare(gid: str) -> str:
    """The number in a global id, as text: "123" of "gid://shopify/Product/123?x=1"."""
    return gid.rpartition("/")[2].partition("?")[0]


def kind_of(gid: str) -> str:
    """The type that a global id names, such as "Product"."""
    return gid.removeprefix("gid://shopify/").partition("/")[0]


def gid(kind: str, number: str) -> str:
    """The global id of a number."""
    return f"gid://shopify/{kind}/{number}"
