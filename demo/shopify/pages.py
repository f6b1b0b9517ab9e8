"""What people see of the played platform: its admin and its shops' storefronts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

if TYPE_CHECKING:
    from demo.shopify.platform import Platform


def mounted(_platform: Platform) -> list[Blueprint]:
    """Every blueprint with pages."""
    return []
