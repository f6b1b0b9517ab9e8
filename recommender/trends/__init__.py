"""What sells now, and what its season brings."""
