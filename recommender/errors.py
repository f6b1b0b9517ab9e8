"""What can go wrong in the core."""

from __future__ import annotations


class BadArtifact(Exception):
    """A saved model cannot be used: a part is missing, damaged or of another format. Fit again; a retry cannot help."""


class BadPurchases(ValueError):
    """Purchases or a catalogue that break their own rules; the message names the rule. A retry cannot help."""
