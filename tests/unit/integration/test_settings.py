"""Settings: read whole or refused, and what is left open follows from the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.settings import LONGEST_SOCKET_PATH, BadSettings, Settings


def test_nothing_has_to_be_set() -> None:
    settings = Settings.from_environ({})
    assert settings.database_url.startswith("sqlite:////")
    assert settings.redis_url.startswith("unix:///")
    assert settings.artifacts_dir == settings.data_dir / "artifacts"


def test_what_is_set_is_taken() -> None:
    environ = {"SHELFWISE_PORT": "9000", "SHELFWISE_DEMO": "yes", "SHELFWISE_ARTIFACTS_DIR": "elsewhere", "OTHER": "1"}
    settings = Settings.from_environ(environ)
    assert (settings.port, settings.demo, settings.artifacts_dir) == (9000, True, Path("elsewhere"))


def test_every_wrong_variable_is_named_at_once() -> None:
    environ = {"SHELFWISE_PORT": "many", "SHELFWISE_DEMO": "perhaps", "SHELFWISE_PROT": "1"}
    with pytest.raises(BadSettings) as wrong:
        Settings.from_environ(environ)
    for name in ("SHELFWISE_PORT: 'many'", "SHELFWISE_DEMO: 'perhaps'", "SHELFWISE_PROT: there is no such setting"):
        assert name in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NIGHTLY_HOUR", "24", "24 is not from 0 to 23"),
        ("PORT", "0", "0 is not from 1 to 65535"),
        ("FRESH_VISITS_SECONDS", "-1", "-1 is not 0 or more"),
        ("FACTORS", "0", "0 is not from 1 to"),
        ("VECTORS", "best", "'best' is none of auto, exact"),
    ],
)
def test_a_value_out_of_its_range_is_refused_with_the_range(name: str, value: str, said: str) -> None:
    with pytest.raises(BadSettings, match=f"SHELFWISE_{name}: {said}"):
        Settings.from_environ({f"SHELFWISE_{name}": value})


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0/"), min_size=1, max_size=150))
def test_the_redis_socket_has_a_path_that_servers_and_clients_can_bear(name: str) -> None:
    url = Settings.from_environ({"SHELFWISE_DATA_DIR": f"/data/{name}"}).redis_url
    assert url.startswith("unix:///")
    assert len(url) <= len("unix://") + 3 * LONGEST_SOCKET_PATH
    assert not set(url) & set(" =\t\n")


def test_the_same_folder_has_the_same_socket_and_another_has_another() -> None:
    long = "/data/" + "x" * 120
    urls = [Settings.from_environ({"SHELFWISE_DATA_DIR": folder}).redis_url for folder in (long, long, long + "y")]
    assert urls[0] == urls[1] != urls[2]
