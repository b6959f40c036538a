"""Alerts with nobody to tell: a failure until somebody is subscribed who would be told of the next step."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max

from convoys.models import Alert, DeadlineState
from convoys.services.alerting.policies import Ladders
from convoys.services.alerting.recipients import Coverage, readers_of, subscribers_to

# So many are looked through; more than that, and every one shown is true but not all are shown.
MOST = 200


def alerts_for_nobody() -> list[Alert]:
    """The newest such alert of each episode that still runs, exercises left out; newest first.

    One is resolved once somebody would be told of the next step, or when the episode ends.
    """
    alerts = Alert.objects.filter(
        nobody_to_tell=True, deadline__state=DeadlineState.OPEN, deadline__convoy__is_exercise=False
    )
    newest = alerts.order_by().values("deadline").annotate(last=Max("pk")).values("last")
    rows = Alert.objects.filter(pk__in=newest).select_related("deadline__convoy")
    return _still_for_nobody(rows.order_by("-raised_at", "-pk")[:MOST])


def _still_for_nobody(alerts: Iterable[Alert]) -> list[Alert]:
    found = list(alerts)
    subscribers = subscribers_to(Coverage(alert.deadline for alert in found))
    ladders = Ladders(alert.deadline.convoy for alert in found)
    untold = []
    for alert in found:
        following = ladders.of(alert.deadline.convoy, alert.deadline.watch).after(alert.deadline.last_step)
        step = following.seconds if following is not None else alert.step_seconds
        if not readers_of(alert.deadline, step, alert.staff_only, subscribers):
            untold.append(alert)
    return untold
