"""The links in a mail by which its reader acknowledges, snoozes or takes charge.

GET shows a page that says what will happen and changes nothing, so that scanners which follow links
do no harm; POST acts, and says what was done and how to undo it. Acknowledging and snoozing need no
sign-in: the random token in the address is what allows it. Taking charge is for the desk, signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from convoys.errors import ConvoyError, InvalidInput
from convoys.models import AlertResponse, Deadline, MailLink, ResponseDoor, ResponseKind, Watch
from convoys.queries.responses import RUNNING, charges, in_charge, name_of
from convoys.services.alerting import responses
from convoys.services.messaging import phrases
from convoys.services.messaging.links import deadlines_behind
from convoys.services.messaging.unsubscribe import find_token

SNOOZES = (24, 72, 168)  # hours


@dataclass(frozen=True)
class Told:
    """One convoy of the mail, as it is now, and what this person did about it."""

    deadline: Deadline
    what: str
    is_over: bool
    mine: AlertResponse | None
    mine_at: str
    until: str
    charge: AlertResponse | None
    charge_name: str
    is_chosen: bool

    @property
    def key(self) -> int:
        return self.deadline.pk


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """Quiets the mail's reader about the further steps of what it told."""

    def act(user: User, deadline: Deadline) -> None:
        responses.acknowledge(user, deadline, ResponseDoor.MAIL)

    return _by_token(request, token, ResponseKind.ACKNOWLEDGED, act)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def snooze(request: HttpRequest, token: str) -> HttpResponse:
    """Quiets the mail's reader until a time that they choose."""

    def act(user: User, deadline: Deadline) -> None:
        until = chosen_until(request.POST, user, timezone.now())
        responses.snooze(user, deadline, until, ResponseDoor.MAIL)

    return _by_token(request, token, ResponseKind.SNOOZED, act)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def charge(request: HttpRequest, token: str) -> HttpResponse:
    """Puts the member of staff who is signed in, whoever got the mail, in charge of what it told."""
    link = find_token(token)
    if link is None:
        return _unknown(request)
    user = request.user
    if not isinstance(user, User) or not responses.may_take_charge(user):
        raise PermissionDenied(_("Taking charge is for the desk: it needs the role of a desk officer."))

    def act(user: User, deadline: Deadline) -> None:
        shown = request.POST.get(f"instead_of_{deadline.pk}", "")
        responses.take_charge(
            user, deadline, ResponseDoor.MAIL, int(shown) if shown.isdecimal() and len(shown) < 19 else None
        )

    return _answer(request, user, deadlines_behind(link, user), ResponseKind.IN_CHARGE, act)


def chosen_until(chosen: QueryDict, user: User, now: datetime) -> datetime:
    """When a snooze expires: as a day begins in the person's zone, or, where no day was filled in, so
    many hours from now. Raises InvalidInput where nothing, or no day, was chosen.
    """
    hours, until = chosen.get("hours", ""), chosen.get("until", "")
    if not until and hours in map(str, SNOOZES):
        return now + timedelta(hours=int(hours))
    try:
        day = parse_date(until)
    except ValueError:
        day = None
    if day is None:
        raise InvalidInput({"until": _("Choose for how long, or a day.")})
    return datetime(day.year, day.month, day.day, tzinfo=phrases.zone_of(user.time_zone))


def _by_token(
    request: HttpRequest, token: str, kind: ResponseKind, act: Callable[[User, Deadline], None]
) -> HttpResponse:
    link = find_token(token)
    if link is None:
        return _unknown(request)
    with translation.override(link.user.language):
        behind = deadlines_behind(link, link.user)
        return _answer(request, link.user, behind, kind, act, link)


def _answer(
    request: HttpRequest,
    user: User,
    behind: list[Deadline],
    kind: ResponseKind,
    act: Callable[[User, Deadline], None],
    link: MailLink | None = None,
) -> HttpResponse:
    """The page, after having acted where it was asked to by POST."""
    chosen = _chosen(request, behind)
    did, problem, status = "", "", 200
    if request.method == "POST":
        undo = "undo" in request.POST
        try:
            did = _do(user, chosen, kind, act, undo)
        except ConvoyError as error:
            problem, status = error.message, 422 if isinstance(error, InvalidInput) else 409
    zone = phrases.zone_of(user.time_zone)
    context: dict[str, Any] = {
        "told": _told(user, behind, kind, chosen),
        "did": did,
        "problem": problem,
        "person": name_of(user),
        "zone": str(zone),
        "snoozes": [(hours, phrases.step_words(hours * 3600)) for hours in SNOOZES],
        "preset": request.GET.get("hours", "") or str(SNOOZES[0]),
        "tomorrow": (timezone.now().astimezone(zone) + timedelta(days=1)).date().isoformat(),
        "link": link,
    }
    return render(request, f"alerts/{kind}.html", context, status=status)


def _do(
    user: User,
    chosen: list[Deadline],
    kind: ResponseKind,
    act: Callable[[User, Deadline], None],
    undo: bool,
) -> str:
    """Act on, or take back, what was chosen; "done" or "undone". A refusal undoes the rest."""
    if not chosen:
        raise InvalidInput({"told": _("Tick at least one of them.")})
    if undo:
        if not sum(responses.take_back(user, deadline, kind) for deadline in chosen):
            raise responses.NothingRunning(_("There was nothing of yours left to take back."))
        return "undone"
    with transaction.atomic():
        for deadline in [row for row in chosen if row.state in RUNNING] or chosen[:1]:
            act(user, deadline)
    return "done"


def _chosen(request: HttpRequest, behind: list[Deadline]) -> list[Deadline]:
    """Those that were ticked; before anything was sent, all that run."""
    if request.method != "POST":
        return [row for row in behind if row.state in RUNNING]
    ticked = set(request.POST.getlist("told"))
    return [row for row in behind if str(row.pk) in ticked]


def _told(user: User, behind: list[Deadline], kind: ResponseKind, chosen: list[Deadline]) -> list[Told]:
    zone = phrases.zone_of(user.time_zone)
    mine = {
        (row.watch, row.episode): row
        for row in AlertResponse.objects.filter(
            user=user, kind=kind, ended_at=None, episode__in=[row.episode for row in behind]
        )
        if row.until is None or row.until > timezone.now()
    }
    taken = charges((row.watch, row.episode) for row in behind)
    told = []
    for row in behind:
        key = (row.watch, row.episode)
        own, holder = mine.get(key), in_charge(taken.get(key, ()))
        told.append(
            Told(
                deadline=row,
                what=_what(row),
                is_over=row.state not in RUNNING,
                mine=own,
                mine_at=phrases.instant(own.at, zone) if own else "",
                until=phrases.instant(own.until, zone) if own and own.until else "",
                charge=holder,
                charge_name=name_of(holder.user) if holder else "",
                is_chosen=row in chosen,
            )
        )
    return told


def _what(row: Deadline) -> str:
    """ "KB23-01, held at Kornidzor"."""
    values = {"reference": row.convoy.reference, "place": phrases.place_name(row.stands_at)}
    if row.watch == Watch.SILENT:
        return _("%(reference)s, no report") % values
    if row.watch == Watch.STOPPED:
        words = _("%(reference)s, stopped at %(place)s") if values["place"] else _("%(reference)s, stopped")
    else:
        words = _("%(reference)s, held at %(place)s") if values["place"] else _("%(reference)s, held")
    return words % values


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "alerts/unknown_link.html", status=404)
