"""The promise, asked of the mail server and the database after everything was mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from convoys.models import Alert, Channel, Deadline, Message, MessageState, Notification, NotificationState
from tests.chaos.mail_server import Accepted

SOON = timedelta(seconds=2)


@dataclass(frozen=True)
class Step:
    """One step that one person is to be told of: the address, the convoy's reference, hours held."""

    to: str
    reference: str
    hours: int


def steps(people: Iterable[User], references: Iterable[str], hours: Sequence[int] = (24,)) -> set[Step]:
    names = list(references)
    return {Step(one.email, name, step) for one in people for name in names for step in hours}


@dataclass
class Figures:
    """What was raised, sent and sent again: a row of the report."""

    alerts: int
    mails: int
    duplicates: int
    uncertain: int


def untold(expected: set[Step], mails: Sequence[Accepted]) -> set[Step]:
    """The steps that no accepted mail to their person names."""
    by_key = {(mail.message_id, mail.to): mail for mail in mails}
    rows = Notification.objects.filter(channel=Channel.MAIL, telling="step", alert__watch="held")
    named = set()
    for to, reference, seconds, message_id in rows.values_list(
        "recipient__email", "deadline__convoy__reference", "alert__step_seconds", "message__message_id"
    ):
        mail = by_key.get((message_id, to))
        if mail is not None and reference in mail.subject + mail.text:
            named.add(Step(to, reference, seconds // 3600))
    return expected - named


def left_over() -> list[str]:
    """What a system at rest has not: leases, mails under way, anything owed and due."""
    now = timezone.now()
    mails = Message.objects.filter(channel=Channel.MAIL)
    due = Notification.objects.filter(Q(not_before=None) | Q(not_before__lte=now), channel=Channel.MAIL)
    found = {
        "leases": mails.exclude(lease=None),
        "mails being sent": mails.filter(state=MessageState.SENDING),
        "mails waiting": mails.filter(state=MessageState.PENDING),
        "notifications owed": due.filter(state__in=(NotificationState.OPEN, NotificationState.FROZEN)),
        # A repeat may fall due at this very moment.
        "deadlines due": Deadline.objects.filter(next_at__lte=now - SOON),
    }
    return [f"{rows.count()} {what}" for what, rows in found.items() if rows.exists()]


def audit(expected: set[Step], mails: Sequence[Accepted]) -> Figures:
    """Fail unless each expected step was raised once, told to everybody, and nothing else was told."""
    raised = Counter(
        (reference, seconds // 3600)
        for reference, seconds in Alert.objects.filter(watch="held").values_list(
            "deadline__convoy__reference", "step_seconds"
        )
    )
    assert raised == Counter({(step.reference, step.hours) for step in expected}), "alerts, each once"
    assert untold(expected, mails) == set(), "nobody left out"
    strangers = {mail.to for mail in mails} - {step.to for step in expected}
    assert strangers == set(), "nobody else told"

    messages = {row.message_id: row for row in Message.objects.filter(channel=Channel.MAIL)}
    copies = Counter(mail.message_id for mail in mails)
    sent = {key for key, row in messages.items() if row.state == MessageState.SENT}
    assert set(copies) == sent, "what was accepted is what counts as sent, and no message was made twice"
    for key, count in copies.items():
        assert count - 1 <= messages[key].uncertain_attempts, f"{key}: a duplicate that nobody counted"
        contents = {mail.content for mail in mails if mail.message_id == key}
        odd = {
            line
            for one in contents
            for line in one.splitlines()
            if not all(line in other for other in contents)
        }
        assert len(contents) == 1, f"a repeat is the same mail, byte by byte; of one alone: {odd}"
    assert left_over() == []
    return Figures(
        alerts=raised.total(),
        mails=len(mails),
        duplicates=copies.total() - len(copies),
        uncertain=sum(row.uncertain_attempts for row in messages.values()),
    )
