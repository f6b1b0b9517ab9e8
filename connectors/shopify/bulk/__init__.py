"""Bulk operations: a whole shop asked for in one query, computed by Shopify, and downloaded as lines of JSON."""

from __future__ import annotations
