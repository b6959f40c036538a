"""A person's subscriptions, and how one is called. Also said in mails, so in the reader's language."""

from __future__ import annotations

from collections.abc import Container, Iterable

from django.db.models import QuerySet

from accounts.models import User
from convoys.models import Subscription
from convoys.phrasebook import gettext as _
from convoys.queries.visibility import Viewer, visible_convoys


def with_names(subscriptions: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """With all that `scope_words` reads of each."""
    return subscriptions.select_related(
        "user", "convoy", "route", "control_point__place", "sponsor", "webhook"
    ).prefetch_related("control_point__place__names")


def in_force(user: User) -> QuerySet[Subscription]:
    """A person's own subscriptions that have not ended."""
    return Subscription.objects.filter(user=user, ended_at=None)


def in_force_for(user: User) -> list[Subscription]:
    """A person's own subscriptions, oldest first."""
    return list(with_names(in_force(user)).order_by("created_at", "pk"))


def named_and_seen(subscriptions: Iterable[Subscription], viewer: Viewer) -> set[int]:
    """Keys of the convoys that these name and that this viewer may know of. One query at most."""
    named = [one.convoy_id for one in subscriptions if one.convoy_id is not None]
    return set(visible_convoys(viewer).filter(pk__in=named).values_list("pk", flat=True)) if named else set()


def scope_words(subscription: Subscription, seen: Container[int]) -> str:
    """What a subscription covers, by name: "convoys on the Lachin road, sponsored by the WFP".

    A convoy that is not among the `seen` has no name: access to it may have been lost.
    """
    if not subscription.named:
        return _("all convoys that you may see")
    words = [_("convoys")]
    if subscription.convoy is not None:
        may_know = subscription.convoy.pk in seen
        reference = _("convoy %(reference)s") % {"reference": subscription.convoy.reference}
        words = [reference if may_know else _("a convoy that you may no longer see")]
    if subscription.route is not None:
        words.append(_("on %(route)s") % {"route": subscription.route.name})
    if subscription.control_point is not None:
        words.append(_("at %(point)s") % {"point": subscription.control_point})
    if subscription.sponsor is not None:
        words.append(_("sponsored by %(sponsor)s") % {"sponsor": subscription.sponsor.name})
    return " ".join(words[:2]) + "".join(f", {part}" for part in words[2:])
