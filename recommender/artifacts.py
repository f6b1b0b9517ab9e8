"""Models on disk: a folder of plain arrays and a manifest, written whole or not at all. No pickle."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.blend.features import FEATURES
from recommender.blend.trees import Trees, sound
from recommender.content.search_words import SearchWords
from recommender.errors import BadArtifact
from recommender.model import Model, Record, Serving
from recommender.sessions.next_item import NextItem
from recommender.sessions.parts import arrays_of, from_parts, numbers_of

FORMAT = 6
MANIFEST = "manifest.json"
VISITS, SEARCH, TREES = "visits_", "search_", "trees_"
ARRAYS: dict[str, tuple[str, int]] = {
    "product_ids": ("int64", 1),
    "item_factors": ("float32", 2),
    "fold_factors": ("float32", 2),
    "neighbour_items": ("int32", 2),
    "neighbour_parts": ("float32", 3),
    "neighbour_counts": ("int32", 2),
    "trending": ("float32", 1),
    "popular": ("float32", 1),
    "season": ("float32", 1),
    "origin_rows": ("int32", 1),
    "origin_lifts": ("float32", 2),
}


def save(model: Model, folder: Path, manifest: dict[str, object]) -> None:
    """Write a model and what its maker says of it to a new folder, whole or not at all.

    manifest: anything JSON can hold; `load` gives it back. FileExistsError if the folder exists.
    """
    if folder.exists():
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        visits = model.next_item
        arrays = {name: getattr(model, name) for name in ARRAYS}
        arrays |= {f"{SEARCH}{name}": array for name, array in model.search._asdict().items()}
        arrays |= {} if visits is None else {f"{VISITS}{name}": array for name, array in arrays_of(visits).items()}
        for page, trees in model.trees.items():
            arrays |= {f"{_of_trees(page)}{name}": array for name, array in trees._asdict().items()}
        parts = {name: _write_array(partial / f"{name}.npy", array) for name, array in arrays.items()}
        numbers = {
            "serving": asdict(model.serving),
            "tested": asdict(model.tested) if model.tested else None,
            "visits": None if visits is None else numbers_of(visits),
            "trees": sorted(model.trees),
        }
        _write_manifest(partial, {"format": FORMAT, "parts": parts, **numbers, "about": manifest})
        partial.chmod(0o755)
        _sync(partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _sync(folder.parent)


def load(folder: Path) -> tuple[Model, dict[str, object]]:
    """A saved model, its arrays memory-mapped read-only, and its manifest.

    BadArtifact if a part is missing, truncated, altered or of another format version.
    """
    written = _read_manifest(folder)
    try:
        arrays = {name: _read_array(folder / f"{name}.npy", written["parts"][name]) for name in ARRAYS}
        kinds = {name: (array.dtype.name, array.ndim) for name, array in arrays.items()}
        if kinds != ARRAYS:
            raise BadArtifact(f"{folder.name}: it holds {kinds}")
        tested = Record(**written["tested"]) if written["tested"] else None
        serving, next_item = _serving(written["serving"]), _next_item(folder, written)
        search, trees = _search(folder, written), _trees(folder, written)
        model = Model(**arrays, serving=serving, next_item=next_item, search=search, trees=trees, tested=tested)
    except (KeyError, TypeError) as error:
        raise BadArtifact(f"{folder.name}: the manifest lacks {error}") from error
    _check_shapes(folder, model)
    return model, written["about"]


def _serving(written: dict[str, Any]) -> Serving:
    rankers = {page: tuple(weights) for page, weights in written["rankers"].items()}
    told = {"parts": tuple(written["parts"]), "origins": tuple(written["origins"]), "rankers": rankers}
    return Serving(**{**written, **told})


def _next_item(folder: Path, written: dict[str, Any]) -> NextItem | None:
    if written["visits"] is None:
        return None
    stored = {name: part for name, part in written["parts"].items() if name.startswith(VISITS)}
    arrays = {name.removeprefix(VISITS): _read_array(folder / f"{name}.npy", part) for name, part in stored.items()}
    return from_parts(arrays, written["visits"])


def _of_trees(page: str) -> str:
    return f"{TREES}{page.replace(' ', '_')}_"


def _trees(folder: Path, written: dict[str, Any]) -> dict[str, Trees]:
    found = {}
    for page in written["trees"]:
        names = {field: f"{_of_trees(page)}{field}" for field in Trees._fields}
        parts = {field: _read_array(folder / f"{name}.npy", written["parts"][name]) for field, name in names.items()}
        found[page] = Trees(**parts)
    return found


def _search(folder: Path, written: dict[str, Any]) -> SearchWords:
    names = {field: f"{SEARCH}{field}" for field in SearchWords._fields}
    return SearchWords(
        **{field: _read_array(folder / f"{name}.npy", written["parts"][name]) for field, name in names.items()}
    )


def _write_array(path: Path, array: NDArray[Any]) -> dict[str, object]:
    with path.open("xb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": path.stat().st_size, "sha256": _digest(path)}


def _write_manifest(folder: Path, written: dict[str, object]) -> None:
    body = json.dumps(written, indent=1, sort_keys=True, allow_nan=False)
    sealed = {"sha256": hashlib.sha256(body.encode()).hexdigest(), "manifest": json.loads(body)}
    with (folder / MANIFEST).open("x", encoding="utf-8") as file:
        json.dump(sealed, file, indent=1, sort_keys=True, allow_nan=False)
        file.flush()
        os.fsync(file.fileno())


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        sealed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        written = sealed["manifest"]
        body = json.dumps(written, indent=1, sort_keys=True)
        intact = hashlib.sha256(body.encode()).hexdigest() == sealed["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadArtifact(f"{folder.name}: no readable manifest: {error}") from error
    if not intact or not isinstance(written, dict):
        raise BadArtifact(f"{folder.name}: the manifest was altered")
    if written.get("format") != FORMAT:
        raise BadArtifact(f"{folder.name}: format {written.get('format')}, this version reads {FORMAT}")
    return written


def _read_array(path: Path, part: dict[str, Any]) -> NDArray[Any]:
    try:
        if path.stat().st_size != part["bytes"] or _digest(path) != part["sha256"]:
            raise BadArtifact(f"{path.parent.name}: {path.name} is truncated or altered")
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BadArtifact(f"{path.parent.name}: {path.name} cannot be read: {error}") from error
    # A plain array over the map: every slice of np.memmap pays for a Python-level __array_finalize__.
    return array.view(np.ndarray)


def _check_shapes(folder: Path, model: Model) -> None:
    shape = model.neighbour_items.shape
    parts = (len(model.serving.parts), *shape)
    other = ("neighbour_parts", "origin_rows", "origin_lifts")
    unlike = [name for name in ARRAYS if name not in other and len(getattr(model, name)) != len(model)]
    lifts = (len(model.serving.origins), len(model.origin_rows))
    agree = model.neighbour_parts.shape == parts and model.neighbour_counts.shape == shape
    agree = agree and model.origin_lifts.shape == lifts
    features = {len(weights) for weights in model.serving.rankers.values()}
    agree = agree and all(sound(trees, len(FEATURES) + 1) for trees in model.trees.values())
    if unlike or not agree or model.item_factors.shape != model.fold_factors.shape or features != {len(FEATURES)}:
        raise BadArtifact(f"{folder.name}: the arrays are not of one size")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
