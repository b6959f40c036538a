"""What the pages of alert policies say."""

from __future__ import annotations

from django import template

from convoys.services.messaging import phrases

register = template.Library()


@register.filter
def step_words(seconds: int) -> str:
    """A threshold in seconds: "24 h", "3 days"."""
    return phrases.step_words(seconds)
