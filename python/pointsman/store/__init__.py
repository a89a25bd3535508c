"""The SQL store, on SQLite and PostgreSQL: tables, migrations and the queries over them."""
