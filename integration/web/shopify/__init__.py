"""Shopify's side of the web: the embedded admin, the app proxy, the web pixel's events."""

from __future__ import annotations

from flask import Blueprint

from integration.web.shopify import admin, proxy

# In the order in which they are registered; each is served only where the operator registered the app with Shopify.
BLUEPRINTS: tuple[Blueprint, ...] = (admin.bp, proxy.bp)
