"""Models, rankings and backtests on plain arrays. No clock, no I/O beyond artifact files, nothing of ours."""
