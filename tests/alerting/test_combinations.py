"""However somebody was told, and whatever became of the hold: what they hear of it in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from convoys.models import Deadline, Subscription
from convoys.services.alerting.responses import acknowledge, snooze
from convoys.services.changes import Record, Retract
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import since_start, subscribe
from tests.alerting.test_redated import redate
from tests.alerting.test_told_otherwise import correct_hold

pytestmark = pytest.mark.django_db

TOLD = ("by mail", "acknowledged", "snoozed", "by a digest to come", "lost access", "unsubscribed")
OUTCOMES = {
    "ended": "No longer held: C-1, released at Junction",
    "withdrawn": "Withdrawn: C-1 was not held at Junction",
    "re-dated": "Re-dated: C-1, held at Junction since 2 March 2026, 20:00 (UTC)",
    "reopened": "Held after all at Junction: C-1, 40 t",
    "corrected": "Corrected: C-1 is held at Hamlet before Gate, not at Junction before Bridge",
}
# What the first digest says where it had not gone out by then; of what was never so it says nothing.
DIGESTS = {
    "ended": "Convoys held: 1 ended",
    "withdrawn": None,
    "re-dated": "Convoys held: 1 new",
    "reopened": "Convoys held: 1 new",
    "corrected": "Convoys held: 1 new",
}


@pytest.fixture
def told(request, sweep, post_office, clock):
    """The sponsor's partner, told of the first step in the way that the test names."""
    partner = factories.partner()
    more = {"rhythm": "daily", "digest_hour": 6} if request.param == "by a digest to come" else {}
    subscribe(partner, **more)
    factories.make_held_convoy()
    sweep(hours=24)
    deliver()
    deadline = Deadline.objects.get(watch="held")
    if request.param == "acknowledged":
        acknowledge(partner, deadline, "mail")
    elif request.param == "snoozed":
        snooze(partner, deadline, timezone.now() + timedelta(days=7), "mail")
    elif request.param == "lost access":
        factories.organisation("others")
        factories.apply(Record(factories.convoy("C-1"), "amended", declares={"sponsors": ["others"]}))
    elif request.param == "unsubscribed":
        Subscription.objects.update(ended_at=timezone.now())
    return request.param


def happen(outcome: str, clock, sweep) -> None:
    """It becomes so 30 hours after the beginning, and the grace of two minutes goes by."""
    clock.move_to(since_start(hours=30))
    if outcome in ("ended", "reopened"):
        factories.tell("C-1", "released", "2026-03-03T13:00", place="junction")
    elif outcome == "withdrawn":
        factories.apply(Retract(Deadline.objects.get(watch="held").opening_chain, "wrong convoy"))
    elif outcome == "re-dated":
        redate("held", "2026-03-02T20:00")
    elif outcome == "corrected":
        correct_hold(place="hamlet", held_before="gate")
    sweep(hours=30, minutes=3)
    deliver()
    if outcome == "reopened":
        clock.move_to(since_start(hours=34))
        factories.tell("C-1", "held", "2026-03-03T16:00", place="junction", held_before="bridge")
        sweep(hours=34, minutes=3)
        deliver()


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("told", TOLD, indirect=True)
def test_everybody_hears_how_it_came_out_once_and_nobody_who_should_not(
    told, outcome, clock, sweep, post_office
):
    before = len(post_office.mails)
    happen(outcome, clock, sweep)
    now = [mail["Subject"] for mail in post_office.mails[before:]]
    clock.move_to(since_start(hours=46))
    deliver()
    in_digest = [mail["Subject"] for mail in post_office.mails[before + len(now) :]]
    if told == "by a digest to come":
        assert now == []
        assert in_digest == [digest for digest in [DIGESTS[outcome]] if digest]
        return
    assert in_digest == []
    if told in ("lost access", "unsubscribed"):
        assert now == []
    else:
        assert now[-1] == OUTCOMES[outcome]
        assert len(now) == (2 if outcome == "reopened" else 1)
