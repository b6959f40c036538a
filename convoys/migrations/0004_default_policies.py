"""Give every instance its default policies; coordinators edit them in the admin.

Held: 24 h, 72 h, 7 days, then every 7 days. Stopped: 24 h, staff only, once. Silent: the instance's
silence limit, staff only, once.
"""

from django.conf import settings
from django.db import migrations

HOUR = 3600
DAY = 24 * HOUR


def plant(apps, schema_editor):
    Policy = apps.get_model("convoys", "Policy")
    PolicyStep = apps.get_model("convoys", "PolicyStep")
    silent = settings.SILENT_AFTER_HOURS * HOUR
    for watch, repeat, staff_only, steps in (
        ("held", 7 * DAY, False, [(DAY, "notice"), (3 * DAY, "warning"), (7 * DAY, "critical")]),
        ("stopped", None, True, [(DAY, "notice")]),
        ("silent", None, True, [(silent, "warning")]),
    ):
        policy, is_new = Policy.objects.get_or_create(
            scope="default", watch=watch, defaults={"repeat_seconds": repeat, "staff_only": staff_only}
        )
        if is_new:
            PolicyStep.objects.bulk_create(
                PolicyStep(policy=policy, after_seconds=after, severity=severity) for after, severity in steps
            )


class Migration(migrations.Migration):
    dependencies = [("convoys", "0003_alerting")]

    operations = [migrations.RunPython(plant, migrations.RunPython.noop)]
