"""Who is to be told: subscribers whose scope covers the convoy and who may see it.

A person is told once by mail and, besides, once by each webhook that they subscribed. Used when an
alert is raised and again before each message leaves, so that lost access and an ended subscription
win over everything that was planned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Q

from accounts.models import User
from accounts.roles import read_roles
from convoys.models import SCOPE, Channel, ConvoyOrganisation, Deadline, Part, Subscription
from convoys.queries.visibility import Viewer, viewer_of, visible_convoys, visible_events

EVERYTHING = ("", None)


@dataclass(frozen=True)
class Reader:
    """Somebody to be told over one channel, and the narrowest of the subscriptions that say so."""

    user: User
    viewer: Viewer
    subscription: Subscription


class Subscribers:
    """Subscriptions in force that may cover any of some deadlines, kept by the narrowest thing they name."""

    def __init__(self, subscriptions: Iterable[Subscription], coverage: Coverage) -> None:
        self.coverage = coverage
        self._by_target: dict[tuple[str, object], list[_Ranked]] = {}
        for one in subscriptions:
            named = one.named
            kind, key = target = next(iter(named.items()), EVERYTHING)
            rank = (SCOPE.index(kind) if key is not None else len(SCOPE), -len(named), one.pk)
            self._by_target.setdefault(target, []).append(_Ranked(rank, one, coverage.viewer(one.user)))

    def of(self, deadline: Deadline) -> list[_Ranked]:
        """Those that cover this deadline, the narrowest first."""
        points = {deadline.held_before_id, deadline.stands_at_id}
        targets = [
            ("convoy", deadline.convoy_id),
            *(("control_point", point) for point in points),
            ("route", deadline.convoy.route_id),
            *(("sponsor", code) for code in self.coverage.sponsors_of(deadline)),
            EVERYTHING,
        ]
        maybe = [one for target in targets for one in self._by_target.get(target, ())]
        # What names one thing covers all that stands under it.
        return sorted(
            one for one in maybe if one.rank[1] >= -1 or self.coverage.covers(one.subscription, deadline)
        )


class _Ranked(NamedTuple):
    """A subscription, sorting before wider ones: by the narrowest thing named, then by how much is named."""

    rank: tuple[int, int, int]
    subscription: Subscription
    viewer: Viewer


class Coverage:
    """Which subscriptions cover which deadlines, and who sees them: asked once for a whole batch.

    The deadlines should have their convoys loaded. Visibility is asked once per pair of eyes, not
    per person; a person must see the convoy and the event that opened the episode.
    """

    def __init__(self, deadlines: Iterable[Deadline]) -> None:
        self.deadlines = list(deadlines)
        self._sponsors: dict[int, set[str]] = {}
        links = ConvoyOrganisation.objects.filter(
            convoy__in={row.convoy_id for row in self.deadlines}, part=Part.SPONSOR
        )
        for convoy_id, organisation in links.values_list("convoy_id", "organisation_id"):
            self._sponsors.setdefault(convoy_id, set()).add(organisation)
        self._viewers: dict[int, Viewer] = {}
        self._seen: dict[Viewer, tuple[set[int], set[int]]] = {}

    def covers(self, subscription: Subscription, deadline: Deadline) -> bool:
        """Whether all that a subscription names fits the convoy of this deadline, as it stood there."""
        return (
            subscription.convoy_id in (None, deadline.convoy_id)
            and subscription.route_id in (None, deadline.convoy.route_id)
            and subscription.control_point_id in (None, deadline.held_before_id, deadline.stands_at_id)
            and (subscription.sponsor_id is None or subscription.sponsor_id in self.sponsors_of(deadline))
        )

    def sponsors_of(self, deadline: Deadline) -> set[str]:
        return self._sponsors.get(deadline.convoy_id, set())

    def viewer(self, user: User) -> Viewer:
        if user.pk not in self._viewers:
            self._viewers[user.pk] = viewer_of(user)
        return self._viewers[user.pk]

    def sees(self, user: User, deadline: Deadline) -> bool:
        return self.is_seen_by(self.viewer(user), deadline)

    def is_seen_by(self, viewer: Viewer, deadline: Deadline) -> bool:
        """Whether these eyes see the convoy and the event that opened the episode."""
        if viewer.sees_nothing:
            return False
        if viewer not in self._seen:
            convoys = {row.convoy_id for row in self.deadlines}
            chains = {row.opening_chain for row in self.deadlines}
            seen_convoys = visible_convoys(viewer).filter(pk__in=convoys).values_list("pk", flat=True)
            seen_events = visible_events(viewer).filter(sequence__in=chains)
            self._seen[viewer] = (
                set(seen_convoys), set(seen_events.values_list("sequence", flat=True)),
            )  # fmt: skip
        convoys, chains = self._seen[viewer]
        return deadline.convoy_id in convoys and deadline.opening_chain in chains

    def is_staff(self, user: User) -> bool:
        return self.viewer(user).is_staff


def subscribers_to(coverage: Coverage) -> Subscribers:
    """Who may have to be told of any of the deadlines, each with its person."""
    rows = coverage.deadlines
    named: dict[str, set[Any]] = {
        "convoy": {row.convoy_id for row in rows},
        "control_point": {code for row in rows for code in (row.held_before_id, row.stands_at_id) if code},
        "route": {row.convoy.route_id for row in rows if row.convoy.route_id},
        "sponsor": {code for row in rows for code in coverage.sponsors_of(row)},
    }
    may_cover = Q()
    for kind in SCOPE:
        may_cover &= Q(**{kind: None}) | Q(**{f"{kind}__in": named[kind]})
    can_be_reached = (Q(channel=Channel.MAIL) & ~Q(user__email="")) | Q(
        channel=Channel.WEBHOOK, webhook__ended_at=None, webhook__disabled_at=None
    )
    found = Subscription.objects.filter(may_cover, can_be_reached, ended_at=None, user__is_active=True)
    subscriptions = list(found.select_related("user"))
    read_roles([one.user for one in subscriptions])
    return Subscribers(subscriptions, coverage)


def readers_of(
    deadline: Deadline, step_seconds: int, staff_only: bool, subscribers: Subscribers
) -> list[Reader]:
    """Everybody to be told of this step, each once by mail and once by each webhook.

    May be nobody, which is for staff to see.
    """
    coverage = subscribers.coverage
    readers: dict[tuple[int, int | None], Reader] = {}
    for _, subscription, viewer in subscribers.of(deadline):
        key = (subscription.user_id, subscription.webhook_id)
        if key in readers or subscription.from_seconds > step_seconds:
            continue
        if (viewer.is_staff or not staff_only) and coverage.is_seen_by(viewer, deadline):
            readers[key] = Reader(subscription.user, viewer, subscription)
    return list(readers.values())
