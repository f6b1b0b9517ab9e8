"""Hypothesis without a stop-watch: a machine that is busy elsewhere is no fault of the recommender."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
