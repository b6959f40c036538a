"""Who is to be told: subscribers whose scope covers the convoy and who may see it.

A person is told once by mail and, besides, once by each webhook that they subscribed. Used when an
alert is raised and again before each message leaves, so that lost access and an ended subscription
win over everything that was planned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.roles import read_roles
from convoys.models import SCOPE, Channel, ConvoyOrganisation, Deadline, Part, Subscription
from convoys.queries.rows import is_one_of
from convoys.queries.sight import Sight
from convoys.queries.visibility import Viewer, viewer_of


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
        self._of_everything: list[_Ranked] = []
        self._by_name: dict[str, dict[object, list[_Ranked]]] = {}
        for one in subscriptions:
            named = one.named
            kind, key = next(iter(named.items()), ("", None))
            rank = (SCOPE.index(kind) if kind else len(SCOPE), -len(named), one.pk)
            reader = Reader(one.user, coverage.viewer(one.user), one)
            ranked = _Ranked(rank, reader, (one.user_id, one.webhook_id))
            beside = self._by_name.setdefault(kind, {}).setdefault(key, []) if kind else self._of_everything
            beside.append(ranked)
        self._of_everything.sort()

    def of(self, deadline: Deadline) -> list[_Ranked]:
        """Those that cover this deadline, the narrowest first."""
        named = [
            one
            for kind, by_key in self._by_name.items()
            for key in self.coverage.names(kind, deadline)
            for one in by_key.get(key, ())
            # What names one thing covers all that stands under it.
            if one.rank[1] >= -1 or self.coverage.covers(one.reader.subscription, deadline)
        ]
        return sorted(named) + self._of_everything


class _Ranked(NamedTuple):
    """A reader, sorting before those of wider subscriptions: by the narrowest thing named, then by how
    much is named. Of the same person and channel, or webhook, one is told.
    """

    rank: tuple[int, int, int]
    reader: Reader
    channel: tuple[int, int | None]


class Coverage:
    """Which subscriptions cover which deadlines, and who sees them: asked once for a whole batch.

    The deadlines should have their convoys loaded. What decides visibility is read once for all eyes; a
    person must see the convoy and the event that opened the episode.
    """

    def __init__(self, deadlines: Iterable[Deadline]) -> None:
        self.deadlines = list(deadlines)
        self._viewers: dict[int, Viewer] = {}

    def names(self, kind: str, deadline: Deadline) -> set[Any]:
        """The keys by which a subscription to this kind of thing names what the deadline is about."""
        if kind == "convoy":
            return {deadline.convoy_id}
        if kind == "route":
            return {deadline.convoy.route_id}
        if kind == "control_point":
            return {deadline.held_before_id, deadline.stands_at_id}
        return self._sponsors.get(deadline.convoy_id, set())

    def covers(self, subscription: Subscription, deadline: Deadline) -> bool:
        """Whether all that a subscription names fits the convoy of this deadline, as it stood there."""
        return all(key in self.names(kind, deadline) for kind, key in subscription.named.items())

    def sponsors(self) -> QuerySet[ConvoyOrganisation]:
        """Who sponsors these convoys."""
        convoys = is_one_of("convoy", {row.convoy_id for row in self.deadlines})
        return ConvoyOrganisation.objects.filter(convoys, part=Part.SPONSOR)

    @cached_property
    def _sponsors(self) -> dict[int, set[str]]:
        """By convoy; read where a subscription names one."""
        sponsors: dict[int, set[str]] = {}
        for convoy, organisation in self.sponsors().values_list("convoy_id", "organisation_id"):
            sponsors.setdefault(convoy, set()).add(organisation)
        return sponsors

    def viewer(self, user: User) -> Viewer:
        if user.pk not in self._viewers:
            self._viewers[user.pk] = viewer_of(user)
        return self._viewers[user.pk]

    def sees(self, user: User, deadline: Deadline) -> bool:
        return self.is_seen_by(self.viewer(user), deadline)

    def is_seen_by(self, viewer: Viewer, deadline: Deadline) -> bool:
        """Whether these eyes see the convoy and the event that opened the episode."""
        if viewer.is_staff:
            return True  # of all, so that nothing is read for them
        chain = deadline.opening_chain
        return self._sight.knows(viewer, deadline.convoy_id) and self._sight.reads_event(viewer, chain)

    @cached_property
    def _sight(self) -> Sight:
        sight = Sight()
        sight.load_convoys({row.convoy_id for row in self.deadlines})
        sight.load_events({row.opening_chain for row in self.deadlines})
        return sight

    def is_staff(self, user: User) -> bool:
        return self.viewer(user).is_staff


def subscribers_to(coverage: Coverage) -> Subscribers:
    """Who may have to be told of any of the deadlines, each with its person."""
    rows = coverage.deadlines
    points = {point for row in rows for point in (row.held_before_id, row.stands_at_id)}
    routes = {row.convoy.route_id for row in rows}
    may_cover = (
        (Q(convoy=None) | is_one_of("convoy", {row.convoy_id for row in rows}))
        & (Q(control_point=None) | Q(control_point__in=points - {None}))
        & (Q(route=None) | Q(route__in=routes - {None}))
        & (Q(sponsor=None) | Q(sponsor__in=coverage.sponsors().values("organisation")))
    )
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
    for _, reader, channel in subscribers.of(deadline):
        if channel in readers or reader.subscription.from_seconds > step_seconds:
            continue
        if (reader.viewer.is_staff or not staff_only) and coverage.is_seen_by(reader.viewer, deadline):
            readers[channel] = reader
    return list(readers.values())
