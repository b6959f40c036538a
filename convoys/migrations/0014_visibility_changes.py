"""Who came to see a convoy at which entry, and who ceased to: filled from what is on record.

By the very function that the write path calls, not by a copy of its day: these rows are a projection, and
one made before must be the one that would be made since. Should that rule change, they are made anew anyway.
"""

from itertools import groupby

import django.db.models.deletion
from django.db import migrations, models

from convoys.queries.standings import DECLARES_WHO_SEES, changes_in

ROWS_AT_A_TIME = 2000


def fill(apps, schema_editor):
    event = apps.get_model("convoys", "Event")
    change = apps.get_model("convoys", "VisibilityChange")
    declaring = event.objects.filter(kind__in=DECLARES_WHO_SEES, convoy__isnull=False)
    in_order = declaring.order_by("convoy", "sequence").iterator()
    rows = []
    for convoy, events in groupby(in_order, key=lambda row: row.convoy_id):
        for found in changes_in(convoy, events):
            columns = ("sequence", "convoy_id", "organisation_id", "before", "after")
            rows.append(change(**{column: getattr(found, column) for column in columns}))
        if len(rows) >= ROWS_AT_A_TIME:
            change.objects.bulk_create(rows)
            rows = []
    change.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_roles"),
        ("convoys", "0013_partners_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="VisibilityChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.BigIntegerField()),
                ("before", models.CharField(max_length=8)),
                ("after", models.CharField(max_length=8)),
                (
                    "convoy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="convoys.convoy",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
            ],
            options={
                "ordering": ["sequence"],
                "indexes": [models.Index(fields=["convoy", "sequence"], name="visibility_change_by_convoy")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "sequence", "convoy"), name="visibility_change_once"
                    )
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
