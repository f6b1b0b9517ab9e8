"""Shopify's Admin API: the operations, each in a file of its own, and the client that runs them within the rate."""

from __future__ import annotations
