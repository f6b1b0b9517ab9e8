"""The shell: everything that knows Flask, SQLAlchemy, Redis or RQ."""
