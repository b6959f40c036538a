"""What became known last stands on the first page, which read every event for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("convoys", "0018_newest_mention")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["known_from", "sequence"], name="event_by_known_from"),
        ),
    ]
