"""What people do about an alert: acknowledge it, snooze it, take charge of it, and take that back.

A response is given to one part of an episode (a deadline). An acknowledgement or a snooze quiets its
person alone, and only the further steps: that a hold ended, was withdrawn or goes on after all is
told regardless. Webhooks are programs and are never quiet. It holds until that part has ended, until
it is taken back or, of a snooze, until it expires; a hold reopened afterwards is told anew. Being in
charge is for the desk, one person at a time, and goes on where the hold does. Rows are kept when
they have ended: who did what when is asked later.

Guarantees when two run at once: a person's own responses are written one after the other, under a
lock of that person's row; of two who take charge the constraint lets one in, and the other is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role, may
from convoys.errors import ConvoyError, InvalidInput, NotPermitted
from convoys.models import (
    AlertResponse,
    Channel,
    Deadline,
    Notification,
    NotificationState,
    ResponseKind,
    Telling,
    Watch,
)
from convoys.queries.responses import RUNNING
from convoys.services.alerting.digest import due_at
from convoys.services.alerting.recipients import Coverage

# Verdicts on a step for somebody who is quiet about its episode.
ACKNOWLEDGED = "acknowledged"
SNOOZED = "snoozed"

LONGEST_SNOOZE = timedelta(days=366)

QUIETING = (ResponseKind.ACKNOWLEDGED, ResponseKind.SNOOZED)

Key = tuple[int, str, int]  # person, watch, episode


class ResponseConflict(ConvoyError):
    """Somebody else took charge, or laid it down, since the page was opened. Nothing was written."""

    code = "conflict"


class NothingRunning(ConvoyError):
    """The episode is over: there are no further steps to be quiet about and nothing to be in charge of."""

    code = "ended"


@dataclass(frozen=True)
class Quiet:
    """Why a person is told no step of an episode. `until` is when a snooze expires, else None.

    An acknowledged step is settled as not told. A snoozed one stays owed and waits until then: the
    steps missed meanwhile are told together, once.
    """

    reason: str
    until: datetime | None = None


def quieted(pairs: Iterable[Key], now: datetime) -> dict[Key, Quiet]:
    """Of these (person, watch, episode), those who are quiet about its further steps: one query.

    An acknowledgement wins over a snooze. Watch and episode are those of the deadline: a question
    about an unconfirmed hold has keys of its own, and is asked regardless.
    """
    asked = set(pairs)
    if not asked:
        return {}
    rows = AlertResponse.objects.filter(
        kind__in=QUIETING,
        user__in={person for person, _watch, _episode in asked},
        episode__in={episode for _person, _watch, episode in asked},
        ended_at=None,
        deadline__state__in=RUNNING,
    )
    quiet: dict[Key, Quiet] = {}
    for kind, person, watch, episode, until in rows.values_list("kind", "user", "watch", "episode", "until"):
        key = (person, watch, episode)
        if key not in asked or (until is not None and until <= now):
            continue
        if kind == ResponseKind.ACKNOWLEDGED:
            quiet[key] = Quiet(ACKNOWLEDGED)
        else:
            quiet.setdefault(key, Quiet(SNOOZED, until))
    return quiet


def put_off(snoozed: Iterable[tuple[Notification, datetime]]) -> None:
    """Let open notifications wait until their reader's snooze expires, or for the first digest after it.

    Each with its subscription and recipient loaded. What another run has taken meanwhile stays.
    """
    waiting: dict[datetime, list[int]] = {}
    for notification, until in snoozed:
        subscription = notification.subscription
        digest = due_at(subscription, until) if subscription is not None else None
        waiting.setdefault(digest or until, []).append(notification.pk)
    for not_before, keys in waiting.items():
        Notification.objects.filter(pk__in=keys, state=NotificationState.OPEN).update(not_before=not_before)


def acknowledge(user: User, deadline: Deadline, door: str) -> AlertResponse:
    """Quiet this person about the further steps of an episode. Safe to repeat.

    Raises NotPermitted for somebody who may not see it, NothingRunning where it is over.
    """
    _check(user, deadline)
    with transaction.atomic():
        _lock(user)
        before = _in_force(user, deadline, ResponseKind.ACKNOWLEDGED)
        if before is not None and before.deadline_id == deadline.pk:
            return before
        return _give(user, deadline, ResponseKind.ACKNOWLEDGED, door)


def snooze(user: User, deadline: Deadline, until: datetime, door: str) -> AlertResponse:
    """Quiet this person about the steps until then; a second snooze takes the place of the first.

    Raises what `acknowledge` raises, and InvalidInput for a time that is past or too far off.
    """
    _check(user, deadline)
    now = timezone.now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise InvalidInput({"until": _("Choose a day from tomorrow on, at most a year ahead.")})
    with transaction.atomic():
        _lock(user)
        return _give(user, deadline, ResponseKind.SNOOZED, door, until)


def take_charge(user: User, deadline: Deadline, door: str, instead_of: int | None = None) -> AlertResponse:
    """Put a member of the desk in charge of an episode, shown to all who are told of it. Safe to repeat.

    `instead_of` is the person whom the page showed to be in charge, who hands over by this. Raises
    ResponseConflict where somebody else is in charge meanwhile, and what `acknowledge` raises.
    """
    if not may_take_charge(user):
        raise NotPermitted(_("Taking charge is for the desk: it needs the role of a desk officer."))
    _check(user, deadline)
    now = timezone.now()
    try:
        with transaction.atomic():
            charge = _charge(deadline)
            mine = charge.filter(user=user).first()
            if mine is not None:
                return mine
            charge.filter(user=instead_of).update(ended_at=now)
            return _insert(user, deadline, ResponseKind.IN_CHARGE, door, now)
    except IntegrityError:
        raise ResponseConflict(_somebody_else(deadline)) from None


def take_back(user: User, deadline: Deadline, kind: str) -> bool:
    """End a person's own response to an episode; False where they have none of this kind in force."""
    with transaction.atomic():
        before = _in_force(user, deadline, kind)
        if before is None:
            return False
        AlertResponse.objects.filter(pk=before.pk, ended_at=None).update(ended_at=timezone.now())
        if before.until is not None:
            _owe_now(before)
        return True


