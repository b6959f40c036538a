"""Alerts: a sweep with nothing due, claiming what is due, and from due steps to accepted mails.

Mail is measured as a worker does it: its tasks wake each other and run beside one another.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.alerts_world import (
    database_of_its_own,
    make_convoys_wait,
    make_due,
    make_holds,
    subscribe_each,
    subscribe_staff,
)
from benchmarks.results import Options, Result
from benchmarks.sink import Sink
from benchmarks.timing import Cost, cost_of
from benchmarks.worker import Worker
from convoys.models import Message, MessageState, Notification, NotificationState
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.mime import mime_bytes
from convoys.services.messaging.recover import return_expired_leases

RAW_BATCH = 500
# What our sweep writes, as one statement for a batch: nothing is asked about policies or who may see.
RAW_CLAIM = """
WITH due AS (
  SELECT id, watch, episode, clock_from FROM convoys_deadline
  WHERE next_at <= %(now)s ORDER BY next_at, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), alert AS (
  INSERT INTO convoys_alert (deadline_id, watch, episode, step_seconds, severity, reached_at, passed,
    backfilled, asks_to_confirm, staff_only, nobody_to_tell, raised_at)
  SELECT id, watch, episode, 86400, 'notice', clock_from + interval '1 day', '[]', false, false, false,
    false, %(now)s FROM due
  ON CONFLICT DO NOTHING RETURNING id, deadline_id
), told AS (
  INSERT INTO convoys_notification (alert_id, deadline_id, recipient_id, subscription_id, channel, telling,
    occasion, state, reason, may_have_been_told, created_at)
  SELECT alert.id, alert.deadline_id, wish.user_id, wish.id, 'mail', 'step', 0, 'open', '', false, %(now)s
  FROM alert CROSS JOIN convoys_subscription AS wish WHERE wish.ended_at IS NULL
  ON CONFLICT DO NOTHING
)
UPDATE convoys_deadline SET last_step = 86400, step_at = due.clock_from + interval '3 days',
  next_at = due.clock_from + interval '3 days'
FROM due WHERE convoys_deadline.id = due.id
"""


@dataclass(frozen=True)
class Size:
    """How much is measured; the test runs it small."""

    holds: int = 2000
    readers: int = 5
    few: int = 10_000
    many: int = 1_000_000
    shared: int = 20


def measure(options: Options) -> Iterator[Result]:
    """All of them, on a database of their own."""
    size, rounds = Size(), max(2, min(options.rounds, 5))
    with database_of_its_own():
        make_holds(size.holds, options.seed)
        yield from claiming(size, rounds)
        yield from mailing(size, rounds)
        yield from waiting(size, 20 * rounds)


def waiting(size: Size, rounds: int) -> Iterator[Result]:
    """A sweep, a recovery and a run of the mail room with nothing to do, among few convoys and many."""
    make_due(0)
    costs = []
    for convoys in (size.few, size.many):
        make_convoys_wait(convoys)
        _look_for_work()
        # The two cannot be measured in turn: the best of many rounds is what a busy machine disturbs least.
        costs.append(min((cost_of(_look_for_work) for _ in range(rounds)), key=lambda cost: cost.both))
    few, many = costs
    note = f"With {size.few:,}: {_shown(few)}; with {size.many:,}: {_shown(many)}."
    yield Result(
        "nothing due, many convoys against few, CPU plus wall", many.both / few.both, "x", 1.2, note=note
    )


def _look_for_work() -> None:
    raise_due_alerts()
    return_expired_leases()
    deliver()


def claiming(size: Size, rounds: int) -> Iterator[Result]:
    """Alerts, notifications and moved deadlines of what is due, against the same rows by raw SQL."""

    def prepare() -> None:
        make_due(size.holds)
        subscribe_staff(size.readers)

    ours, raw = _in_turn(raise_due_alerts, _claim_raw, prepare, rounds)
    owed = size.holds * size.readers
    note = (
        f"{size.holds:,} holds with {size.readers} readers each: ours {_shown(ours)},"
        f" {ours.cpu / owed * 1e6:.0f} µs CPU a notification; raw {_shown(raw)},"
        f" {raw.cpu / owed * 1e6:.0f} µs."
    )
    yield Result("claim what is due, rate against raw SQL", raw.wall / ours.wall, "x", 0.5, 0.8, True, note)


def _claim_raw() -> None:
    claimed = 1
    while claimed:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(RAW_CLAIM, {"now": timezone.now(), "batch": RAW_BATCH})
            claimed = cursor.rowcount


def mailing(size: Size, rounds: int) -> Iterator[Result]:
    """From due steps to mails that a server accepted, against a bare loop that sends the same bytes."""
    with Sink() as sink, Worker() as worker:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        yield from _mail(sink, worker, size.holds, 1, rounds)
        yield from _mail(sink, worker, size.shared, size.holds // size.shared, rounds)


def _mail(sink: Sink, worker: Worker, holds: int, people: int, rounds: int) -> Iterator[Result]:
    first = []

    def prepare() -> None:
        make_due(holds)
        subscribe_each(holds, people)

    def ours() -> None:
        began_at = time.monotonic()
        worker.run("convoys.tasks.detect")
        if left := Notification.objects.exclude(state=NotificationState.SENT).count():
            raise RuntimeError(f"{left} notifications are left to the next sweep")
        first.append(sink.taken()[1] - began_at)

    def bare() -> None:
        for sender, to, contents in prebuilt:
            line.sendmail(sender, [to], contents)

    prepare()
    ours()
    sent = Message.objects.filter(state=MessageState.SENT)
    prebuilt = [("convoys@example.org", one.to_address, mime_bytes(one)) for one in sent]
    mails, contents = len(prebuilt), sum(len(one[2]) for one in prebuilt)
    with smtplib.SMTP("127.0.0.1", sink.port) as line:
        mine, peer = _in_turn(ours, bare, prepare, rounds, ())
    what = f"{mails:,} mails of {holds:,} holds"
    note = (
        f"{contents // mails:,} bytes each; ours {_shown(mine)}, {mine.cpu / mails * 1e6:.0f} µs CPU a mail;"
        f" bare {_shown(peer)}, {peer.cpu / mails * 1e6:.0f} µs."
    )
    yield Result(f"{what}, rate against a bare loop", peer.wall / mine.wall, "x", 0.25, 0.5, True, note)
    yield Result(f"{what}, rate", mails / mine.wall, "mails/s", 400, is_floor=True)
    yield Result(f"{what}, sweep begun until the first is accepted", max(first), "s", 2)


def _in_turn(
    ours: Callable[[], object], peer: Callable[[], object], prepare: Callable[[], None], rounds: int,
    warm_up: tuple[str, ...] = ("ours", "peer"),
) -> tuple[Cost, Cost]:  # fmt: skip
    """As `compare`, with what is unmeasured before each turn."""
    works = {"ours": ours, "peer": peer}
    for name in warm_up:
        prepare()
        works[name]()
    costs: dict[str, list[Cost]] = {"ours": [], "peer": []}
    for number in range(rounds):
        for name in ("ours", "peer") if number % 2 else ("peer", "ours"):
            prepare()
            costs[name].append(cost_of(works[name]))
    return _median(costs["ours"]), _median(costs["peer"])


def _median(costs: list[Cost]) -> Cost:
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))


def _shown(cost: Cost) -> str:
    return f"{cost.wall * 1000:.0f} ms ({cost.cpu * 1000:.0f} ms CPU)"
