"""WooCommerce's side of the web: connecting a shop, what its plugin asks and says, the plugin itself."""

from __future__ import annotations

from flask import Blueprint

from integration.web.woocommerce import connecting, install, plugin

BLUEPRINTS: tuple[Blueprint, ...] = (connecting.bp, plugin.bp, install.bp)
