"""What people and their browsers meet of a played site."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from flask import Blueprint, render_template

from demo.woocommerce.rest.calls import played

FOLDER = files("templates") / "demo" / "woocommerce"
TEMPLATES = str(files("templates"))


def show(template: str, **values: object) -> str:
    """A page."""
    site = played()
    return render_template(f"demo/woocommerce/{template}", shop=site.shop, site=site, **values)


def mounted() -> Mapping[str, Blueprint]:
    """Every blueprint of the site beside REST v3."""
    from demo.woocommerce import store
    from demo.woocommerce.pages import admin, controls, storefront, wc_auth

    return {each.bp.name: each.bp for each in (store, wc_auth, admin, controls, storefront)}
