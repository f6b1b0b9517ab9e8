"""The round against a real shop, here against the played one: each of its steps has to go as it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.web_server import free_port
from demo.woocommerce.fill import Size, fill
from demo.woocommerce.server import running
from demo.woocommerce.state import PlayedShop
from tests.e2e.woocommerce.real_shop import main

SMALL = Size(seed=4, products=24, customers=30)


@pytest.mark.usefixtures("chromium")
def test_every_step_of_the_round_goes_well_and_leaves_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    with running(fill(PlayedShop(), SMALL)) as site:
        site.sender.start()
        key = site.shop.keyring.make()
        there = set(site.shop.products), set(site.shop.orders)
        environ = {
            "SHELFWISE_WOO_URL": site.shop.address,
            "SHELFWISE_WOO_KEY": key.key,
            "SHELFWISE_WOO_SECRET": key.secret,
            "SHELFWISE_WOO_APP_PORT": str(free_port()),
        }
        ended = main(environ)
        said = capsys.readouterr().out
        assert ended == 0, said
        assert "FAILED" not in said
        assert "by the plugin's push" in said
        assert (set(site.shop.products), set(site.shop.orders)) == there
        assert site.shop.webhooks == {}


def test_without_a_shop_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"SHELFWISE_WOO_URL": "http://127.0.0.1"}) == 2
    said = capsys.readouterr().err
    assert "SHELFWISE_WOO_KEY" in said
    assert (Path(__file__).parents[3] / "docs" / "developers" / "real-woocommerce.md").is_file()
