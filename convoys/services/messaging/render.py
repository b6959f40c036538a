"""What a mail says, in the reader's language and zone and for the reader's eyes alone.

Rendered once per (what is told, language, zone, eyes) and kept for the run; the links and the
reason that belong to one person stand as marks in it and are put in afterwards.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from convoys.models import Deadline, Notification, Subscription, Telling, Watch
from convoys.queries.alerts import also_held, episodes_told
from convoys.queries.ledger_head import newest_head
from convoys.queries.subscriptions import scope_words
from convoys.queries.visibility import Viewer
from convoys.services.alerting.policies import Ladders
from convoys.services.messaging import phrases
from convoys.services.messaging.corrected import corrections_of
from convoys.services.messaging.gather import Parcel
from convoys.services.messaging.section import Frame, Section
from convoys.services.messaging.sections import neighbour_line, section_of
from convoys.services.messaging.subjects import subject_of

# Nobody who writes a claim can know these, so no claim can carry them.
UNSUBSCRIBE_MARK = f"unsubscribe-{secrets.token_hex(16)}"
SIGNATURE = "-- "
REASON_MARK = f"reason-{secrets.token_hex(16)}"


@dataclass(frozen=True)
class Rendered:
    """One mail before it belongs to a person."""

    subject: str
    text: str
    html: str
    reply_to: tuple[str, ...]
    convoys: tuple[int, ...]
    claims: tuple[int, ...]

    def for_person(self, unsubscribe_url: str, reason: str) -> tuple[str, str]:
        """Text and HTML with this person's own link and reason put in."""
        text = self.text.replace(UNSUBSCRIBE_MARK, unsubscribe_url).replace(REASON_MARK, reason)
        html = self.html.replace(UNSUBSCRIBE_MARK, escape(unsubscribe_url))
        return text, html.replace(REASON_MARK, escape(reason))


class Renderer:
    """Renders parcels; equal ones once. Lives for one run, at one moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._rendered: dict[Any, Rendered | None] = {}

    def render(self, parcel: Parcel, viewer: Viewer) -> Rendered | None:
        """The mail for this parcel, or None where its reader may see none of what it would tell."""
        user = parcel.recipient
        language = language_of(parcel.subscription_language or user.language)
        key = (parcel.contents, language, user.time_zone, viewer)
        if key not in self._rendered:
            with translation.override(language):
                self._rendered[key] = self._render(parcel, viewer, language)
        return self._rendered[key]

    def _render(self, parcel: Parcel, viewer: Viewer, language: str) -> Rendered | None:
        frame = Frame(phrases.zone_of(parcel.recipient.time_zone), viewer.is_staff, self.now)
        by_deadline: dict[int, list[Notification]] = {}
        rows: dict[int, Deadline] = {}
        for one in sorted(parcel.notifications, key=lambda one: one.deadline.clock_from):
            rows[one.deadline_id] = one.deadline
            by_deadline.setdefault(one.deadline_id, []).append(one)
        told = episodes_told(list(rows.values()), viewer)
        corrections = corrections_of(told, by_deadline, viewer)
        ladders = Ladders(row.convoy for row in rows.values())
        sections = [
            section_of(
                told[pk], owed, ladders.of(rows[pk].convoy, rows[pk].watch), frame, corrections.get(pk)
            )
            for pk, owed in by_deadline.items()
            if pk in told
        ]
        if not sections:
            return None
        watch, telling = Watch(parcel.watch), Telling(parcel.telling)
        redated = parcel.is_redated
        neighbours = also_held(viewer, told.values()) if watch == Watch.HELD else []
        subject = subject_of(sections, telling, watch, parcel.is_exercise, redated)
        size, root = newest_head()
        context = {
            "subject": subject, "sections": sections, "telling": telling.value, "watch": watch.value,
            "is_exercise": parcel.is_exercise, "language": language, "preview": _preview(sections),
            "neighbours": [neighbour_line(convoy, self.now) for convoy in neighbours],
            "neighbours_title": _neighbours_title(telling, redated),
            "ledger_size": size, "ledger_head": root.hex()[:8], "site_url": settings.SITE_URL,
            "unsubscribe": UNSUBSCRIBE_MARK, "reason": REASON_MARK, "zone": str(frame.zone),
        }  # fmt: skip
        routes = [one.convoy.route for one in told.values() if one.convoy.route is not None]
        return Rendered(
            subject=subject,
            text=_tidy(render_to_string("mail/alert.txt", context)),
            html=render_to_string("mail/alert.html", context),
            reply_to=tuple(sorted({route.desk_email for route in routes if route.desk_email})),
            convoys=tuple(section.convoy_key for section in sections)
            + tuple(convoy.pk for convoy in neighbours),
            claims=tuple(key for section in sections for key in section.claim_keys),
        )


def language_of(code: str) -> str:
    """A language that we have, else the instance's."""
    return code if code in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def reason_for(subscription: Subscription | None, language: str, seen: Sequence[int]) -> str:
    """Why somebody gets this mail, in their language; `seen` are the convoys that it shows."""
    with translation.override(language_of(language)):
        if subscription is None:
            return _("You get this because you were told of the hold.")
        what = scope_words(subscription, seen)
        if subscription.from_seconds:
            values = {"what": what, "step": phrases.step_words(subscription.from_seconds)}
            return _("You get this because you subscribe to %(what)s, from %(step)s on.") % values
        return _("You get this because you subscribe to %(what)s.") % {"what": what}


def _preview(sections: Sequence[Section]) -> str:
    """What a mail program shows beside the subject."""
    return (
        sections[0].lead if len(sections) == 1 else " · ".join(section.headline for section in sections[:3])
    )


def _neighbours_title(telling: Telling, is_redated: bool) -> str:
    if not is_redated and telling in (Telling.ENDED, Telling.WITHDRAWN):
        return _("Still held before the same control point")
    return _("Also held before the same control point")


def _tidy(text: str) -> str:
    """Lines without trailing space (but for the mark of a signature), never two empty ones in a row."""
    lines: list[str] = []
    for line in (line if line == SIGNATURE else line.rstrip() for line in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
