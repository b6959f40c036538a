"""What happens to convoys, who says so, and whom to tell."""

from django.apps import AppConfig


class ConvoysConfig(AppConfig):
    name = "convoys"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from convoys import checks  # noqa: F401 - registers itself
