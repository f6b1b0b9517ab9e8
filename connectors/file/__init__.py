"""Files that a merchant has: order lines of a till or an export, products of Shopify's and WooCommerce's exports.

What a file is is told by its columns, never by its name; see docs/merchants/files.md.
"""

from __future__ import annotations

from connectors.base import Connector
from connectors.file.importer import FileImporter

CONNECTOR = Connector(platform="file", importer=FileImporter())

__all__ = ["CONNECTOR", "FileImporter"]
