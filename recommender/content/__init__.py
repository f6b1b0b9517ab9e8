"""Products by their words and traits: for those that nobody bought yet."""
