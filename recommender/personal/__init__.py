"""What a known customer or a folded-in visitor likes: matrix factors and linear models."""
