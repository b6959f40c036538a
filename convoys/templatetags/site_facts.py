"""What every page says of the whole site: demonstration or not, and the ledger's size and head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.db import DatabaseError, transaction

from accounts.demonstration import is_demonstration, may_read_mail
from convoys.queries.ledger_head import newest_head

register = template.Library()


@dataclass(frozen=True)
class HeadShown:
    size: int
    short: str


@register.simple_tag
def demonstration() -> bool:
    """Whether this copy runs the demonstration, which its banner says on every page."""
    return is_demonstration()


@register.simple_tag(takes_context=True)
def mail_page_is_open(context: dict[str, Any]) -> bool:
    """Whether this reader may open the page of mails sent (embedded mode, loopback, staff)."""
    request = context.get("request")
    return request is not None and may_read_mail(request)


@register.simple_tag
def ledger_head() -> HeadShown | None:
    """Size and first characters of the root; None where the record does not answer."""
    try:
        with transaction.atomic():
            size, root = newest_head()
    except DatabaseError:
        return None
    return HeadShown(size, root.hex()[:8])
