"""Every benchmark by name. A new one is one module here and one line in `BENCHMARKS`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from benchmarks.figures import Benchmark

BENCHMARKS: Mapping[str, str] = MappingProxyType(
    {
        "retail": "benchmarks.retail:BENCHMARK",
        "serving": "benchmarks.serving:BENCHMARK",
        "pipeline": "benchmarks.pipeline:BENCHMARK",
        "slates": "benchmarks.slates:BENCHMARK",
        "observed": "benchmarks.observed:BENCHMARK",
        "stock": "benchmarks.stock:BENCHMARK",
        "memory": "benchmarks.memory:BENCHMARK",
        "webhooks": "benchmarks.intake:BENCHMARK",
        "shopify-webhooks": "benchmarks.webhooks:BENCHMARK",
        "shopify-backfill": "benchmarks.shopify_backfill:BENCHMARK",
        "shopify-forgeries": "benchmarks.forgeries:BENCHMARK",
        "woocommerce-import": "benchmarks.woocommerce_import:BENCHMARK",
        "woocommerce-stock": "benchmarks.woocommerce_stock:BENCHMARK",
        "woocommerce-page-time": "benchmarks.woocommerce_page_time:BENCHMARK",
        "woocommerce-forgeries": "benchmarks.woocommerce_forgeries:BENCHMARK",
        "reconcile": "benchmarks.reconcile:BENCHMARK",
        "theme": "benchmarks.theme:BENCHMARK",
        "sessions": "benchmarks.sessions:BENCHMARK",
        "session-speed": "benchmarks.session_speed:BENCHMARK",
        "baskets": "benchmarks.baskets:BENCHMARK",
        "personal": "benchmarks.personal:BENCHMARK",
        "cold": "benchmarks.cold:BENCHMARK",
        "season": "benchmarks.season:BENCHMARK",
        "graph": "benchmarks.graph:BENCHMARK",
        "flood": "benchmarks.flood:BENCHMARK",
        "store": "benchmarks.store:BENCHMARK",
        "vectors": "benchmarks.vectors:BENCHMARK",
        "spark": "benchmarks.spark:BENCHMARK",
    }
)


class UnknownBenchmark(Exception):
    """No benchmark has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no benchmark is called {name!r}; there are {', '.join(BENCHMARKS)}")


def get(name: str) -> Benchmark:
    """The benchmark of this name, imported on first use. Raises UnknownBenchmark."""
    if name not in BENCHMARKS:
        raise UnknownBenchmark(name)
    module, _, attribute = BENCHMARKS[name].partition(":")
    benchmark: Benchmark = getattr(import_module(module), attribute)
    return benchmark
