"""A subscription may name a convoy, a control point, a route and a sponsor together; all must fit.

Rows keep the one that they name, so that nothing is to be moved. Backwards, one that names several
keeps the narrowest.
"""

from django.db import migrations, models

NARROWEST_FIRST = ["convoy", "control_point", "route", "sponsor"]


def cover_one_thing(apps, schema_editor):
    """Backwards: what covers what, as the column said it, and the rest left out."""
    subscriptions = apps.get_model("convoys", "Subscription").objects
    wider = dict.fromkeys(NARROWEST_FIRST)
    for kind in NARROWEST_FIRST:
        del wider[kind]
        subscriptions.filter(covers="all", **{f"{kind}__isnull": False}).update(covers=kind, **wider)


class Migration(migrations.Migration):
    dependencies = [("convoys", "0007_responses_and_webhooks")]

    operations = [
        migrations.RemoveConstraint(model_name="subscription", name="subscription_of_its_scope"),
        migrations.RemoveIndex(model_name="subscription", name="subscription_in_force"),
        migrations.RunPython(migrations.RunPython.noop, cover_one_thing),
        migrations.AlterField(
            model_name="subscription",
            name="covers",
            field=models.CharField(max_length=16, default="all"),
        ),
        migrations.RemoveField(model_name="subscription", name="covers"),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["convoy", "control_point", "route", "sponsor"],
                name="subscription_in_force",
            ),
        ),
    ]
