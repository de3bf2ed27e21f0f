"""PostgreSQL: engine, transactions, compiled statements, migrations, embedded server."""
