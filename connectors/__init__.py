"""One folder a platform: signatures, payload parsing and clients; and the records they all produce.

A connector is one folder here and one line in `BUILT_IN`. A package outside this project adds its own by an
entry point in the group `shelfwise.connectors` whose name is the platform and whose object is the connector.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from connectors.base import Connector
from connectors.errors import UnknownPlatform

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "direct": "connectors.direct:CONNECTOR",
        "file": "connectors.file:CONNECTOR",
        "shopify": "connectors.shopify:CONNECTOR",
        "woocommerce": "connectors.woocommerce:CONNECTOR",
    }
)


# Looked for once in each list of folders: it takes milliseconds, and strangers' requests ask.
@lru_cache(maxsize=4)
def _outside(_folders: tuple[str, ...]) -> Mapping[str, str]:
    return {entry.name: entry.value for entry in entry_points(group="shelfwise.connectors")}


def platforms() -> Mapping[str, str]:
    """Every platform's name and where its connector is. A built-in name can't be taken over from outside."""
    return {**_outside(tuple(sys.path)), **BUILT_IN}


@cache
def get(platform: str) -> Connector:
    """The connector of a platform, imported on first use. Raises UnknownPlatform."""
    known = platforms()
    if platform not in known:
        raise UnknownPlatform(platform, known=known)
    module, _, name = known[platform].partition(":")
    connector: Connector = getattr(import_module(module), name)
    return connector
