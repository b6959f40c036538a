"""What a mail says, in the reader's language and zone and for the reader's eyes alone.

Rendered once per (what is told, language, zone, eyes) and kept for the run; the links and the
reason that belong to one person stand as marks in it and are put in afterwards.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from convoys.models import Convoy, Deadline, Notification, Subscription, Watch
from convoys.phrasebook import gettext as _
from convoys.phrasebook import speaking
from convoys.queries.alerts import Episodes
from convoys.queries.ledger_head import newest_head
from convoys.queries.neighbours import Neighbours
from convoys.queries.responses import Key, charges
from convoys.queries.subscriptions import scope_words
from convoys.queries.visibility import Viewer
from convoys.services.alerting.policies import Ladders
from convoys.services.messaging import phrases
from convoys.services.messaging.corrected import Corrections
from convoys.services.messaging.gather import Parcel
from convoys.services.messaging.layout import groups_of
from convoys.services.messaging.markup import escaped, html_page
from convoys.services.messaging.plain import plain_text, wrapped
from convoys.services.messaging.section import Beside, Fact, Frame, Group, Mail, Neighbour, News, Section
from convoys.services.messaging.sections import neighbour_line, section_of
from convoys.services.messaging.subjects import subject_of

# Nobody who writes a claim can know these, so no claim can carry them.
LINKS_MARK = f"links-{secrets.token_hex(32)}"
REASON_MARK = f"reason-{secrets.token_hex(32)}"
# Beyond so many, parts of a mail say what and where, and link to the rest.
MOST_IN_FULL = 8
ACCOUNTS_OF_ONE, ACCOUNTS_OF_MANY = 10, 4
OVER = (News.ENDED, News.WITHDRAWN)


@dataclass(frozen=True)
class Rendered:
    """One mail before it belongs to a person."""

    subject: str
    text: str
    html: str
    reply_to: tuple[str, ...]
    convoys: tuple[int, ...]
    claims: tuple[int, ...]

    def for_person(self, links: str, reason: str) -> tuple[str, str]:
        """Text and HTML with this person's own links and reason put in.

        `links` is the address that unsubscribes; the others begin with it.
        """
        text = self.text.replace(LINKS_MARK, links).replace(REASON_MARK, "\n".join(wrapped(reason)))
        html = self.html.replace(LINKS_MARK, escaped(links))
        return text, html.replace(REASON_MARK, escaped(reason))


class Renderer:
    """Renders parcels; equal ones once. Lives for one run, at one moment."""

    def __init__(self, now: datetime, neighbours: Neighbours | None = None) -> None:
        self.now = now
        self._episodes = Episodes(neighbours)
        self._corrections = Corrections(self._episodes)
        self._charges: dict[Key, Any] = {}
        self._ladders: dict[int, Ladders] = {}
        self._rendered: dict[Any, Rendered | None] = {}
        self._neighbours: dict[tuple[int, str], Neighbour] = {}
        self._head: tuple[int, bytes] | None = None

    def prepare(self, parcels: Iterable[tuple[Parcel, Viewer]]) -> None:
        """Read at once what these parcels are to tell: as many queries as for one."""
        wanted: dict[Viewer, list[Deadline]] = {}
        parcels = list(parcels)
        for parcel, viewer in parcels:
            wanted.setdefault(viewer, []).extend(one.deadline for one in parcel.notifications)
        rows = {row.pk: row for deadlines in wanted.values() for row in deadlines}
        self._head = newest_head()
        self._episodes.load(wanted, self._head[0])
        self._corrections.load(one for parcel, _viewer in parcels for one in parcel.notifications)
        keys = {(row.watch, row.episode) for row in rows.values()} - set(self._charges)
        self._charges |= dict.fromkeys(keys, ()) | charges(keys)
        new = [row for row in rows.values() if row.convoy_id not in self._ladders]
        if new:
            self._ladders |= dict.fromkeys((row.convoy_id for row in new), Ladders(row.convoy for row in new))

    @property
    def read_up_to(self) -> int | None:
        """The ledger's size before the record was read; None where nothing was."""
        return self._head[0] if self._head is not None else None

    def render(self, parcel: Parcel, viewer: Viewer) -> Rendered | None:
        """The mail for this parcel, or None where its reader may see none of what it would tell."""
        user = parcel.recipient
        language = language_of(parcel.subscription_language or user.language)
        key = (parcel.contents, language, parcel.time_zone, viewer)
        if key not in self._rendered:
            if any(one.deadline.convoy_id not in self._ladders for one in parcel.notifications):
                self.prepare([(parcel, viewer)])
            with speaking(language):
                self._rendered[key] = self._render(parcel, viewer, language)
        return self._rendered[key]

    def _render(self, parcel: Parcel, viewer: Viewer, language: str) -> Rendered | None:
        frame = Frame(phrases.zone_of(parcel.time_zone), viewer.is_staff, self.now)
        rows = {one.deadline_id: one.deadline for one in parcel.notifications}
        told = self._episodes.told(list(rows.values()), viewer)
        parts = [mine for mine in _parts(parcel.notifications) if mine[0].deadline_id in told]
        if not parts:
            return None
        sections = []
        for mine in parts:
            row = mine[0].deadline
            episode = (row.watch, row.episode)
            beside = Beside(
                ladder=self._ladders[row.convoy_id].of(row.convoy, row.watch),
                correction=self._corrections.of(told[row.pk], mine[0], viewer),
                charges=self._charges.get(episode, ()),
                told_at=parcel.since.get(episode),
                most_accounts=ACCOUNTS_OF_ONE if len(parts) == 1 else ACCOUNTS_OF_MANY,
            )
            sections.append(section_of(told[row.pk], mine, frame, beside))
        groups = groups_of(sections, parcel.is_digest)
        _point_out(groups)
        ordered = [section for group in groups for section in group.sections]
        for section in ordered[MOST_IN_FULL:]:
            section.is_brief = True
        held = [one for one in told.values() if one.deadline.watch == Watch.HELD]
        neighbours = self._episodes.also_held(viewer, held)
        size, root = self._head or newest_head()
        mail = Mail(
            subject=subject_of(ordered, parcel.is_exercise, parcel.is_digest), preview=_preview(ordered),
            language=language, groups=groups, neighbours_title=_neighbours_title(ordered),
            neighbours=[self._neighbour(one, language) for one in neighbours],
            ledger_size=size, ledger_head=root.hex()[:8],
            links=LINKS_MARK, reason=REASON_MARK, is_exercise=parcel.is_exercise, is_staff=viewer.is_staff,
            may_quiet=any(section.news not in OVER for section in ordered),
        )  # fmt: skip
        routes = [one.convoy.route for one in told.values() if one.convoy.route is not None]
        return Rendered(
            subject=mail.subject,
            text=plain_text(mail),
            html=html_page(mail),
            reply_to=tuple(sorted({route.desk_email for route in routes if route.desk_email})),
            convoys=tuple(section.convoy_key for section in ordered)
            + tuple(convoy.pk for convoy in neighbours),
            claims=_claims(groups),
        )

    def _neighbour(self, convoy: Convoy, language: str) -> Neighbour:
        """The same for all who may see it, at this moment."""
        key = (convoy.pk, language)
        if key not in self._neighbours:
            self._neighbours[key] = neighbour_line(convoy, self.now)
        return self._neighbours[key]


