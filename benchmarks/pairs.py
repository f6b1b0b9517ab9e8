"""Files of user-item pairs and of questions about them, in the shapes that published splits come in."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.figures import NoData, Options
from recommender.personal.holdout import Asked

USER = ("u", "user", "user_id", "userid", "customer", "customer_id", "uid")
ITEM = ("i", "item", "item_id", "itemid", "product", "product_id", "iid", "movieid")
TIME = ("t", "timestamp", "time", "ts", "date")
NEGATIVES = ("negatives", "negative", "neg", "negs")
HEADLESS = ("u", "i", "r", "t")
TABLES = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz")
EXPECTED = f"a file of user-item pairs ({', '.join(TABLES)}) with columns u,i or user,item, and maybe timestamp"


MOVIELENS = "ml1m_ncf_train.parquet", "ml1m_ncf_test.rating.csv.gz"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Users and items by name, with the time of each pair where the file has one."""

    users: list[str]
    items: list[str]
    time: NDArray[np.float64] | None
    negatives: list[list[str]] | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """What to learn from, and what to ask. user_items: float32 CSR (n_users, n_items) of 1s.

    age: float64, of each stored entry, its time; None where the file tells none. unknown: questions about a user
    or a product of which nothing was learnt.
    """

    user_items: sparse.csr_matrix
    age: NDArray[np.float64] | None
    asked: Asked
    unknown: int
    said: str


def files_of(options: Options) -> tuple[Path, Path]:
    """What to learn from and what to ask: the files that were named, or MovieLens 1M. Raises NoData."""
    if options.data:
        raise NoData("give --train FILE of pairs and --test FILE of what they took next, not --data")
    if options.train:
        return Path(options.train), Path(options.test)
    folder = Path(os.environ.get("SHELFWISE_DATA", "../shared/data"))
    train, test = (folder / name for name in MOVIELENS)
    if not train.exists():
        raise NoData(f"no {train}: put MovieLens 1M there, or say --train FILE --test FILE")
    return train, test


def read_split(train: Path, test: Path) -> Split:
    """Both files, and the negatives that lie beside a file of test ratings. Raises NoData, naming what is expected."""
    learnt = read_pairs(train)
    beside = _negatives_beside(test)
    asked = read_pairs(beside or test)
    if not learnt.users:
        raise NoData(f"{train} holds no pairs: expected {EXPECTED}")
    if not asked.users:
        raise NoData(f"{test} asks nothing: expected {EXPECTED}, or lines (user,item) and its negatives, by tabs")
    lists = asked.negatives
    users, items = _codes(learnt.users, asked.users), _codes(learnt.items, asked.items, *(lists or []))
    rows, columns = _coded(learnt.users, users), _coded(learnt.items, items)
    matrix = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(users), len(items)))
    matrix.data[:] = 1.0
    targets = _coded(asked.items, items)
    cases = Asked(_coded(asked.users, users), targets, None if lists is None else _rivals(lists, items, targets))
    new = (np.diff(matrix.indptr)[cases.users] == 0) | (np.diff(matrix.tocsc().indptr)[cases.targets] == 0)
    way = (
        "the whole catalogue"
        if cases.rivals is None
        else f"{cases.rivals.shape[1]} negatives of {(beside or test).name}"
    )
    said = (
        f"{train.name}, {len(users):,} users x {len(items):,} items, {matrix.nnz:,} pairs; {len(cases):,} cases, {way}"
    )
    if new.any():
        said += f", {int(new.sum()):,} of them of a user or product that is not in {train.name}"
    return Split(matrix, _newest(learnt.time, rows, columns, matrix), cases, int(new.sum()), said)


