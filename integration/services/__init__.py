"""Use cases: plain functions over the store and the core. No Flask, no RQ."""
