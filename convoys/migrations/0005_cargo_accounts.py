"""What became of a convoy's cargo, where it went on, and what convoys are to each other.

SQLite rebuilds the guarded tables for this and drops their triggers, so they are put back, both ways.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from convoys.models import triggers


def guard(apps, schema_editor):
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_roles"),
        ("convoys", "0004_default_policies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, guard),
        migrations.AddField(
            model_name="claim",
            name="alleged_convoy",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="linked_by",
                to="convoys.convoy",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="alleged_link",
            field=models.CharField(
                blank=True,
                choices=[
                    ("split_from", "split from"),
                    ("continues", "continues"),
                    ("same_trucks_as", "same trucks as"),
                    ("duplicate_of", "duplicate of"),
                ],
                default="",
                max_length=32,
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="damaged_tonnes_high",
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="damaged_tonnes_low",
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="next_carrier",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="other_convoy",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="named_by",
                to="convoys.convoy",
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="refused_tonnes_high",
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="refused_tonnes_low",
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="shortfall_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("loaded_less", "less was loaded than declared"),
                    ("weighing", "scales or counts differ"),
                    ("spilled", "spilled or spoiled on the way"),
                    ("used", "used on the way"),
                    ("unexplained", "asked after, and not explained"),
                ],
                default="",
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="claim",
            name="target_item",
            field=models.CharField(
                blank=True,
                choices=[
                    ("tonnes", "tonnage"),
                    ("trucks", "trucks"),
                    ("cargo", "cargo"),
                    ("sponsors", "sponsors"),
                    ("carrier", "carrier"),
                    ("consignee", "consignee"),
                    ("origin", "origin"),
                    ("destination", "destination"),
                    ("route", "route"),
                    ("planned_departure", "planned departure"),
                    ("due_arrival", "due arrival"),
                    ("references", "other references"),
                    ("links", "links to other convoys"),
                ],
                default="",
                max_length=32,
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("alleged_convoy", None),
                        ("alleged_link", ""),
                        models.Q(("target_item", "links"), _negated=True),
                    ),
                    models.Q(
                        ("alleged_convoy__isnull", False),
                        ("target_item", "links"),
                        models.Q(("alleged_link", ""), _negated=True),
                        models.Q(("alleged_convoy", models.F("target_convoy")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="claim_links_two_convoys",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("damaged_tonnes_low__gte", 0),
                        models.Q(
                            ("damaged_tonnes_high__isnull", True),
                            ("damaged_tonnes_high__gte", models.F("damaged_tonnes_low")),
                            _connector="OR",
                        ),
                    ),
                    models.Q(("damaged_tonnes_high__isnull", True), ("damaged_tonnes_low__isnull", True)),
                    _connector="OR",
                ),
                name="event_damaged_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("refused_tonnes_low__gte", 0),
                        models.Q(
                            ("refused_tonnes_high__isnull", True),
                            ("refused_tonnes_high__gte", models.F("refused_tonnes_low")),
                            _connector="OR",
                        ),
                    ),
                    models.Q(("refused_tonnes_high__isnull", True), ("refused_tonnes_low__isnull", True)),
                    _connector="OR",
                ),
                name="event_refused_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("other_convoy", None),
                    models.Q(("other_convoy", models.F("convoy")), _negated=True),
                    _connector="OR",
                ),
                name="event_names_another_convoy",
            ),
        ),
        migrations.RunPython(guard, migrations.RunPython.noop),
    ]
