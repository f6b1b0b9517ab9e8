"""Measuring strategies on what none of them has seen."""
