"""The list of what sells in a shop: on the app's installation, so that Liquid has it where a page names no product.

A metafield of an AppInstallation may refer to products (`MetafieldReferencer` in Shopify's schema), and Liquid gives a
list of references as products: live, and not counted among the 20 that a page may look up by `all_products`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connectors.shopify.graphql.client import Admin
from connectors.shopify.graphql.errors import UserErrors
from connectors.shopify.metafields import APP_NAMESPACE, LIST_TYPE, MOST_TRIES, STALE, value_of

LIST = "trending"
# Whether it is what sells, or what is new because nothing is known of sales.
SELLING = "selling"


class _Digest(msgspec.Struct, frozen=True, rename="camel"):
    compare_digest: str
    key: str = ""


class _Set(msgspec.Struct, frozen=True):
    metafields: tuple[_Digest, ...] | None


class _SetData(msgspec.Struct, frozen=True, rename="camel"):
    metafields_set: _Set


class _Owner(msgspec.Struct, frozen=True):
    metafield: _Digest | None


class _Installation(msgspec.Struct, frozen=True, rename="camel"):
    current_app_installation: _Owner


class _Anything(msgspec.Struct, frozen=True):
    """An answer of which nothing is used."""


def set_list(admin: Admin, owner: str, products: Sequence[str], *, selling: bool, digest: str) -> str | None:
    """Put the list there, and whether it is of what sells. Returns its digest; None where the platform refuses it.

    owner: as `metafields.installation` gives it. digest: of what it replaces, "" where there is none.
    """
    for _ in range(MOST_TRIES):
        try:
            answer = admin.run("metafields_set", {"metafields": _rows(owner, products, selling, digest)}, _SetData)
        except UserErrors as error:
            if not error.codes & STALE:
                return None
            stored = admin.run("trending_list", {}, _Installation).current_app_installation.metafield
            digest = stored.compare_digest if stored else ""
            continue
        return next((each.compare_digest for each in answer.metafields_set.metafields or () if each.key == LIST), None)
    return None


def delete_list(admin: Admin, owner: str) -> None:
    """Take the list away; no harm where there is none."""
    rows = [{"ownerId": owner, "namespace": APP_NAMESPACE, "key": key} for key in (LIST, SELLING)]
    admin.run("metafields_delete", {"metafields": rows}, _Anything)


def _rows(owner: str, products: Sequence[str], selling: bool, digest: str) -> list[dict[str, str | None]]:
    place = {"ownerId": owner, "namespace": APP_NAMESPACE}
    return [
        {**place, "key": LIST, "type": LIST_TYPE, "value": value_of(products), "compareDigest": digest or None},
        {**place, "key": SELLING, "type": "boolean", "value": str(selling).lower()},
    ]
