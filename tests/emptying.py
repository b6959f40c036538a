"""Empties a test database by deleting: a flush of so many tables takes PostgreSQL seconds on a real disk."""

from __future__ import annotations

from django.db import connection

# What migrations plant and no test makes again.
KEPT = {
    "django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions",
}  # fmt: skip


def empty_database() -> None:
    """Delete every row but those kept; of a PostgreSQL test database, as a superuser."""
    assert connection.settings_dict["NAME"].startswith("test_")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
        for table in connection.introspection.table_names(cursor):
            if table not in KEPT:
                cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608 - a table of ours
        cursor.execute("SET session_replication_role = DEFAULT")


def end_other_connections() -> None:
    """End those of processes that a test has left behind: what they hold would be waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
