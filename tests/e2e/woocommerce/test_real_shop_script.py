"""The round against a real shop, here against the played one: each of its steps has to go as it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.web_server import free_port
from demo.woocommerce.fill import Size, fill
from demo.woocommerce.server import running
from demo.woocommerce.state import PlayedShop

SMALL = Size(seed=4, products=24, customers=30)
ROOT = Path(__file__).parents[3]


def round_with(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As `make e2e-woocommerce` starts it: a process of its own, whose browser is not that of the tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_WOO_")}
    command = [sys.executable, "-m", "tests.e2e.woocommerce.real_shop"]
    return subprocess.run(
        command, cwd=ROOT, env={**ours, **environ}, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.usefixtures("chromium")
def test_every_step_of_the_round_goes_well_and_leaves_nothing_behind() -> None:
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
        ended = round_with(environ)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "FAILED" not in ended.stdout
        assert "by the plugin's push" in ended.stdout
        assert (set(site.shop.products), set(site.shop.orders)) == there
        assert site.shop.webhooks == {}


def test_without_a_shop_it_says_what_to_set() -> None:
    ended = round_with({"SHELFWISE_WOO_URL": "http://127.0.0.1"})
    assert ended.returncode == 2
    assert "SHELFWISE_WOO_KEY" in ended.stderr
    assert (ROOT / "docs" / "developers" / "real-woocommerce.md").is_file()
