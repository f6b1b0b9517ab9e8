"""What tests of the plugin may ask for: a real WordPress of each version, as it was before any other test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import missing
from tests.wordpress.prepare import absent
from tests.wordpress.rig import Snapshot, WordPress, serve

NEWEST = "6.7"


@pytest.fixture(scope="session")
def _sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Snapshot]]:
    """Starts a WordPress of a version when it is first asked for."""
    running: dict[str, Snapshot] = {}
    with ExitStack() as stack:

        def start(version: str) -> Snapshot:
            if version not in running:
                folder = tmp_path_factory.mktemp(f"wordpress-{version}-")
                site = stack.enter_context(serve(version, folder))
                running[version] = Snapshot.of(site, folder / "kept.sqlite")
            return running[version]

        yield start


@pytest.fixture
def wordpress(request: pytest.FixtureRequest, _sites: Callable[[str], Snapshot]) -> Iterator[WordPress]:
    """A WordPress with the shop and the plugin, fresh: in WP_DEBUG, and any notice of a test fails it.

    The newest version, or another: `@pytest.mark.parametrize("wordpress", ["6.5"], indirect=True)`.
    """
    reason = absent()
    if reason:
        missing(reason)
    snapshot = _sites(getattr(request, "param", NEWEST))
    snapshot.restore()
    yield snapshot.site
    assert snapshot.site.complaints() == []
