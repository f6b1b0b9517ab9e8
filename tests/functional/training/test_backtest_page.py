"""The report as a page: readable on a phone, open to everybody, and needing nothing but itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from integration.services.backtest_page import as_page
from integration.services.backtests import backtest
from integration.settings import Settings
from integration.storage.database import Database
from recommender.parameters import Parameters
from tests.making import make_shop, stock, write
from tests.trading import habits

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TESTED, TOO_LITTLE = 400, 30


def page_of(database: Database, settings: Settings, orders: int, title: str = "Product") -> str:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, range(1, 33), title=title)
    write(database, shop_id, habits(range(orders)))
    usual = Parameters()
    return as_page(
        backtest(
            database,
            settings,
            shop_id,
            days=usual.held_out_days,
            seed=usual.seed,
            progress=lambda _stage, _share: None,
        )
    )


@pytest.fixture
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width = getattr(request, "param", 1280)
    context = browser.new_context(viewport={"width": width, "height": 844})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("orders", [TESTED, TOO_LITTLE])
@pytest.mark.parametrize("opened", [390, 1280], indirect=True)
def test_axe_finds_nothing_and_nothing_is_too_wide(
    opened: Page, database: Database, settings: Settings, orders: int, tmp_path: Path
) -> None:
    errors: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda said: errors.append(said.text))
    opened.on("request", lambda request: asked.append(request.url))
    page = tmp_path / "report.html"
    page.write_text(page_of(database, settings, orders), encoding="utf-8")
    opened.goto(page.as_uri())
    assert opened.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "1152px"
    assert opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert (errors, asked) == ([], [page.as_uri()])
    found = Axe().run(opened)
    assert found.violations_count == 0, found.generate_report()


def test_the_page_needs_nothing_but_itself_and_holds_no_script(database: Database, settings: Settings) -> None:
    page = page_of(database, settings, TESTED)
    assert "<script" not in page
    assert not re.search(r"\son\w+=|\sstyle=|javascript:|https?://|url\(|@import", page)
    assert "default-src 'none'" in page


def test_every_plot_has_a_title_a_description_and_a_table_beside_it(database: Database, settings: Settings) -> None:
    page = page_of(database, settings, TESTED)
    plots = re.findall(r'<svg [^>]*role="img" aria-labelledby="(\S+) (\S+)"', page)
    assert len(plots) >= 5
    assert len(set(plots)) == len(plots)
    for title, text in plots:
        assert re.search(rf'<title id="{title}">[^<]+</title>', page)
        assert re.search(rf'<desc id="{text}">[^<]+</desc>', page)
    assert page.count("<table>") == len(plots)


def test_a_product_s_title_is_text_whatever_it_says(database: Database, settings: Settings) -> None:
    page = page_of(database, settings, TESTED, title="<script>alert(1)</script> & more")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
