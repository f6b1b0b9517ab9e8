"""The `shelfwise` command. Each sub-command is one module here and one line in `COMMANDS`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from integration.observability import logs

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "backtest": "integration.cli.backtest:backtest",
        "bench": "integration.cli.bench:bench",
        "bundles": "integration.cli.bundles:bundles",
        "copy-store": "integration.cli.copy_store:copy_store",
        "deliveries": "integration.cli.deliveries:deliveries",
        "demo": "integration.cli.demo:demo",
        "drift": "integration.cli.drift:drift",
        "health": "integration.cli.health:health",
        "graph": "integration.cli.graph:graph",
        "import": "integration.cli.imports:import_",
        "metrics": "integration.cli.metrics:metrics",
        "migrate": "integration.cli.migrate:migrate",
        "read": "integration.cli.read:read",
        "plugin-zip": "integration.cli.plugin_zip:plugin_zip",
        "play-shopify": "integration.cli.play_shopify:play_shopify",
        "redis": "integration.cli.redis_process:redis",
        "play-woocommerce": "integration.cli.play_woocommerce:play_woocommerce",
        "scheduler": "integration.cli.processes:scheduler",
        "shopify": "integration.cli.shopify:shopify",
        "privacy": "integration.cli.privacy:privacy",
        "shops": "integration.cli.shops:shops",
        "status": "integration.cli.status:status",
        "train": "integration.cli.train:train",
        "up": "integration.cli.up:up",
        "vectors": "integration.cli.vectors:vectors",
        "web": "integration.cli.web:web",
        "weights": "integration.cli.weights:weights",
        "woocommerce": "integration.cli.woocommerce:woocommerce",
        "worker": "integration.cli.processes:worker",
    }
)


class _Lazy(click.Group):
    """Imports a sub-command only when it is asked for, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Shelfwise: recommendations for a shop, learnt from its own orders, that never show what is sold out.

    Start with `make run`, or see what runs with `shelfwise status`.
    """
    # What a command has to say it prints; the log is for what goes wrong on the way.
    logs.configure(os.environ.get("SHELFWISE_LOG_FORMAT", "text"), "cli", level="warning")
