"""The review list names proofs that exist: each file, and each test in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.shopify.scopes import REQUIRED

PAGES = ("docs/merchants/shopify-review.md", "docs/merchants/shopify.md", "docs/merchants/privacy-policy.md")
PROOF = re.compile(r"`((?:tests|templates|connectors|integration|demo|docs)/[\w./-]+)(?:::(\w+))?`")


@pytest.mark.parametrize("page", PAGES)
def test_each_proof_exists(project: Path, page: str) -> None:
    for path, test in PROOF.findall((project / page).read_text()):
        assert (project / path).exists(), f"{page} names {path}"
        assert not test or f"def {test}(" in (project / path).read_text(), f"{page} names {test} of {path}"


def test_the_review_list_has_an_answer_for_each_point(project: Path) -> None:
    """All points of Shopify's list that touch an app of this kind, by number."""
    text = (project / PAGES[0]).read_text()
    singles = ("1.1.1", "1.1.3", "1.1.4", "1.2.1", "1.2.2", "1.2.3", "2.1.3", "2.1.4", "2.2.3", "2.3.1", "2.3.3")
    more = ("3.1.1", "3.2.1", "4.3.2", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.5")
    assert [point for point in singles + more if f"| {point}" not in text] == []


def test_the_review_list_counts_the_scopes_right(project: Path) -> None:
    text = (project / PAGES[0]).read_text()
    words = {10: "ten", 11: "eleven", 12: "twelve"}
    assert text.lower().count(f"{words[len(REQUIRED)]} scopes") == 1
    assert f"| {words[len(REQUIRED)].capitalize()}, each with its reason" in text
