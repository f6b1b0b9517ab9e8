"""The demo shop: made-up goods, buyers and orders, and a storefront that uses Shelfwise as any shop would."""
