"""A played WooCommerce: a WordPress shop in the recorded shapes, with every quirk of its webhooks."""
