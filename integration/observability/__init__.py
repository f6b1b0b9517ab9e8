"""What an operator sees of a running Shelfwise: log lines, metrics, traces. Knows no route, job or table."""
