"""RQ entry points: a few lines each, safe to run twice."""
