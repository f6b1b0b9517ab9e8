"""Shelfwise's own webhook format, for a shop that was built by hand (and for the demo shop); see README.md."""

from __future__ import annotations

from connectors.base import Connector
from connectors.direct.signature import SIGNATURE_HEADER, sign
from connectors.direct.webhooks import DirectWebhooks

CONNECTOR = Connector(platform="direct", webhooks=DirectWebhooks())

__all__ = ["CONNECTOR", "SIGNATURE_HEADER", "sign"]
