"""Liquid as Shopify speaks it, as far as our blocks and a simple theme need; what is misspelt fails."""

from __future__ import annotations
