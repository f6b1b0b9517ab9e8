"""theme: what our blocks on a Shopify theme weigh, what they ask for, and what they move."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks.figures import Benchmark, Figure, NoData, Options
from demo.shopify.fill import Size, fill
from demo.shopify.platform import Platform
from demo.shopify.server import running
from demo.shopify.state import PlayedShop, gid
from demo.shopify.things import Definition, Installation

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXTENSION = Path(str(files("templates"))) / "shopify" / "extensions" / "shelfwise-theme"
DOMAIN = "fern-and-ladle.myshopify.com"
KEYS = ("related", "complementary")
LISTED = 12
KB = 1000
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SETTLED_MS = 600
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True, slots=True)
class _Visit:
    """What a browser met on a page. ours: requests for our scripts and styles; asked: for anything else of ours."""

    requests: int
    ours: int
    asked: int
    shift: float


def run(options: Options) -> Iterator[Figure]:
    """Sizes of the files, then pages in Chromium with our blocks and without them."""
    yield from _sizes(options.seed)
    pages = ("/", "/collections/garden", "/products/", "/search?q=garden", "/cart", "/nowhere")
    with ExitStack() as stack:
        browser = stack.enter_context(_chromium())
        platform = stack.enter_context(running("client", "secret"))
        with_blocks = _visited(browser, platform, pages, blocks=True, seed=options.seed)
        without = _visited(browser, platform, pages, blocks=False, seed=options.seed)
    data = f"{len(pages)} pages of the played theme, Chromium, no consent"
    baseline = "the theme without our blocks"

    def beside(name: str, value: float, base: float, unit: str, at_least: str = "") -> Figure:
        ratio = value / base if base else None
        seed = options.seed
        return Figure(name, value, unit, base, ratio, data, seed, baseline_name=baseline, at_least=at_least)

    shift = max(each.shift for each in with_blocks)
    yield beside("layout shift, worst page", shift, max(each.shift for each in without), "", "0")
    requests = (fmean(each.requests for each in visits) for visits in (with_blocks, without))
    yield beside("requests a page", next(requests), next(requests), "")
    asked, files_ = sum(each.asked for each in with_blocks), max(each.ours for each in with_blocks)
    yield Figure("requests to us without consent", asked, "", None, None, data, options.seed, at_least="0")
    yield Figure("of our files a page, cached after the first", files_, "", None, None, data, options.seed)


def _sizes(seed: int) -> Iterator[Figure]:
    groups = {
        "Liquid": ([*EXTENSION.glob("blocks/*.liquid"), *EXTENSION.glob("snippets/*.liquid")], "100 kB", "20 kB"),
        "script, before consent": ([EXTENSION / "assets" / "shelfwise.js"], "10 kB gzip", "6 kB gzip"),
        "script, with consent": (
            [EXTENSION / "assets" / each for each in ("shelfwise.js", "shelfwise-consented.js")],
            "10 kB gzip",
            "6 kB gzip",
        ),
        "script, with the drawer too": (sorted(EXTENSION.glob("assets/*.js")), "10 kB gzip", "6 kB gzip"),
        "style sheet": ([EXTENSION / "assets" / "shelfwise.css"], "100 kB", ""),
    }
    for name, (paths, at_least, aim) in groups.items():
        raw = sum(path.stat().st_size for path in paths) / KB
        packed = sum(len(gzip.compress(path.read_bytes(), mtime=0)) for path in paths) / KB
        data = f"{len(paths)} files" if len(paths) > 1 else paths[0].name
        for kind, value in (("raw", raw), ("gzip", packed)):
            # Shopify counts Liquid as it is written; what a browser loads is packed.
            bound = (kind == "raw") == (name == "Liquid")
            yield Figure(
                f"{name}, {kind}",
                value,
                "kB",
                None,
                None,
                data,
                seed,
                at_least=at_least if bound else "",
                aim=aim if bound else "",
            )


@contextmanager
def _chromium() -> Iterator[Browser]:
    """A Chromium without a window: the machine's own, or playwright's."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise NoData("this needs playwright and Chromium: `make setup-dev browser`") from None
    own = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox", "--disable-gpu"])
        except Error as error:
            reason = str(error).splitlines()[0]
            raise NoData(f"no Chromium starts here; `make browser` installs one ({reason})") from None
        yield browser
        browser.close()


def _visited(browser: Browser, platform: Platform, pages: tuple[str, ...], *, blocks: bool, seed: int) -> list[_Visit]:
    shop = platform.add(_shop(seed, blocks=blocks))
    handle = next(each.handle for each in shop.products.values() if shop.on_sale(each) and shop.product_available(each))
    base = f"{platform.url}/{shop.domain}"
    return [_visit(browser, base + (page + handle if page == "/products/" else page)) for page in pages]


def _visit(browser: Browser, address: str) -> _Visit:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(SHIFTS)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_timeout(SETTLED_MS)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(SETTLED_MS)
    shift = float(page.evaluate("window.shifts"))
    context.close()
    ours = [each for each in asked if "/cdn/extension/" in each]
    return _Visit(len(asked), len(ours), sum("/apps/" in each for each in asked), shift)


def _shop(seed: int, *, blocks: bool) -> PlayedShop:
    """A shop in which the app has published its lists, or where it is not installed."""
    shop = fill(PlayedShop(DOMAIN), Size(seed=seed, products=120, customers=20))
    if not blocks:
        return shop
    shop.installation = Installation(1, (), shop.clock())
    shop.put_metafield(gid("AppInstallation", 1), "shelfwise", "ready", "boolean", "true")
    goods = [each for each in shop.products.values() if shop.on_sale(each)]
    for number, key in enumerate(KEYS):
        place = ("PRODUCT", shop.namespace("$app:shelfwise"), key)
        shop.definitions[place] = Definition(number, *place, key, "list.product_reference", "PUBLIC_READ")
        for at, product in enumerate(goods):
            listed = [goods[(at + (2 * number + 1) * step) % len(goods)] for step in range(1, LISTED + 1)]
            value = json.dumps([gid("Product", each.id) for each in listed])
            shop.put_metafield(gid("Product", product.id), "$app:shelfwise", key, "list.product_reference", value)
    return shop


BENCHMARK = Benchmark(
    name="theme",
    summary="our blocks on a Shopify theme: their size, the requests they cause, and that nothing moves",
    run=run,
    quick=False,
    minutes=0.5,
)
