"""PostgreSQL: the engine, the one place that commits, table basics, the embedded server."""
