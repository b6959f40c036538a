"""Held convoys by since when they are held, whatever else is asked of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("convoys", "0014_visibility_changes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="convoy",
            index=models.Index(
                condition=models.Q(("held_since__isnull", False)),
                fields=["held_since"],
                name="convoy_by_hold",
            ),
        ),
    ]
