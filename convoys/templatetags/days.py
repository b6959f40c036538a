"""Links between pages that keep the day shown."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from convoys.models import Convoy

register = template.Library()


@register.simple_tag(takes_context=True)
def page_url(context: dict[str, Any], name: str, *args: str, is_exercise: bool = False) -> str:
    """The address of one of the board's pages, for the day that this page shows.

    What belongs to an exercise is dated now, so that a link to it asks for no day.
    """
    address = reverse(f"board:{name}", args=args)
    day = None if is_exercise else context.get("day")
    query = day["query"] if isinstance(day, dict) else ""
    return f"{address}?{query}" if query else address


@register.simple_tag(takes_context=True)
def convoy_url(context: dict[str, Any], convoy: Convoy) -> str:
    """The address of a convoy's page."""
    return page_url(context, "convoy", convoy.reference, is_exercise=convoy.is_exercise)
