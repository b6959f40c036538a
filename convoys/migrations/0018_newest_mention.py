"""The last entry about a convoy, claims and erasures included: what its whole record is the same until.

Convoys on record begin at 0: any number is good that the next entry changes.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("convoys", "0017_kept_texts")]

    operations = [
        migrations.AddField(
            model_name="convoy",
            name="newest_mention",
            field=models.BigIntegerField(
                default=0,
                editable=False,
                help_text="Last entry about it: events, accounts of any of it, erasures.",
            ),
        )
    ]
