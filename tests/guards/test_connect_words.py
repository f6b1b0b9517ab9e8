"""What the connect pages say when a WooCommerce shop can't be connected stands in the merchant's page, too."""

from __future__ import annotations

from pathlib import Path

from integration.services.woocommerce.words import WORDS


def test_each_way_in_which_connecting_fails_is_in_the_merchants_page(project: Path) -> None:
    text = (project / "docs" / "merchants" / "woocommerce.md").read_text()
    told = {failure.name for failure, words in WORDS.items() if f"| {words.title} | {words.todo} |" in text}
    assert {failure.name for failure in WORDS} - told == set()
