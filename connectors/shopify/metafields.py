"""Lists of products in a shop's own metafields, which its theme renders without asking anybody.

https://shopify.dev/docs/api/admin-graphql/latest/mutations/metafieldsSet
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from connectors.shopify.graphql.client import Admin
from connectors.shopify.graphql.errors import UserError, UserErrors

# Of our app alone: Shopify puts the app's number in the place of "$app".
NAMESPACE = "$app:shelfwise"
LIST_KEYS: Mapping[str, str] = {"related": "Related products", "complementary": "Goes well with"}
LIST_TYPE = "list.product_reference"
LONGEST_LIST = 128
# What blocks are told stands at the app's installation: Liquid reads it as `app.metafields.shelfwise.KEY`.
APP_NAMESPACE = "shelfwise"
A_CALL = 25
# A list that somebody else keeps changing meanwhile is left to the next round.
MOST_TRIES = 3

STALE = frozenset({"STALE_OBJECT", "INVALID_COMPARE_DIGEST"})


class ProductList(NamedTuple):
    """A product's list as it should be. digest: the platform's mark of what it replaces, "" where there is none."""

    product: str
    key: str
    products: tuple[str, ...]
    digest: str = ""


@dataclass(slots=True)
class Outcome:
    """What became of lists. digests: of those that stand in the shop now. doubtful: products to ask about again.

    nameless: an error that did not say which list it meant.
    """

    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    nameless: UserErrors | None = None


class _Owner(msgspec.Struct, frozen=True):
    id: str = ""


class _Metafield(msgspec.Struct, frozen=True, rename="camel"):
    key: str
    compare_digest: str
    owner: _Owner


class _Set(msgspec.Struct, frozen=True):
    metafields: tuple[_Metafield, ...] | None


class _SetData(msgspec.Struct, frozen=True, rename="camel"):
    metafields_set: _Set


class _Stored(msgspec.Struct, frozen=True, rename="camel"):
    value: str
    compare_digest: str


class _Node(msgspec.Struct, frozen=True):
    id: str
    related: _Stored | None = None
    complementary: _Stored | None = None


class _Nodes(msgspec.Struct, frozen=True):
    nodes: tuple[_Node | None, ...]


class _Installation(msgspec.Struct, frozen=True, rename="camel"):
    current_app_installation: _Owner


class _Anything(msgspec.Struct, frozen=True):
    """An answer of which nothing is used."""


def installation(admin: Admin) -> str:
    """The mark of the app's stay in the shop; another one after it was installed again."""
    return admin.run("installation", {}, _Installation).current_app_installation.id


def define_lists(admin: Admin) -> None:
    """Let the shop's pages read the lists. Those that were defined before stay as they are."""
    for key, name in LIST_KEYS.items():
        definition = {
            "name": f"Shelfwise: {name}",
            "namespace": NAMESPACE,
            "key": key,
            "ownerType": "PRODUCT",
            "type": LIST_TYPE,
            "access": {"storefront": "PUBLIC_READ"},
        }
        try:
            admin.run("metafield_definition_create", {"definition": definition}, _Anything)
        except UserErrors as error:
            if error.codes != {"TAKEN"}:
                raise


def set_marks(admin: Admin, owner: str, marks: Mapping[str, str | bool]) -> None:
    """Tell our blocks what they ask `app.metafields.shelfwise` for. owner: as `installation` gives it."""
    rows = [
        {
            "ownerId": owner,
            "namespace": APP_NAMESPACE,
            "key": key,
            "type": "boolean" if isinstance(value, bool) else "single_line_text_field",
            "value": str(value).lower() if isinstance(value, bool) else value,
        }
        for key, value in marks.items()
    ]
    admin.run("metafields_set", {"metafields": rows}, _Anything)


def delete_lists(admin: Admin, lists: Collection[tuple[str, str]]) -> None:
    """Take lists away, at most A_CALL of them, each a product and a key; those that are gone already do no harm."""
    rows = [{"ownerId": _gid(product), "namespace": NAMESPACE, "key": key} for product, key in lists]
    admin.run("metafields_delete", {"metafields": rows}, _Anything)


