"""Who would get what now and why, and who would not, in lines for a terminal. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from convoys.models import (
    Channel,
    Deadline,
    Message,
    MessageState,
    Notification,
    NotificationState,
    Subscription,
)
from convoys.queries.subscriptions import scope_words, with_names
from convoys.services.alerting.detect import due_deadlines
from convoys.services.alerting.digest import due_at
from convoys.services.alerting.plan import Step, plan_for
from convoys.services.alerting.recipients import Coverage
from convoys.services.alerting.responses import Quiet, quieted
from convoys.services.messaging.check import GO, Check, with_all
from convoys.services.messaging.phrases import step_words

# What a terminal still shows; the rest is counted.
MOST = 200


def lines(now: datetime) -> Iterator[str]:
    """What is due and would be raised, what is owed and would be said, and what is on its way."""
    yield from _due(now)
    yield from _owed(now)
    yield from _on_their_way(now)


def _due(now: datetime) -> Iterator[str]:
    due = due_deadlines(now)
    rows = list(due.select_related("convoy")[:MOST])
    yield _counted(due.count(), "clock is due", "clocks are due", len(rows))
    in_force = list(with_names(Subscription.objects.filter(ended_at=None)).order_by("user", "pk"))
    coverage = Coverage(rows)
    pairs = [(one.user_id, row.watch, row.episode) for one in in_force for row in rows]
    quiet = quieted(pairs, now) if rows else {}
    for planned in plan_for(rows, now):
        for step in planned.steps:
            yield _raised(planned.row, step)
            for one in in_force:
                if coverage.covers(one, planned.row):
                    yield "    " + _told(one, planned.row, step, coverage, quiet, now)
            if step.nobody_to_tell:
                yield "    NOBODY TO TELL: no subscription covers it for somebody who may see it"
        for correction in planned.corrections:
            person = correction.recipient_id
            yield f"  {planned.row.convoy.reference}: {correction.telling}, to person {person}, who was told"


def _raised(row: Deadline, step: Step) -> str:
    passed = f", passing {', '.join(map(step_words, step.passed))}" if step.passed else ""
    history = ", loaded from history" if step.backfilled else ""
    staff = ", for staff only" if step.staff_only else ""
    words, reached = step_words(step.step_seconds), f"{step.reached_at:%Y-%m-%d %H:%M} UTC"
    return f"  {row.convoy.reference}: {step.watch} {words}, reached {reached}{passed}{history}{staff}"


def _told(
    one: Subscription,
    row: Deadline,
    step: Step,
    coverage: Coverage,
    quiet: dict[tuple[int, str, int], Quiet],
    now: datetime,
) -> str:
    """One subscription that covers the convoy: how and when it tells, or why it does not."""
    what = f"{_address(one)}, by subscription {one.pk} ({scope_words(one, {one.convoy_id or 0})})"
    why = _why_not(one, row, step, coverage)
    if why:
        return f"not to {what}: {why}"
    silence = quiet.get((one.user_id, row.watch, row.episode)) if one.channel == Channel.MAIL else None
    if silence is not None:
        until = f" until {silence.until:%Y-%m-%d %H:%M} UTC" if silence.until else ""
        return f"not to {what}: {silence.reason}{until}"
    digest = due_at(one, now)
    when = f"in the digest of {digest:%Y-%m-%d %H:%M} UTC" if digest else "at once"
    return f"to {what}: {when}"


def _why_not(one: Subscription, row: Deadline, step: Step, coverage: Coverage) -> str:
    if any(reader.subscription.pk == one.pk for reader in step.readers):
        return ""
    if not one.user.is_active:
        return "the account is closed"
    if one.channel == Channel.MAIL and not one.user.email:
        return "the account has no mail address"
    if one.webhook is not None and (one.webhook.ended_at or one.webhook.disabled_at):
        return "the webhook is no longer called"
    if not coverage.sees(one.user, row):
        return "may not see the convoy or the report that opened it"
    if step.staff_only and not coverage.is_staff(one.user):
        return "only staff are told"
    if one.from_seconds > step.step_seconds:
        return f"not before {step_words(one.from_seconds)}"
    return "a narrower subscription of the same person tells it"


def _address(one: Subscription) -> str:
    return (
        f"{one.user} by webhook {one.webhook_id}"
        if one.webhook_id
        else f"{one.user.email or one.user} by mail"
    )


def _owed(now: datetime) -> Iterator[str]:
    open_ones = Notification.objects.filter(state=NotificationState.OPEN)
    owed = with_all(open_ones.order_by("created_at", "pk").values_list("pk", flat=True)[:MOST])
    yield _counted(open_ones.count(), "notification is owed", "notifications are owed", len(owed))
    check = Check(owed)
    for one in owed:
        to = f"webhook {one.webhook_id}" if one.webhook_id else one.recipient.email or str(one.recipient)
        yield (
            f"  {one.deadline.convoy.reference}: {one.telling} of {one.alert.watch} "
            f"{step_words(one.alert.step_seconds)} to {to}: {_verdict(one, check, now)}"
        )


def _verdict(one: Notification, check: Check, now: datetime) -> str:
    verdict = check.verdicts[one.pk]
    if verdict != GO:
        return verdict
    if one.not_before is not None and one.not_before > now:
        return f"waits until {one.not_before:%Y-%m-%d %H:%M} UTC"
    return "would be sent"


def _on_their_way(now: datetime) -> Iterator[str]:
    waiting = Message.objects.filter(state__in=[MessageState.PENDING, MessageState.SENDING])
    rows = list(waiting.order_by("next_attempt_at", "pk")[:MOST])
    yield _counted(waiting.count(), "message is on its way", "messages are on their way", len(rows))
    for message in rows:
        at = message.next_attempt_at
        when = "being sent" if at is None else "due now" if at <= now else f"{at:%Y-%m-%d %H:%M:%S} UTC"
        to = f"webhook {message.webhook_id}" if message.webhook_id else message.to_address
        yield f"  {message.subject or message.message_id} to {to}: {when} {message.failure}".rstrip()


def _counted(count: int, one: str, many: str, shown: int) -> str:
    more = f"; the first {shown}:" if shown < count else "."
    return f"{count} {one if count == 1 else many}{more}"
