"""The demonstration's sign-ins, for the sign-in page alone."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.demonstration import SignIn, sign_ins_for

register = template.Library()


@register.simple_tag(takes_context=True)
def demonstration_sign_ins(context: dict[str, Any]) -> list[SignIn]:
    request = context.get("request")
    return sign_ins_for(request) if request is not None else []
