"""What can be subscribed to by whom, and how a subscription is called."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from convoys.models import ControlPoint, Convoy, Covers, Part, Route, Subscription
from convoys.queries.visibility import Viewer, visible_convoys
from convoys.vocabulary import OPEN_STATES

MOST_CONVOYS = 200


def in_force_for(user: User) -> list[Subscription]:
    """A person's own subscriptions, oldest first."""
    mine = Subscription.objects.filter(user=user, ended_at=None)
    return list(
        mine.select_related("convoy", "route", "control_point__place", "sponsor")
        .prefetch_related("control_point__place__names")
        .order_by("created_at", "pk")
    )


def scope_words(subscription: Subscription) -> str:
    """What a subscription covers, by name: "the Lachin road", "all convoys that you may see"."""
    if subscription.convoy is not None:
        return subscription.convoy.reference
    if subscription.route is not None:
        return subscription.route.name
    if subscription.control_point is not None:
        return str(subscription.control_point)
    if subscription.sponsor is not None:
        return _("the convoys of %(sponsor)s") % {"sponsor": subscription.sponsor.name}
    return _("all convoys that you may see")


def choices_for(viewer: Viewer) -> list[tuple[str, list[tuple[str, str]]]]:
    """What this viewer can be told of, grouped, each as "scope:code" with its name."""
    seen = visible_convoys(viewer).exclude(status="")
    routes = Route.objects.all() if viewer.is_staff else Route.objects.filter(convoys__in=seen).distinct()
    stops = ControlPoint.objects.select_related("place").prefetch_related("place__names")
    if not viewer.is_staff:
        stops = stops.filter(place__route_stops__route__in=routes).distinct()
    sponsors = Organisation.objects.filter(convoys__part=Part.SPONSOR, convoys__convoy__in=seen).distinct()
    convoys = Convoy.objects.filter(pk__in=seen, status__in=OPEN_STATES).order_by("reference")[:MOST_CONVOYS]
    groups = [
        (_("Everything"), [(f"{Covers.ALL}:", _("all convoys that I may see"))]),
        (_("Routes"), [(f"{Covers.ROUTE}:{route.pk}", route.name) for route in routes]),
        (_("Control points"), [(f"{Covers.CONTROL_POINT}:{stop.pk}", str(stop)) for stop in stops]),
        (_("Sponsors"), [(f"{Covers.SPONSOR}:{sponsor.pk}", sponsor.name) for sponsor in sponsors]),
        (_("Convoys"), [(f"{Covers.CONVOY}:{convoy.reference}", convoy.reference) for convoy in convoys]),
    ]
    return [(name, choices) for name, choices in groups if choices]
