"""People who sign in: staff with a role, partners with an organisation."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower

from accounts.models.organisation import Organisation

if TYPE_CHECKING:
    from accounts.roles import Role


class User(AbstractUser):
    """A person. `public_id` is all that the record ever says of who wrote an entry."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="people"
    )
    language = models.CharField(max_length=8, default="en")
    time_zone = models.CharField(max_length=64, blank=True, help_text="IANA name; empty: the instance's.")

    _role: Role | None = None  # read once, by `accounts.roles`

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=~models.Q(email=""), name="user_email_once")
        ]
