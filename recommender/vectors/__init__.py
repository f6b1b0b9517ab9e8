"""Searching vectors: one interface, exact by default, HNSW past a measured size."""
