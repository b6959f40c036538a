"""Files that claims rest on, and their digest on the claim.

SQLite rebuilds the guarded table for this and drops its triggers, so they are put back, both ways.
"""

from django.db import migrations, models

from convoys.models import triggers


def guard(apps, schema_editor):
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("convoys", "0005_cargo_accounts")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, guard),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                ("kept_at", models.DateTimeField()),
            ],
            options={"ordering": ["-kept_at"]},
        ),
        migrations.AddField(
            model_name="claim",
            name="document_sha256",
            field=models.CharField(blank=True, db_index=True, default="", max_length=64),
        ),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
