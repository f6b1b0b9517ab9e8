"""The played REST API: a route a function, grouped by what it is about."""
