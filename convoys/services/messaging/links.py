"""What the links of one mail can act on: the parts of episodes that it tells, for one person's eyes."""

from __future__ import annotations

from accounts.models import User
from convoys.models import Deadline, MailLink
from convoys.services.alerting.recipients import Coverage


def deadlines_behind(link: MailLink, user: User) -> list[Deadline]:
    """What the mail of this link told, once each, as far as this person may see it now.

    Nothing where the mail was given up for a newer one before it left.
    """
    if link.message_id is None:
        return []
    told = Deadline.objects.filter(notifications__message=link.message_id).distinct()
    rows = list(
        told.select_related("convoy", "stands_at", "held_before")
        .prefetch_related("stands_at__names", "held_before__names")
        .order_by("clock_from", "pk")
    )
    coverage = Coverage(rows)
    return [row for row in rows if coverage.sees(user, row)]
