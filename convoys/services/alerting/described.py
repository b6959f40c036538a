"""What subscriptions will do, and why one does nothing now, in the words that its owner reads."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from accounts.models import User
from convoys import wording
from convoys.models import Channel, Policy, Rhythm, Scope, Subscription, Watch
from convoys.queries.subscription_news import News, news_of
from convoys.queries.subscriptions import named_and_seen, scope_words
from convoys.queries.visibility import Viewer, viewer_of
from convoys.services.alerting.digest import zone_for
from convoys.services.alerting.policies import BUILT_IN
from convoys.services.messaging.phrases import step_words

CALLED = {Watch.HELD: "holds", Watch.STOPPED: "stops", Watch.SILENT: "silences"}


@dataclass(frozen=True)
class Described:
    """One subscription. `idle_because` is empty while it can tell; then `sentence` is what it does.

    One whose convoy its owner may no longer see cannot be changed, since its name is not theirs to read.
    """

    subscription: Subscription
    scope: str
    sentence: str
    idle_because: str
    may_change: bool
    news: News


def described(owner: User, subscriptions: Sequence[Subscription]) -> list[Described]:
    """Some of one person's, which should come from `with_names`. A fixed number of queries."""
    viewer = viewer_of(owner)
    seen, watches = named_and_seen(subscriptions, viewer), _watches(viewer)
    news = news_of(subscriptions, viewer)
    return [
        Described(
            subscription=one,
            scope=scope_words(one, seen),
            sentence=f"{_('You are told')} {_how(one, owner)}, {_when(one)}, {_of(one, watches)}: "
            f"{scope_words(one, seen)}.",
            idle_because=_idle_because(one, owner, viewer, seen),
            may_change=one.convoy_id is None or one.convoy_id in seen,
            news=news[one.pk],
        )
        for one in subscriptions
    ]


def _how(one: Subscription, owner: User) -> str:
    if one.webhook is not None:
        return _("by webhook (%(name)s)") % {"name": one.webhook.description or one.webhook.url}
    language = get_language_info(one.language or owner.language)["name"]
    return _("by mail, in %(language)s") % {"language": language}


def _when(one: Subscription) -> str:
    if one.rhythm != Rhythm.DAILY:
        return _("at once")
    values = {"hour": f"{one.digest_hour or 0:02}:00", "zone": zone_for(one).key}
    return _("once a day at %(hour)s %(zone)s time") % values


def _of(one: Subscription, watches: list[Watch]) -> str:
    kinds = wording.listed([CALLED[watch] for watch in watches])
    if not one.from_seconds:
        return _("of all %(kinds)s that reach a step") % {"kinds": kinds}
    return _("of %(kinds)s of %(step)s and more") % {"kinds": kinds, "step": step_words(one.from_seconds)}


def _watches(viewer: Viewer) -> list[Watch]:
    """What somebody can be told of: staff of all, others of what some policy does not keep to staff."""
    if viewer.is_staff:
        return list(CALLED)
    rows = list(Policy.objects.values_list("watch", "scope", "staff_only"))
    open_to_all = {watch for watch, _scope, staff_only in rows if not staff_only}
    has_default = {watch for watch, scope, _staff_only in rows if scope == Scope.DEFAULT}
    built_in = {watch for watch in CALLED if watch not in has_default and not BUILT_IN[watch].staff_only}
    return [watch for watch in CALLED if watch in open_to_all | built_in] or [Watch.HELD]


def _idle_because(one: Subscription, owner: User, viewer: Viewer, seen: Container[int]) -> str:
    """Why nothing comes of it as things stand, else ""."""
    if viewer.sees_nothing:
        return _("The account is closed, or sees no convoys.")
    if one.convoy_id is not None and one.convoy_id not in seen:
        return _("You may no longer see its convoy. It goes on by itself if you may again.")
    if one.channel == Channel.MAIL and not owner.email:
        return _("The account has no mail address. Ask the desk to add one.")
    if one.webhook is not None and (one.webhook.ended_at or one.webhook.disabled_at):
        return _("Its webhook is no longer called.")
    return ""