def may_take_charge(user: User) -> bool:
    """Whoever may record may take charge; who only reads cannot act on a hold."""
    return may(user, Role.DESK_OFFICER)


def may_respond(user: User, deadline: Deadline) -> bool:
    """Whether this person could be told of the episode: only then is there something to respond to."""
    return Coverage([deadline]).sees(user, deadline)


def _check(user: User, deadline: Deadline) -> None:
    if not may_respond(user, deadline):
        raise NotPermitted(_("You may not see this convoy any more, so nothing was changed."))
    now = Deadline.objects.filter(pk=deadline.pk).values_list("state", "last_step").first()
    if now is None or now[0] not in RUNNING:
        raise NothingRunning(_("It has ended already: no further steps will be told."))
    # A clock of the desk's own that ends before its first step is forgotten, and must hold nothing.
    if deadline.watch != Watch.HELD and not now[1]:
        raise NothingRunning(_("No step of it was reached, so nothing was told and nothing is to be done."))


def _lock(user: User) -> None:
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)


def _in_force(user: User, deadline: Deadline, kind: str) -> AlertResponse | None:
    return AlertResponse.objects.filter(
        kind=kind, user=user, watch=deadline.watch, episode=deadline.episode, ended_at=None
    ).first()


def _give(
    user: User, deadline: Deadline, kind: str, door: str, until: datetime | None = None
) -> AlertResponse:
    """Write one under the person's lock, in place of one of its kind."""
    take_back(user, deadline, kind)
    return _insert(user, deadline, kind, door, timezone.now(), until)


def _owe_now(snoozed: AlertResponse) -> None:
    """What waited for a snooze that was taken back is owed at once, or with the next digest."""
    waiting = Notification.objects.filter(
        recipient=snoozed.user_id, channel=Channel.MAIL, state=NotificationState.OPEN, telling=Telling.STEP,
        not_before__gte=snoozed.until, deadline__watch=snoozed.watch, deadline__episode=snoozed.episode,
    ).select_related("subscription__user")  # fmt: skip
    now = timezone.now()
    for one in waiting:
        digest = due_at(one.subscription, now) if one.subscription is not None else None
        Notification.objects.filter(pk=one.pk, state=NotificationState.OPEN).update(not_before=digest)


def _insert(
    user: User, deadline: Deadline, kind: str, door: str, at: datetime, until: datetime | None = None
) -> AlertResponse:
    return AlertResponse.objects.create(
        kind=kind, user=user, deadline=deadline, watch=deadline.watch, episode=deadline.episode,
        door=door, at=at, until=until,
    )  # fmt: skip


def _charge(deadline: Deadline) -> QuerySet[AlertResponse]:
    return AlertResponse.objects.filter(
        kind=ResponseKind.IN_CHARGE, watch=deadline.watch, episode=deadline.episode, ended_at=None
    )


def _somebody_else(deadline: Deadline) -> str:
    other = _charge(deadline).select_related("user").first()
    if other is None:
        return _("Somebody else was faster. Nothing was changed: look again.")
    name = other.user.get_full_name() or other.user.get_username()
    return _("%(name)s has taken charge since this page was opened. Nothing was changed.") % {"name": name}
