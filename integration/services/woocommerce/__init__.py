"""Use cases that only WooCommerce has; what any platform has stands one folder up."""

from __future__ import annotations
