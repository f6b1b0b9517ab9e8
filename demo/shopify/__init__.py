"""A server that plays Shopify: its Admin API, tokens, webhooks, admin and storefront, for tests and for trying out."""
