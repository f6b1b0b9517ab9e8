"""Numbers that a process adds to, in a file that outlives it and that any other process can read.

Each process of a machine holds one file, its slot, by a lock that the kernel gives back however the process ends; the
next process of the same role goes on where it stopped. So there are never more files than there once were processes at
the same time, and a sum over all of them never falls. A job's process, forked from a worker's, adds to its parent's.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"SWCELLS1"
HEADER = struct.Struct("=8sQQ")  # the mark, bytes in use, whose process it is
RECORD = struct.Struct("=II")  # length of the key, how many numbers
SIZE = 1 << 19
NUMBER = 8
SUFFIX = ".cells"
MOST_SLOTS = 1000
LOOK_SECONDS = 0.002
# Where numbers go that there is no more room for: nobody reads them.
SPILL = HEADER.size // NUMBER
SPILL_NUMBERS = 40
START = HEADER.size + SPILL_NUMBERS * NUMBER


@dataclass(frozen=True, slots=True)
class Slot:
    """What a slot's file holds. is_live: whether a process holds it now; values: numbers by key."""

    role: str
    pid: int
    is_live: bool
    values: dict[str, tuple[float, ...]]


class Cells:
    """One process's numbers. Without a file they are the process's own; then nobody else sees them."""

    def __init__(self, handle: int | None = None) -> None:
        self._handle = handle
        self._map = mmap.mmap(-1, SIZE) if handle is None else mmap.mmap(handle, SIZE)
        self._numbers = memoryview(self._map).cast("d")
        self._lock = threading.Lock()
        # Another thread may hold it while a job's process is forked, in which that thread is not.
        os.register_at_fork(after_in_child=self._unlock)
        self._places: dict[str, int] = {}
        self._used = START
        # Also where a job's process, forked from this one, adds to them.
        self._pid = os.getpid()
        mark, used, _ = HEADER.unpack_from(self._map)
        if mark != MAGIC or not START <= used <= SIZE or not self._look_through(used):
            self._places, self._used = {}, START
        self._write_header()

    @property
    def is_shared(self) -> bool:
        """Whether other processes see them."""
        return self._handle is not None

    def place(self, key: str, count: int) -> int:
        """Where `count` numbers of this key are; they are made, as zeros, where there are none yet."""
        with self._lock:
            # A job's process may have made some since.
            self._look_through(HEADER.unpack_from(self._map)[1])
            if key not in self._places:
                self._append(key.encode(), count)
            return self._places.get(key, SPILL)

    def add(self, at: int, by: float) -> None:
        """Add to a number."""
        with self._lock:
            self._numbers[at] += by

    def observe(self, at: int, bounds: Sequence[float], value: float) -> None:
        """Count a value in the first class whose bound it does not exceed, and add it to the sum, which comes last."""
        with self._lock:
            self._numbers[at + bisect_left(bounds, value)] += 1
            self._numbers[at + len(bounds) + 1] += value

    def values(self) -> dict[str, tuple[float, ...]]:
        """All numbers by key."""
        return dict(_records(self._map, HEADER.unpack_from(self._map)[1]))

    def close(self) -> None:
        """Give the slot back."""
        self._numbers.release()
        self._map.close()
        if self._handle is not None:
            os.close(self._handle)

    def _look_through(self, used: int) -> bool:
        """Learn of the records up to there; False if they are not whole."""
        try:
            self._places |= {key: at for key, at, _ in _places(self._map, self._used, used)}
        except (ValueError, struct.error):
            return False
        self._used = used
        return True

    def _append(self, key: bytes, count: int) -> None:
        length = RECORD.size + _padded(len(key))
        if self._used + length + count * NUMBER > SIZE:
            return
        RECORD.pack_into(self._map, self._used, len(key), count)
        self._map[self._used + RECORD.size : self._used + length] = key.ljust(_padded(len(key)))
        at = (self._used + length) // NUMBER
        for i in range(at, at + count):
            self._numbers[i] = 0.0
        self._used += length + count * NUMBER
        # Last: who reads meanwhile, or a process that ends here, sees whole records.
        self._write_header()
        self._places[key.decode()] = at

    def _write_header(self) -> None:
        HEADER.pack_into(self._map, 0, MAGIC, self._used, self._pid)

    def _unlock(self) -> None:
        self._lock = threading.Lock()


def open_cells(folder: Path, role: str) -> Cells:
    """The cells of a free slot of this role; the process's own where the folder can't be written or is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(MOST_SLOTS):
            path = folder / f"{role}-{number}{SUFFIX}"
            # Whoever reads looks whether a slot is held by holding it for a moment: that is waited for.
            if (handle := _hold(path) or _hold(path, after_seconds=LOOK_SECONDS)) is not None:
                return Cells(handle)
    except OSError:
        pass
    return Cells()


def read_slots(folder: Path) -> Iterator[Slot]:
    """Every slot of a folder that can be read."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with suppress(OSError, ValueError, struct.error):
            data = path.read_bytes()
            mark, used, pid = HEADER.unpack_from(data)
            if mark == MAGIC and used <= len(data):
                role = path.name.removesuffix(SUFFIX).rpartition("-")[0]
                yield Slot(role, pid, _is_held(path), dict(_records(data, used)))


def _hold(path: Path, after_seconds: float = 0) -> int | None:
    """Take a slot's file, with its room on the disk: a map with holes would end the process on a full one."""
    time.sleep(after_seconds)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _reserve(handle)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        os.close(handle)
        raise
    return handle


def _reserve(handle: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, SIZE)
    elif missing := SIZE - os.fstat(handle).st_size:
        os.pwrite(handle, bytes(missing), SIZE - missing)


def _is_held(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _places(data: bytes | mmap.mmap, at: int, used: int) -> Iterator[tuple[str, int, int]]:
    """Key, where its numbers begin, and how many there are, of each record from `at` on. Raises ValueError."""
    while at < used:
        length, count = RECORD.unpack_from(data, at)
        begin = at + RECORD.size
        numbers = begin + _padded(length)
        at = numbers + count * NUMBER
        if at > used:
            raise ValueError("a record goes past the end")
        yield data[begin : begin + length].decode(), numbers // NUMBER, count


def _records(data: bytes | mmap.mmap, used: int) -> Iterator[tuple[str, tuple[float, ...]]]:
    for key, at, count in _places(data, START, used):
        yield key, struct.unpack_from(f"={count}d", data, at * NUMBER)


def _padded(length: int) -> int:
    return -(-length // NUMBER) * NUMBER
