from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender import artifacts
from recommender.blend.features import FEATURES, KNOWN_VISIT, VISIT
from recommender.blend.trees import Trees
from recommender.content.search_words import SearchWords
from recommender.errors import BadArtifact
from recommender.model import Model, Record
from recommender.training import fit
from tests.unit.recommender.shops import SMALL, catalogue, purchases, silent


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(purchases(), catalogue(), SMALL, serving=None, serving_until=None, progress=silent).model


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    artifacts.save(model, tmp_path / "models" / "v1", {"version": "v1"})
    return tmp_path / "models" / "v1"


def test_what_is_loaded_is_what_was_saved(model: Model, folder: Path) -> None:
    loaded, manifest = artifacts.load(folder)
    assert manifest == {"version": "v1"}
    assert (loaded.serving, loaded.tested) == (model.serving, model.tested)
    for name in artifacts.ARRAYS:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(model, name))


def test_a_model_without_a_test_and_without_products_survives_too(model: Model, tmp_path: Path) -> None:
    kept = ("neighbour_parts", "origin_rows", "origin_lifts")
    nothing = {name: getattr(model, name)[:0] for name in artifacts.ARRAYS if name not in kept}
    nothing["neighbour_parts"] = model.neighbour_parts[:, :0]
    artifacts.save(replace(model, **nothing, tested=None), tmp_path / "empty", {})
    loaded, _ = artifacts.load(tmp_path / "empty")
    assert len(loaded) == 0
    assert loaded.tested is None


def test_arrays_are_memory_mapped_and_cannot_be_written_to(folder: Path) -> None:
    factors = artifacts.load(folder)[0].item_factors
    assert isinstance(factors.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        factors[0, 0] = 1.0


def test_no_part_is_a_pickle(folder: Path) -> None:
    assert {path.suffix for path in folder.iterdir()} == {".npy", ".json"}
    for path in folder.glob("*.npy"):
        np.load(path, allow_pickle=False)


@pytest.mark.parametrize("part", [*(f"{name}.npy" for name in artifacts.ARRAYS), artifacts.MANIFEST])
@pytest.mark.parametrize("damage", ["missing", "truncated", "empty", "one bit turned", "longer"])
def test_a_damaged_part_is_refused(folder: Path, part: str, damage: str) -> None:
    path = folder / part
    body = bytearray(path.read_bytes())
    path.unlink()
    if damage == "truncated":
        path.write_bytes(body[:-1] if part.endswith("npy") else body[: len(body) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "one bit turned":
        body[len(body) // 2] ^= 1
        path.write_bytes(body)
    elif damage == "longer":
        path.write_bytes(body + b"x")
    with pytest.raises(BadArtifact):
        artifacts.load(folder)


def test_another_format_version_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = artifacts.FORMAT
    monkeypatch.setattr(artifacts, "FORMAT", written + 1)
    with pytest.raises(BadArtifact, match=f"format {written}, this version reads {written + 1}"):
        artifacts.load(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArtifact):
        artifacts.load(tmp_path / "nowhere")


def test_parts_of_two_models_do_not_make_one(model: Model, folder: Path, tmp_path: Path) -> None:
    artifacts.save(replace(model, trending=model.trending + 1), tmp_path / "v2", {})
    shutil.copy(tmp_path / "v2" / "trending.npy", folder / "trending.npy")
    with pytest.raises(BadArtifact, match=r"trending\.npy"):
        artifacts.load(folder)


def test_an_existing_folder_is_never_written_over(model: Model, folder: Path) -> None:
    before = (folder / artifacts.MANIFEST).read_bytes()
    with pytest.raises(FileExistsError):
        artifacts.save(model, folder, {"version": "other"})
    assert (folder / artifacts.MANIFEST).read_bytes() == before


TREES = Trees(
    np.array([[0, 1, len(FEATURES)], [2, 0, 1]], np.int32),
    np.array([[0.5, 0.25, -1], [np.inf, 0, 3]], np.float32),
    np.arange(16, dtype=np.float32).reshape(2, 8),
)


def test_the_trees_of_each_page_survive(model: Model, tmp_path: Path) -> None:
    pages = {KNOWN_VISIT: TREES, VISIT: Trees(TREES.features[:1], TREES.thresholds[:1], TREES.leaves[:1])}
    artifacts.save(replace(model, trees=pages), tmp_path / "v1", {})
    loaded = artifacts.load(tmp_path / "v1")[0].trees
    assert loaded.keys() == pages.keys()
    for page, trees in pages.items():
        for name, part in trees._asdict().items():
            np.testing.assert_array_equal(getattr(loaded[page], name), part)


def test_trees_that_ask_for_what_no_candidate_has_are_refused(model: Model, tmp_path: Path) -> None:
    asking = TREES._replace(features=TREES.features + np.int32(1))
    artifacts.save(replace(model, trees={VISIT: asking}), tmp_path / "v1", {})
    with pytest.raises(BadArtifact, match="not of one size"):
        artifacts.load(tmp_path / "v1")


def test_a_damaged_tree_is_refused(model: Model, tmp_path: Path) -> None:
    artifacts.save(replace(model, trees={VISIT: TREES}), tmp_path / "v1", {})
    path = tmp_path / "v1" / "trees_visit_leaves.npy"
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    with pytest.raises(BadArtifact, match="trees_visit_leaves"):
        artifacts.load(tmp_path / "v1")


def test_a_save_that_fails_leaves_nothing_behind(model: Model, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        artifacts.save(model, tmp_path / "v1", {"not json": object()})
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_a_test_survives(model: Model, tmp_path: Path) -> None:
    tested = Record(0.25, 0.2, 0.3, 400)
    artifacts.save(replace(model, tested=tested), tmp_path / "v1", {})
    assert artifacts.load(tmp_path / "v1")[0].tested == tested


def test_the_manifest_is_readable_by_people(folder: Path) -> None:
    written = json.loads((folder / artifacts.MANIFEST).read_text(encoding="utf-8"))["manifest"]
    assert written["about"] == {"version": "v1"}
    words = {f"{artifacts.SEARCH}{field}" for field in SearchWords._fields}
    assert set(written["parts"]) == words | set(artifacts.ARRAYS)
