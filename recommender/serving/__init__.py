"""From a click to a slate: candidates, ranking, stock; numpy alone."""
