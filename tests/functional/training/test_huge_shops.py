"""A huge shop's factors come from Spark where there is one, and everybody else's from this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration.services import training
from integration.settings import Settings
from integration.storage.database import Database
from recommender.personal.als import Factors, fit_factors
from recommender.spark import trainer


class Heard:
    """Stands where the cluster is: fits here, and remembers who asked."""

    asked: list[str]

    def __init__(self, master: str, folder: Path) -> None:
        assert folder.is_dir()
        self.asked.append(master)

    def fit_factors(self, *arguments: Any) -> Factors:
        return fit_factors(*arguments)


@pytest.mark.parametrize(("from_lines", "masters"), [(1, ["spark://cluster:7077"]), (1_000_000, [])])
def test_a_shop_of_many_lines_is_fitted_on_the_cluster(
    database: Database,
    settings: Settings,
    shop_id: int,
    monkeypatch: pytest.MonkeyPatch,
    from_lines: int,
    masters: list[str],
) -> None:
    monkeypatch.setattr(Heard, "asked", [], raising=False)
    monkeypatch.setattr(trainer, "SparkTrainer", Heard)
    settings = replace(settings, spark_master="spark://cluster:7077", spark_from_lines=from_lines)
    outcome = training.train(database, settings, shop_id, trigger="by hand")
    assert outcome.status == "published"
    assert Heard.asked == masters
