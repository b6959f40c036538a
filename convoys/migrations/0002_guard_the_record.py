"""Refuse edits and deletions on the record, and plant the ledger's head."""

from django.db import migrations

from convoys.merkle import EMPTY_ROOT
from convoys.models import triggers


def plant(apps, schema_editor):
    apps.get_model("convoys", "LedgerHead").objects.get_or_create(
        id=1, defaults={"size": 0, "root": EMPTY_ROOT, "frontier": []}
    )


def guard(apps, schema_editor):
    triggers.install(schema_editor.connection)


def unguard(apps, schema_editor):
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("convoys", "0001_initial")]

    operations = [
        migrations.RunPython(plant, migrations.RunPython.noop),
        migrations.RunPython(guard, unguard),
    ]
