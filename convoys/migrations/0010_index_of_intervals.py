"""An index that finds the intervals around an instant, where the database has one (PostgreSQL).

What was held on a day in the middle of a long record cannot be found by when it began or ended, nor
what was known by when it became known. Only the states that pass are in it: whatever has ended stays
so, and a list of those is long anyway.
"""

from django.db import migrations

CREATE = """
CREATE INDEX interval_around ON convoys_stateinterval
USING gist (tstzrange(starts_at, ends_at), tstzrange(known_from, known_until))
WHERE state IN ('planned', 'dispatched', 'stopped', 'held')
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX interval_around")


class Migration(migrations.Migration):
    dependencies = [("convoys", "0009_subscriptions_name_several")]
    operations = [migrations.RunPython(create, drop, elidable=False)]
