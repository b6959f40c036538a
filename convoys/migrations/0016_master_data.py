"""A stamp that is new after every change of master data, and the triggers that set it."""

from django.db import migrations, models

from convoys.models import triggers


def install(apps, schema_editor):
    triggers.install(schema_editor.connection)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_roles"),
        ("convoys", "0015_index_of_held_since"),
    ]

    operations = [
        # Backwards: the guards alone, once the table is away.
        migrations.RunPython(migrations.RunPython.noop, install),
        migrations.CreateModel(
            name="MasterData",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("stamp", models.UUIDField()),
            ],
            options={
                "verbose_name_plural": "master data",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_master_data")
                ],
            },
        ),
        migrations.RunPython(install, remove),
    ]
