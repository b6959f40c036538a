"""What the desk does about alerts: acknowledge, snooze, take charge, and take that back. By POST alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from convoys.errors import ConvoyError, InvalidInput
from convoys.models import Alert, AlertResponse, Convoy, Deadline, ResponseDoor, ResponseKind, Watch
from convoys.queries.responses import RUNNING, charges, in_charge, name_of, responses_to
from convoys.services.alerting import responses
from convoys.services.messaging.phrases import step_words

SNOOZES = {"24": timedelta(hours=24), "72": timedelta(days=3), "168": timedelta(days=7)}
MOST_TOLD = 20  # responses on a convoy's page


@dataclass(frozen=True)
class Clock:
    """One running clock of a convoy as its page shows it, and what this person may do about it."""

    deadline: Deadline
    last_step: str
    charge: AlertResponse | None
    charge_name: str
    is_mine: bool
    acknowledged: AlertResponse | None
    snoozed: AlertResponse | None


@dataclass(frozen=True)
class Responding:
    """The part of a convoy's page on its alerts: running clocks, and who did what when."""

    clocks: list[Clock]
    told: list[AlertResponse]
    may_take_charge: bool
    snoozes: list[tuple[str, str]]


def responding_to(user: User, convoy: Convoy) -> Responding:
    """Three queries. Holds, and what has raised an alert, can be responded to."""
    now = timezone.now()
    rows = [
        row
        for row in Deadline.objects.filter(convoy=convoy, state__in=RUNNING).order_by("watch", "pk")
        if row.watch == Watch.HELD or row.last_step
    ]
    told = list(responses_to(convoy.pk)[:MOST_TOLD])
    taken = charges((row.watch, row.episode) for row in rows)
    return Responding(
        [_clock(row, user, told, taken.get((row.watch, row.episode), ()), now) for row in rows],
        told,
        responses.may_take_charge(user),
        [(hours, step_words(int(hours) * 3600)) for hours in SNOOZES],
    )


def _clock(
    row: Deadline, user: User, told: Iterable[AlertResponse], taken: Iterable[AlertResponse], now: datetime
) -> Clock:
    mine = {
        one.kind: one
        for one in told
        if one.user_id == user.pk
        and one.deadline_id == row.pk
        and one.ended_at is None
        and (one.until is None or one.until > now)
    }
    holder = in_charge(taken)
    return Clock(
        deadline=row,
        last_step=step_words(row.last_step) if row.last_step else "",
        charge=holder,
        charge_name=name_of(holder.user) if holder else "",
        is_mine=holder is not None and holder.user_id == user.pk,
        acknowledged=mine.get(ResponseKind.ACKNOWLEDGED),
        snoozed=mine.get(ResponseKind.SNOOZED),
    )


def respond(request: HttpRequest, convoy_pk: int, back_to: str) -> HttpResponse:
    """One button of a convoy's page."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    key = request.POST.get("deadline", "")
    if not (key.isdecimal() and len(key) < 19):
        raise Http404
    deadline = get_object_or_404(Deadline, pk=int(key), convoy=convoy_pk)
    shown = request.POST.get("instead_of", "")
    instead_of = int(shown) if shown.isdecimal() and len(shown) < 19 else None
    try:
        done = _act(request, deadline, request.POST.get("act", ""), instead_of)
    except ConvoyError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, done)
    return HttpResponseRedirect(f"{back_to}#alerts")


def _act(request: HttpRequest, deadline: Deadline, act: str, instead_of: int | None) -> str:
    """Do what a button says; returns what was done in words."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    if act == "acknowledge":
        responses.acknowledge(user, deadline, ResponseDoor.DESK)
        return _("Acknowledged: you are told no further steps of it, and when it ends.")
    if act.startswith("snooze:"):
        snooze(user, deadline, act.removeprefix("snooze:"))
        return _("Snoozed: steps missed meanwhile are told together afterwards.")
    if act == "take_charge":
        responses.take_charge(user, deadline, ResponseDoor.DESK, instead_of)
        return _("You are in charge of it. It is shown to everybody who is told of it.")
    if act.startswith("take_back:") and act.removeprefix("take_back:") in ResponseKind.values:
        if responses.take_back(user, deadline, act.removeprefix("take_back:")):
            return _("Taken back.")
        raise responses.NothingRunning(_("There was nothing of yours left to take back."))
    raise Http404


def snooze(user: User, deadline: Deadline, hours: str) -> AlertResponse:
    """For one of the times offered. Raises InvalidInput for any other."""
    if hours not in SNOOZES:
        raise InvalidInput({"hours": _("Choose for how long.")})
    return responses.snooze(user, deadline, timezone.now() + SNOOZES[hours], ResponseDoor.DESK)


def for_each(
    request: HttpRequest, alerts: Iterable[Alert], act: Callable[[User, Deadline], object], done: str
) -> None:
    """Do one thing about the episodes of several alerts; what is refused is said, the rest is done."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    rows = {alert.deadline_id: alert.deadline for alert in alerts}
    count = 0
    for row in rows.values():
        try:
            act(user, row)
            count += 1
        except ConvoyError as problem:
            messages.error(request, f"{row.convoy.reference}: {problem.message}")
    if count:
        messages.success(request, done % {"count": count})