def set_lists(admin: Admin, lists: Sequence[ProductList]) -> Outcome:
    """Put at most A_CALL lists into the shop, in one call unless something is in the way.

    Shopify sets all of a call or nothing. Where one of them is not as we knew it, it is read again: what is as it
    should be is left alone, and what is not is set over its new state. Where one is refused, the others are set
    without it, and its products are doubtful. Raises UserErrors where none can be set, for no reason of their own.
    """
    outcome = Outcome()
    _set(admin, list(lists), outcome, tries=0)
    if outcome.nameless is not None and not outcome.digests:
        raise outcome.nameless
    return outcome


def _set(admin: Admin, lists: list[ProductList], outcome: Outcome, *, tries: int) -> None:
    if not lists:
        return
    try:
        answer = admin.run("metafields_set", {"metafields": [_row(each) for each in lists]}, _SetData)
    except UserErrors as error:
        _mend(admin, lists, error, outcome, tries=tries + 1)
        return
    for each in answer.metafields_set.metafields or ():
        outcome.digests[_number(each.owner.id), each.key] = each.compare_digest


def _row(wanted: ProductList) -> dict[str, str | None]:
    return {
        "ownerId": _gid(wanted.product),
        "namespace": NAMESPACE,
        "key": wanted.key,
        "type": LIST_TYPE,
        "value": value_of(wanted.products),
        # None is said as null, which means: only if there is none yet.
        "compareDigest": wanted.digest or None,
    }


def value_of(products: Iterable[str]) -> str:
    """A list of products as a metafield holds it."""
    return msgspec.json.encode([_gid(each) for each in products]).decode()


def _mend(admin: Admin, lists: list[ProductList], error: UserErrors, outcome: Outcome, *, tries: int) -> None:
    places = {_place(each): each.code for each in error.errors}
    if any(place is None or place >= len(lists) for place in places):
        outcome.nameless = error
        _halve(admin, lists, outcome, tries=tries)
        return
    stale = [lists[place] for place, code in places.items() if place is not None and code in STALE]
    for place, code in places.items():
        if place is not None and code not in STALE:
            outcome.doubtful.update((lists[place].product, *lists[place].products))
    rest = [each for place, each in enumerate(lists) if place not in places]
    if tries < MOST_TRIES:
        rest += _read_again(admin, stale, outcome)
    # Refused ones have left the call, so that it gets shorter; stale ones are tried a few times.
    _set(admin, rest, outcome, tries=tries if stale else 0)


def _halve(admin: Admin, lists: list[ProductList], outcome: Outcome, *, tries: int) -> None:
    """Find by halves what an error means that names no place."""
    if len(lists) == 1:
        outcome.doubtful.update((lists[0].product, *lists[0].products))
        return
    middle = len(lists) // 2
    _set(admin, lists[:middle], outcome, tries=tries - 1)
    _set(admin, lists[middle:], outcome, tries=tries - 1)


def _place(error: UserError) -> int | None:
    """Which of a call's metafields an error means: it says so itself, or its path does, as ("metafields", "3")."""
    if error.element_index is not None:
        return error.element_index
    for part in error.field or ():
        if part.isdecimal():
            return int(part)
    return None


def _read_again(admin: Admin, lists: Sequence[ProductList], outcome: Outcome) -> list[ProductList]:
    """Those of the lists that are still not as they should be, each with the mark of how it is now."""
    if not lists:
        return []
    ids = sorted({_gid(each.product) for each in lists})
    nodes = {_number(node.id): node for node in admin.run("published_lists", {"ids": ids}, _Nodes).nodes if node}
    wrong = []
    for each in lists:
        node = nodes.get(each.product)
        if node is None:
            outcome.doubtful.add(each.product)
            continue
        stored = node.related if each.key == "related" else node.complementary
        if stored is not None and _products_of(stored.value) == each.products:
            outcome.digests[each.product, each.key] = stored.compare_digest
        else:
            wrong.append(each._replace(digest=stored.compare_digest if stored else ""))
    return wrong


def _products_of(value: str) -> tuple[str, ...] | None:
    with suppress(msgspec.MsgspecError):
        return tuple(_number(each) for each in msgspec.json.decode(value, type=list[str]))
    return None


def _gid(product: str) -> str:
    return f"gid://shopify/Product/{product}"


def _number(gid: str) -> str:
    return gid.rpartition("/")[2]
