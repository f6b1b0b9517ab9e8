"""The short form of `make test-chaos`: a few faults on each store; every promise is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.house import keep_logs
from tests.chaos.run import run
from tests.conftest import missing
from tests.servers import _short_folder, find_postgres

KILLS, SEED = 2, 6


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_whatever_is_killed(store: str, tmp_path: Path) -> None:
    if store == "postgresql" and find_postgres() is None:
        missing("no PostgreSQL for this machine")
    with _short_folder() as folder:
        report = run(folder, kills=KILLS, seed=SEED, on_postgres=store == "postgresql")
        keep_logs(folder, tmp_path)
    assert not report.wrong, f"{report.table()}\nlogs: {tmp_path}"
    assert report.counts["acknowledged"] > 100
    assert report.counts["slates with something in them"] > 10
