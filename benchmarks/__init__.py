"""Benchmarks, each a command: `shelfwise bench --list`."""
