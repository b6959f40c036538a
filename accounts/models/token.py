"""Bearer tokens of partners' programs: shown once, stored as a digest."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TokenScope(models.TextChoices):
    """What a token opens. What it then sees is what its owner sees."""

    READ = "read", _("read")
    MANAGE = "manage", _("manage subscriptions, webhooks and own claims")
    TOKENS = "tokens", _("make and revoke tokens")


def reading_alone() -> list[str]:
    """The scopes of a token of which nothing is said."""
    return [TokenScope.READ.value]


class ApiToken(models.Model):
    """One token. The secret's SHA-256 is kept; the prefix lets its owner tell tokens apart."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    label = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=reading_alone, help_text="Codes of `TokenScope`, in its order.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.label})"
