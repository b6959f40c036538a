"""Django's PostgreSQL backend, with instants read at an eighth of its cost."""
