"""Numbers of several processes: none is lost when one ends, and nothing that lies in their folder breaks another."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integration.observability.cells import SUFFIX, Cells, open_cells, read_slots

SHARE = """
    import os, sys
    from pathlib import Path
    from integration.observability.catalogue import FITS, METRICS
    from integration.observability.metrics import share
    share(Path(sys.argv[1]), "worker", METRICS)
"""


@contextmanager
def process(data_dir: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """A process with numbers of its own, which has done what `code` says and waits."""
    script = textwrap.dedent(SHARE) + textwrap.dedent(code) + "\nprint('done', flush=True)\nsys.stdin.read()\n"
    command = [sys.executable, "-c", script, str(data_dir)]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == "done\n"
        yield started
    finally:
        started.kill()
        started.communicate()


def fits(data_dir: Path) -> dict[str, float]:
    total: dict[str, float] = {}
    for slot in read_slots(data_dir / "metrics"):
        for key, values in slot.values.items():
            total[key] = total.get(key, 0) + values[0]
    return {key.split('"')[3]: value for key, value in total.items()}


def test_a_killed_process_loses_nothing_and_the_next_goes_on_in_its_place(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        with process(tmp_path, "FITS.add('published')") as one:
            one.send_signal(signal.SIGKILL)
            one.wait()
        assert fits(tmp_path) == {"published": number}
    assert len(list((tmp_path / "metrics").iterdir())) == 1


def test_each_living_process_has_numbers_of_its_own(tmp_path: Path) -> None:
    with process(tmp_path, "FITS.add('published')"), process(tmp_path, "FITS.add('refused')"):
        slots = list(read_slots(tmp_path / "metrics"))
        assert [slot.is_live for slot in slots] == [True, True]
        assert fits(tmp_path) == {"published": 1, "refused": 1}
    assert not any(slot.is_live for slot in read_slots(tmp_path / "metrics"))


def test_what_forked_jobs_count_is_their_workers_though_each_ends_at_once(tmp_path: Path) -> None:
    jobs = """
    FITS.add('published')
    for number in range(20):
        if os.fork() == 0:
            FITS.add('published')
            FITS.add(f'kind {number % 3}')
            os._exit(0)
        os.wait()
    FITS.add('kind 0')
    """
    with process(tmp_path, jobs) as worker:
        assert [slot.pid for slot in read_slots(tmp_path / "metrics")] == [worker.pid]
        assert fits(tmp_path) == {"published": 21, "kind 0": 8, "kind 1": 7, "kind 2": 6}
        assert len(list((tmp_path / "metrics").iterdir())) == 1


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rubbish=st.binary(max_size=400), has_mark=st.booleans())
def test_whatever_lies_in_a_slot_a_process_can_start_there_and_others_can_read(
    rubbish: bytes, has_mark: bool, tmp_path: Path
) -> None:
    slot = tmp_path / f"web-0{SUFFIX}"
    slot.write_bytes(b"SWCELLS1" * has_mark + rubbish)
    for each in read_slots(tmp_path):
        assert isinstance(each.values, dict)
    cells = open_cells(tmp_path, "web")
    cells.add(cells.place("a", 1), 1.0)
    assert cells.values()["a"][0] >= 1.0
    cells.close()


def test_where_no_file_can_be_had_a_process_counts_for_itself(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("a file, where the folder should be")
    cells = open_cells(tmp_path / "metrics", "web")
    assert not cells.is_shared
    cells.add(cells.place("a", 1), 1.0)
    assert cells.values() == {"a": (1.0,)}


def test_a_full_file_takes_no_more_names_and_goes_on_counting_the_old_ones() -> None:
    cells = Cells()
    first = cells.place("first", 1)
    for number in range(5000):
        cells.add(cells.place(f"{number} of a name that is quite long, as labels of an attacker would be" * 3, 1), 1.0)
    cells.add(first, 1.0)
    assert cells.values()["first"] == (1.0,)
    assert len(cells.values()) < 5000
