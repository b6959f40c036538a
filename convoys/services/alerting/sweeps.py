"""When each recurring work last succeeded: what health pages and the desk show the age of."""

from __future__ import annotations

from django.utils import timezone

from convoys.models import Sweep


def note_success(name: str) -> None:
    """Say that the sweep of this name has just done all its work."""
    Sweep.objects.update_or_create(name=name, defaults={"last_success_at": timezone.now()})
