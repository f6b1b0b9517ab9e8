"""Shopify App Pricing: which plan a shop is on (Partner API), and what it used (App Events API)."""

from __future__ import annotations
