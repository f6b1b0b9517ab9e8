"""The product graph: what relates products, vectors learnt on it, and how a session is read with them."""