def _parts(notifications: Sequence[Notification]) -> list[list[Notification]]:
    """What is owed, by episode and kind of news, longest first."""
    parts: dict[tuple[object, ...], list[Notification]] = {}
    for one in sorted(notifications, key=lambda one: one.deadline.clock_from):
        key = (one.deadline_id, one.telling, one.alert.watch, one.occasion)
        parts.setdefault(key, []).append(one)
    return list(parts.values())


def _point_out(groups: Sequence[Group]) -> None:
    """The access of its control point is a fact of a part, unless it heads the group."""
    for group in groups:
        for section in group.sections:
            access = section.access
            if group.access is None and access is not None and access.word:
                section.facts.insert(0, Fact(_("Control point"), f"{access.name}, {access.sentence}"))


def _claims(groups: Sequence[Group]) -> tuple[int, ...]:
    """Every claim that the mail repeats, those on a control point's access included."""
    keys = {key for group in groups for section in group.sections for key in section.claim_keys}
    keys |= {key for group in groups if group.access is not None for key in group.access.claim_keys}
    return tuple(sorted(keys))


def language_of(code: str) -> str:
    """A language that we have, else the instance's."""
    return code if code in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def reason_for(subscription: Subscription | None, language: str, seen: Sequence[int]) -> str:
    """Why somebody gets this mail, in their language; `seen` are the convoys that it shows."""
    with speaking(language_of(language)):
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


def _neighbours_title(sections: Sequence[Section]) -> str:
    if all(section.news in OVER for section in sections):
        return _("Still held before the same control point")
    return _("Also held before the same control point")
