"""Shopify: managed installation and tokens, the Admin API, webhooks, the app proxy, billing."""

from __future__ import annotations
