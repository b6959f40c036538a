"""Texts kept of the API's answers: a cache beside the projections, empty at first."""

import django.db.models.deletion
from django.db import migrations, models

HAS_LZ4 = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"


def compress_by_lz4(apps, schema_editor):
    """Long texts, where the database has it: they are read far more often than written."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(HAS_LZ4)
        found = cursor.fetchone()
    if found is not None and found[0]:
        schema_editor.execute("ALTER TABLE convoys_kepttext ALTER text SET COMPRESSION lz4")


class Migration(migrations.Migration):
    dependencies = [("convoys", "0016_master_data")]

    operations = [
        migrations.CreateModel(
            name="KeptText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("shape", models.CharField(max_length=8)),
                ("version", models.BigIntegerField()),
                ("master_data", models.UUIDField()),
                ("circumstances", models.CharField(max_length=32)),
                ("text", models.TextField()),
                (
                    "convoy",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="kept_texts",
                        to="convoys.convoy",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("convoy", "shape"), name="kept_text_once")]
            },
        ),
        migrations.RunPython(compress_by_lz4, migrations.RunPython.noop),
    ]
