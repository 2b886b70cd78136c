"""Storage: PostgreSQL, and only PostgreSQL."""
