"""Texts of mails are compressed by lz4, where the database has it (PostgreSQL 14 and later, if so built).

PostgreSQL's own way spends more on a mail's text than all the rest of storing it. What is stored
already stays as it is, and is read alike.
"""

from django.db import migrations

HAS_LZ4 = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
SET = "ALTER TABLE convoys_message ALTER text SET COMPRESSION {0}, ALTER html SET COMPRESSION {0}"


def _set(schema_editor, compression):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(HAS_LZ4)
        found = cursor.fetchone()
    if found is not None and found[0]:
        schema_editor.execute(SET.format(compression))


def compress_by_lz4(apps, schema_editor):
    _set(schema_editor, "lz4")


def compress_by_default(apps, schema_editor):
    _set(schema_editor, "default")


class Migration(migrations.Migration):
    dependencies = [("convoys", "0011_fewer_indexes")]
    operations = [migrations.RunPython(compress_by_lz4, compress_by_default)]
