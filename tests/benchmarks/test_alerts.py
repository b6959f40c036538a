"""The alert measures run, small, and do what they say they measure. Their figures are judged elsewhere."""

from __future__ import annotations

import pytest

from benchmarks.alerts import Size, claiming, mailing, waiting
from benchmarks.alerts_world import make_holds
from convoys.models import Alert, Deadline, Message, Notification

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.processes]
SMALL = Size(holds=40, readers=3, few=60, many=200, shared=4)


def test_the_alert_measures_run(settings):
    make_holds(SMALL.holds, seed=1)

    (claimed,) = claiming(SMALL, rounds=1)
    assert Alert.objects.count() == SMALL.holds
    assert Notification.objects.count() == SMALL.holds * SMALL.readers
    assert claimed.figure > 0

    results = list(mailing(SMALL, rounds=1))
    whats = [result.name.split(",")[0] for result in results]
    assert whats == ["40 mails of 40 holds"] * 3 + ["40 mails of 4 holds"] * 3
    assert all(result.figure > 0 for result in results)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}

    (nothing,) = waiting(SMALL, rounds=2)
    assert Deadline.objects.count() >= SMALL.many
    assert nothing.figure > 0