def read_pairs(path: Path) -> Pairs:
    """A parquet, CSV or TSV file of pairs, or lines of `(user,item)` and negatives. Raises NoData."""
    if not path.exists():
        raise NoData(f"no {path}: expected {EXPECTED}")
    if not path.name.endswith(TABLES):
        raise NoData(f"{path.name} is of no known kind: expected {EXPECTED}")
    try:
        if path.name.endswith(".parquet"):
            return _of_table(pyarrow.parquet.read_table(path), path)
        first = next(iter(_lines(path)), "")
        if first.startswith("("):
            return _of_questions(path)
        return _of_table(_delimited(path, first), path)
    except (pa.ArrowInvalid, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
        raise NoData(f"{path.name} cannot be read ({error}): expected {EXPECTED}") from None


def _negatives_beside(path: Path) -> Path | None:
    """`x.negative.tsv.gz` beside `x.rating.csv.gz`."""
    stem, rating, _ = path.name.partition(".rating.")
    found = [path.with_name(f"{stem}.negative{ending}") for ending in TABLES] if rating else []
    return next((each for each in found if each.exists()), None)


def _lines(path: Path) -> Sequence[str]:
    whole = path.read_bytes()
    text = (gzip.decompress(whole) if path.name.endswith(".gz") else whole).decode("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _delimited(path: Path, first: str) -> pa.Table:
    delimiter = "\t" if "\t" in first else ","
    cells = [cell.strip().strip('"').lower() for cell in first.split(delimiter)]
    named = any(cell in USER for cell in cells)
    read = pyarrow.csv.ReadOptions(column_names=None if named else list(HEADLESS[: len(cells)]))
    if not named and not all(cell.replace(".", "", 1).lstrip("-").isdigit() for cell in cells):
        raise NoData(f"{path.name} has columns {', '.join(cells)}: expected {EXPECTED}")
    return pyarrow.csv.read_csv(path, read_options=read, parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter))


def _of_questions(path: Path) -> Pairs:
    users, items, negatives = [], [], []
    for line in _lines(path):
        pair, *rivals = line.split("\t")
        user, comma, item = pair.strip("() ").rpartition(",")
        if not comma:
            raise NoData(f"{path.name} has the line {line[:40]!r}: expected (user,item), then negatives, by tabs")
        users.append(user.strip())
        items.append(item.strip())
        negatives.append([rival.strip() for rival in rivals if rival.strip()])
    return Pairs(users, items, None, negatives if any(negatives) else None)


def _of_table(table: pa.Table, path: Path) -> Pairs:
    names = {name.strip().lower(): name for name in reversed(table.column_names)}
    user, item, time, negatives = (
        next((names[n] for n in known if n in names), None) for known in (USER, ITEM, TIME, NEGATIVES)
    )
    if user is None or item is None:
        raise NoData(f"{path.name} has columns {', '.join(table.column_names)}: expected {EXPECTED}")
    table = table.filter(pc.and_(table[user].is_valid(), table[item].is_valid()))
    lists = None
    if negatives is not None and pa.types.is_list(table[negatives].type):
        lists = [[str(each) for each in row or []] for row in table[negatives].to_pylist()]
    return Pairs(_texts(table[user]), _texts(table[item]), _times(table[time]) if time else None, lists)


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Ids as text, so that 7, 7.0 and "7" of two files are one."""
    if pa.types.is_floating(column.type) and pc.all(pc.equal(pc.floor(column), column)).as_py():
        column = column.cast(pa.int64())
    texts: list[str] = column.cast(pa.string()).to_pylist()
    return texts


def _times(column: pa.ChunkedArray) -> NDArray[np.float64] | None:
    """Times as numbers; None where they are of a kind that has no order, or where some are missing."""
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.int64())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)) or column.null_count:
        return None
    times: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return times


def _codes(*lists: Sequence[str]) -> dict[str, int]:
    return {name: code for code, name in enumerate(dict.fromkeys(name for names in lists for name in names))}


def _coded(names: Sequence[str], codes: dict[str, int]) -> NDArray[np.int64]:
    return np.fromiter((codes[name] for name in names), np.int64, len(names))


def _rivals(lists: list[list[str]], items: dict[str, int], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Negatives as columns, int64 (c, longest), -1 in the padding and where one is the target itself."""
    rivals = np.full((len(lists), max(map(len, lists), default=0)), -1, np.int64)
    for row, names in enumerate(lists):
        rivals[row, : len(names)] = _coded(names, items)
    return np.where(rivals == targets[:, None], -1, rivals)


def _newest(
    time: NDArray[np.float64] | None, rows: NDArray[np.int64], columns: NDArray[np.int64], matrix: sparse.csr_matrix
) -> NDArray[np.float64] | None:
    """The newest time of each stored entry of the matrix."""
    if time is None:
        return None
    keys = rows * matrix.shape[1] + columns
    order = np.lexsort((time, keys))
    last = np.flatnonzero(np.diff(keys[order], append=-1))
    newest: NDArray[np.float64] = time[order[last]]
    return newest
