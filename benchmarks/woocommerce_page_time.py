"""woocommerce-page-time: what the plugin adds to a shop's page in a real WordPress, with an app and with a dead one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

import requests

from benchmarks.figures import Benchmark, Figure, NoData, Options

if TYPE_CHECKING:
    from tests.wordpress.rig import WordPress
    from tests.wordpress.slate_app import SlateApp

VERSION = "6.7"
THEMES = ("block", "classic")
PAGE = "/product/mug/"
SKUS = ("teapot", "jug", "tray", "plate", "bowl", "coaster", "spoon-rest", "butter-dish")
ROUNDS = 200
WARMING = 12
MS = 1000


def run(options: Options) -> Iterator[Figure]:
    """Three shops alike, asked in turn: without the plugin, with it and its slate kept, with it and nobody to ask."""
    try:
        from tests.wordpress.prepare import absent
    except ImportError as error:
        raise NoData("this benchmark runs from a checkout of the project: it needs the tests' WordPress") from error
    if reason := absent():
        raise NoData(reason)
    from tests.wordpress.slate_app import serve_slates

    rounds = max(20, round(ROUNDS * options.scale))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        app = stack.enter_context(serve_slates())
        without, healthy, dead = (_shop(stack, folder / name) for name in ("without", "healthy", "dead"))
        _prepare(app, without, healthy, dead)
        for theme in THEMES:
            for site in (without, healthy, dead):
                site.use_theme(theme)
            _warm(without, healthy, dead)
            yield from _figures(theme, _times([without, healthy, dead], rounds), options.seed)


def _shop(stack: ExitStack, folder: Path) -> WordPress:
    from tests.wordpress.rig import serve

    folder.mkdir()
    return stack.enter_context(serve(VERSION, folder, quiet=True, workers=1))


def _prepare(app: SlateApp, without: WordPress, healthy: WordPress, dead: WordPress) -> None:
    without.run("require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins('shelfwise/shelfwise.php');")
    app.products = [healthy.product(sku) for sku in SKUS]
    healthy.link(app.url)
    # Port 9 is "discard": nobody listens there.
    dead.link("http://127.0.0.1:9")


def _warm(without: WordPress, healthy: WordPress, dead: WordPress) -> None:
    sites = (without, healthy, dead)
    for _ in range(WARMING):
        for site in sites:
            requests.get(site.url + PAGE, timeout=30)
    shown = ["shelfwise-card" in requests.get(site.url + PAGE, timeout=30).text for site in sites]
    if shown != [False, True, False]:
        raise RuntimeError(f"slates were shown where none belong, or none where one does: {shown}")


def _times(sites: list[WordPress], rounds: int) -> list[list[float]]:
    """Milliseconds to the last byte, a row for each shop; who is first changes from round to round."""
    times: list[list[float]] = [[] for _ in sites]
    with requests.Session() as session:
        for number in range(rounds):
            for step in range(len(sites)):
                at = (number + step) % len(sites)
                begun = time.perf_counter()
                session.get(sites[at].url + PAGE, timeout=30)
                times[at].append(MS * (time.perf_counter() - begun))
    return times


def _figures(theme: str, times: list[list[float]], seed: int) -> Iterator[Figure]:
    without = times[0]
    data = f"a product's page, WordPress {VERSION} on SQLite, {theme} theme, OPcache, {len(without)} rounds of three"
    bounds = {"app healthy, slate kept": ("60", "15"), "app dead": ("5", "1")}
    for (name, (at_least, aim)), ours in zip(bounds.items(), times[1:], strict=True):
        for kind, of in (("median", median), ("p95", _p95)):
            added, plain = of(ours) - of(without), of(without)
            yield Figure(
                f"{theme} theme: page time added, {name}, {kind}",
                added,
                "ms",
                plain,
                added / plain,
                data,
                seed,
                baseline_name="the page without the plugin",
                at_least=f"at most {at_least} ms" if kind == "median" else "",
                aim=f"{aim} ms" if kind == "median" else "",
            )


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


BENCHMARK = Benchmark(
    name="woocommerce-page-time",
    summary="what the WooCommerce plugin adds to a page in a real WordPress, with an app and with a dead one",
    run=run,
    quick=False,
    minutes=1.5,
)
