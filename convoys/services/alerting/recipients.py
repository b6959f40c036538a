"""Who is to be told: subscribers whose scope covers the convoy and who may see it.

Used when an alert is raised and again before each message leaves, so that lost access and an
ended subscription win over everything that was planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from convoys.models import SCOPE, ConvoyOrganisation, Deadline, Part, Subscription
from convoys.queries.visibility import Viewer, viewer_of, visible_convoys, visible_events


@dataclass(frozen=True)
class Reader:
    """Somebody to be told, and the narrowest of the subscriptions that say so."""

    user: User
    viewer: Viewer
    subscription: Subscription


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
            and (
                subscription.sponsor_id is None
                or subscription.sponsor_id in self._sponsors.get(deadline.convoy_id, ())
            )
        )

    def viewer(self, user: User) -> Viewer:
        if user.pk not in self._viewers:
            self._viewers[user.pk] = viewer_of(user)
        return self._viewers[user.pk]

    def sees(self, user: User, deadline: Deadline) -> bool:
        viewer = self.viewer(user)
        if viewer.sees_nothing:
            return False
        if viewer not in self._seen:
            convoys = {row.convoy_id for row in self.deadlines}
            chains = {row.opening_chain for row in self.deadlines}
            self._seen[viewer] = (
                set(visible_convoys(viewer).filter(pk__in=convoys).values_list("pk", flat=True)),
                set(visible_events(viewer).filter(sequence__in=chains).values_list("sequence", flat=True)),
            )
        seen_convoys, seen_events = self._seen[viewer]
        return deadline.convoy_id in seen_convoys and deadline.opening_chain in seen_events

    def is_staff(self, user: User) -> bool:
        return self.viewer(user).is_staff


def subscriptions_in_force(deadlines: Sequence[Deadline]) -> list[Subscription]:
    """Subscriptions that may cover any of these, each with its person; the narrowest first."""
    convoys = {row.convoy_id for row in deadlines}
    sponsors = ConvoyOrganisation.objects.filter(convoy__in=convoys, part=Part.SPONSOR)
    points = {row.held_before_id for row in deadlines} | {row.stands_at_id for row in deadlines}
    found = Subscription.objects.filter(
        Q(convoy=None) | Q(convoy__in=convoys),
        Q(route=None) | Q(route__in={row.convoy.route_id for row in deadlines} - {None}),
        Q(control_point=None) | Q(control_point__in=points - {None}),
        Q(sponsor=None) | Q(sponsor__in=sponsors.values("organisation")),
        ended_at=None,
        user__is_active=True,
    ).exclude(user__email="")
    return sorted(found.select_related("user"), key=narrowness)


def narrowness(subscription: Subscription) -> tuple[tuple[bool, ...], int]:
    """Sorts subscriptions by how narrow they are, then by age."""
    return tuple(kind not in subscription.named for kind in SCOPE), subscription.pk


def readers_of(
    deadline: Deadline,
    step_seconds: int,
    staff_only: bool,
    subscriptions: Sequence[Subscription],
    coverage: Coverage,
) -> list[Reader]:
    """Everybody to be told of this step, each once. May be nobody, which is for staff to see."""
    readers: dict[int, Reader] = {}
    for subscription in subscriptions:
        user = subscription.user
        if user.pk in readers or subscription.from_seconds > step_seconds:
            continue
        if not coverage.covers(subscription, deadline) or not coverage.sees(user, deadline):
            continue
        if staff_only and not coverage.is_staff(user):
            continue
        readers[user.pk] = Reader(user, coverage.viewer(user), subscription)
    return list(readers.values())
