"""The webhooks of ours in a shop: made, looked after, taken away. Those of others are never touched.

A webhook is ours if it delivers to the very address that we give the shop. A shop disables one after some failures in a
row, and never tells the secret that it signs with, so that whoever looks after them says when that was changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from connectors.woocommerce.body import Scalar, number_or_none, text
from connectors.woocommerce.client import API, Shop
from connectors.woocommerce.failures import Failure, ShopError

PATH = f"{API}/webhooks"
NAME = "Shelfwise"
ACTIVE = "active"
AT_ONCE, MOST_PAGES = 100, 20
TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "product.created",
    "product.updated",
    "product.deleted",
    "product.restored",
    "customer.created",
    "customer.updated",
    "customer.deleted",
)
_FIELDS: Mapping[str, str] = {"_fields": "id,name,status,topic,delivery_url", "status": "all"}


class Webhook(msgspec.Struct, frozen=True):
    """One, as the shop tells it."""

    id: Scalar
    status: Scalar = None
    topic: Scalar = None
    delivery_url: Scalar = None


@dataclass(slots=True)
class Kept:
    """What was done to have every topic once and active. ids: of the webhooks, by topic. refused: topic -> why."""

    ids: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)
    removed: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def active(self) -> int:
        """How many topics are told to us."""
        return len(self.ids)


def ours(shop: Shop, delivery_url: str) -> list[Webhook]:
    """Those that deliver to an address. Raises ShopError, KeysRefused."""
    return [each for each in _every(shop) if text(each.delivery_url) == delivery_url and number_or_none(each.id)]


def keep(
    shop: Shop, delivery_url: str, secret: str, *, secret_changed: bool = False, old_urls: tuple[str, ...] = ()
) -> Kept:
    """Have each topic delivered once, signed with the secret. Safe to do again and again.

    secret_changed: those that there are may sign with another one. old_urls: addresses that were ours before, whose
    webhooks are turned to this one. Raises ShopError, KeysRefused.
    """
    kept = Kept()
    there: dict[str, list[Webhook]] = defaultdict(list)
    for each in _every(shop):
        if text(each.delivery_url) in {delivery_url, *old_urls} and number_or_none(each.id):
            there[text(each.topic)].append(each)
    for topic in TOPICS:
        try:
            _keep_one(shop, topic, there.pop(topic, []), delivery_url, secret, kept, signs_anew=secret_changed)
        except ShopError as error:
            if error.failure is not Failure.BAD_REQUEST:
                raise
            kept.refused[topic] = error.sentence
    for others in there.values():
        for each in others:
            _remove(shop, each)
            kept.removed += 1
    return kept


def remove(shop: Shop, delivery_url: str) -> int:
    """Take ours away, for good. Returns how many there were. Raises ShopError, KeysRefused."""
    found = ours(shop, delivery_url)
    for each in found:
        _remove(shop, each)
    return len(found)


def _every(shop: Shop) -> list[Webhook]:
    """All webhooks of a shop. Their list does not know offsets, and is short."""
    found: dict[str, Webhook] = {}
    for page in range(1, MOST_PAGES + 1):
        parameters = {**_FIELDS, "orderby": "id", "order": "asc", "per_page": str(AT_ONCE), "page": str(page)}
        rows = shop.get(PATH, parameters).rows(Webhook)
        found |= {own: each for each in rows if (own := number_or_none(each.id))}
        if len(rows) < AT_ONCE:
            break
    return list(found.values())


def _keep_one(
    shop: Shop,
    topic: str,
    there: list[Webhook],
    delivery_url: str,
    secret: str,
    kept: Kept,
    *,
    signs_anew: bool,
) -> None:
    wanted = {"name": f"{NAME}: {topic}", "topic": topic, "delivery_url": delivery_url, "secret": secret}
    there.sort(key=lambda each: (text(each.status) != ACTIVE, int(number_or_none(each.id))))
    for double in there[1:]:
        _remove(shop, double)
        kept.removed += 1
    if not there:
        kept.ids[topic] = number_or_none(shop.post(PATH, {**wanted, "status": ACTIVE}).decode(Webhook).id)
        kept.made.append(topic)
        return
    first = there[0]
    own = number_or_none(first.id)
    asleep = text(first.status) != ACTIVE
    if asleep or signs_anew or text(first.delivery_url) != delivery_url:
        shop.put(f"{PATH}/{own}", {**wanted, "status": ACTIVE})
        if asleep:
            kept.revived.append(topic)
    kept.ids[topic] = own


def _remove(shop: Shop, webhook: Webhook) -> None:
    """A webhook can't lie in the trash: without force, WooCommerce refuses."""
    try:
        shop.delete(f"{PATH}/{number_or_none(webhook.id)}", {"force": "true"})
    except ShopError as error:
        if error.failure is not Failure.NO_SUCH_THING:
            raise
