"""Played shops in processes of their own, whose catalogue and stock can be made to drift behind everybody's back."""

from __future__ import annotations

import math
import multiprocessing
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, Self

import requests

import demo.shopify.large
import demo.woocommerce.large
from connectors.base import Access
from demo.shopify.fill import Size
from demo.shopify.graphql.cost import Bucket
from demo.shopify.platform import Platform
from demo.shopify.server import running as running_shopify
from demo.shopify.state import PlayedShop as ShopifyShop
from demo.woocommerce.server import running as running_woocommerce
from demo.woocommerce.state import PlayedShop as WooShop

SHOPIFY, WOOCOMMERCE = "shopify", "woocommerce"
ORDERS_A_PRODUCT = 0.2
DOMAIN = "drift.myshopify.com"
PLUS = Bucket(20_000, 1_000)
# Rows of a page, which is what WooCommerce allows at most; a bulk operation is started, looked at, and downloaded.
A_PAGE, CALLS_A_BULK = 100, 3
NEW_TITLE = "Edited behind everybody's back"


@dataclass(frozen=True, slots=True)
class Played:
    """Where a played shop is called, and as what. least: the fewest calls that could tell its catalogue and stock."""

    platform: str
    external_id: str
    address: str
    token: str
    least: int
    things: str

    def access(self, token: Callable[[], str], wait: Callable[[float], None]) -> Access:
        """As a reader wants it."""
        return Access(self.external_id, self.address, token, wait, allow_loopback=True)


@dataclass(slots=True)
class Injected:
    """What was made to drift, by the platform's ids. stocked: inventory items, with the pieces that they have now."""

    edited: list[str] = field(default_factory=list)
    stocked: dict[str, int] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many things."""
        return len(self.edited) + len(self.stocked) + len(self.deleted) + len(self.added)


class Serving:
    """A played shop in a process of its own, until the block ends."""

    def __init__(self, platform: str, products: int, seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, self._there = context.Pipe()
        serve = {SHOPIFY: _serve_shopify, WOOCOMMERCE: _serve_woocommerce}[platform]
        self._process = context.Process(target=serve, args=(self._there, products, seed), daemon=True)
        self.played: Played

    def __enter__(self) -> Self:
        self._process.start()
        self._there.close()
        self.played = self._here.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._here.send(0)
        self._process.join(10)
        self._process.terminate()

    def drift(self, things: int) -> Injected:
        """Have so many things drift: a quarter each is edited, counted anew, deleted and added; no time changes."""
        self._here.send(things)
        injected: Injected = self._here.recv()
        return injected


def _quarters(ids: Sequence[int], things: int, seed: int) -> tuple[list[int], list[int], list[int], int]:
    each = things // 4
    chosen = random.Random(seed).sample(list(ids), 3 * each)
    return chosen[:each], chosen[each : 2 * each], chosen[2 * each :], things - 3 * each


def _serve_shopify(pipe: Connection, products: int, seed: int) -> None:
    size = Size(seed, products, 100)
    with running_shopify("c" * 32, "shpss_" + "b" * 32) as platform:
        state = ShopifyShop(DOMAIN)
        shop = platform.add(demo.shopify.large.fill_quickly(state, size, orders=int(products * ORDERS_A_PRODUCT)))
        platform.webhooks.held = True
        platform.install(shop)
        platform.grant(shop)
        platform.limit(shop, PLUS)
        things = f"Shopify: {products:,} products, {len(shop.variants):,} variants"
        token = _token(platform, shop)
        pipe.send(Played(SHOPIFY, DOMAIN, f"{platform.url}/{DOMAIN}", token, 2 * CALLS_A_BULK, things))
        while count := pipe.recv():
            pipe.send(_drift_shopify(shop, count, seed))


def _drift_shopify(shop: ShopifyShop, things: int, seed: int) -> Injected:
    done = Injected()
    edited, stocked, deleted, added = _quarters(list(shop.products), things, seed)
    for own in edited:
        shop.products[own].title = NEW_TITLE
        done.edited.append(str(own))
    for own in stocked:
        variant = shop.products[own].variants[0]
        for level in variant.levels.values():
            level.available = (level.available + 1) % 40
        done.stocked[str(variant.item_id)] = sum(each.available for each in variant.levels.values())
    for own in deleted:
        shop.delete_product(own)
        done.deleted.append(str(own))
    model = next(iter(shop.products.values()))
    for _ in range(added):
        own = shop.new_id()
        variants = [
            replace(each, id=shop.new_id(), item_id=shop.new_id(), product_id=own, levels=dict(each.levels))
            for each in model.variants
        ]
        shop.add_product(replace(model, id=own, handle=f"added-{own}", variants=variants), quietly=True)
        done.added.append(str(own))
    return done


def _token(platform: Platform, shop: ShopifyShop) -> str:
    answer = requests.post(
        f"{platform.url}/{DOMAIN}/admin/oauth/access_token",
        data={
            "client_id": platform.client_id,
            "client_secret": platform.client_secret,
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": platform.tokens.id_token(shop),
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
        },
        timeout=30,
    )
    return str(answer.json()["access_token"])


def _serve_woocommerce(pipe: Connection, products: int, seed: int) -> None:
    counts: dict[str, Any] = {"products": products, "variations": products, "customers": 100, "seed": seed}
    shop = demo.woocommerce.large.fill_quickly(WooShop(), **counts, orders=int(products * ORDERS_A_PRODUCT))
    with running_woocommerce(shop):
        key = shop.keyring.make()
        things = f"WooCommerce: {products:,} products, {products:,} variations"
        least = 2 * math.ceil(products / A_PAGE)
        pipe.send(Played(WOOCOMMERCE, shop.address, shop.address, f"{key.key}:{key.secret}", least, things))
        while count := pipe.recv():
            pipe.send(_drift_woocommerce(shop, count, seed))


def _drift_woocommerce(shop: WooShop, things: int, seed: int) -> Injected:
    done = Injected()
    parents = [own for own, each in shop.products.items() if not each.parent_id]
    edited, stocked, deleted, added = _quarters(parents, things, seed)
    for own in edited:
        shop.products[own].name = NEW_TITLE
        done.edited.append(str(own))
    for own in stocked:
        form = shop.children[own][0]
        shop.products[form].stock = pieces = ((shop.products[form].stock or 0) + 1) % 40
        done.stocked[str(form)] = pieces
    for own in deleted:
        shop.delete(own)
        done.deleted.append(str(own))
    model = shop.products[next(own for own in parents if own in shop.products)]
    for number in range(added):
        own = max(shop.products) + 1
        made = replace(model, id=own, slug=f"added-{number}", type="simple", choices=(), regular_price=Decimal(5))
        shop.put(made, quietly=True)
        done.added.append(str(own))
    shop.changed()
    return done
