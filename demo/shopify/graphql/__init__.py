"""The played Admin API: real documents, executed against Shopify's own schema."""
