"""Vector indexes outside the process, for operators who have them: pgvector and Qdrant."""
