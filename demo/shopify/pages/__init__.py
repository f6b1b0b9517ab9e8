"""What people and their browsers meet of the played platform: its admin, and what its storefronts are made of."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from flask import Blueprint

if TYPE_CHECKING:
    from demo.shopify.platform import Platform


def mounted(platform: Platform) -> list[Blueprint]:
    """Every blueprint of the server beside its API."""
    from demo.shopify.pages import admin, ajax, proxy, workshop
    from demo.shopify.partners import PlayedPartners, blueprint

    partners = PlayedPartners(platform.client_id, platform.client_secret, platform.shop)
    platform.partners = partners
    return [admin.bp, workshop.bp, ajax.bp, proxy.bp, blueprint(partners), *_theme(platform)]


def _theme(platform: Platform) -> list[Blueprint]:
    if find_spec("demo.shopify.theme") is None:
        return []
    theme: Blueprint = import_module("demo.shopify.theme").blueprint(platform)
    return [theme]
