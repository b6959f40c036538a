"""Two runs of the mail room side by side: each begins with other people, and nobody is left out."""

from __future__ import annotations

import pytest

from convoys.models import Message
from convoys.services.messaging import deliver as mail_room
from convoys.services.messaging.deliver import FIRST_RECIPIENTS, deliver
from tests import factories
from tests.alerting.conftest import subscribe

pytestmark = pytest.mark.django_db
PEOPLE = 25


@pytest.mark.parametrize("start", [0, 7, PEOPLE - 1])
def test_a_run_may_begin_with_anybody_and_reaches_everybody_once(sweep, monkeypatch, start):
    for number in range(PEOPLE):
        subscribe(factories.officer(f"officer-{number}"))
    factories.make_held_convoy()
    sweep(hours=24)
    monkeypatch.setattr(mail_room.random, "randrange", lambda people: start)
    assert deliver().sent == PEOPLE
    told = list(Message.objects.order_by("pk").values_list("recipient", flat=True))
    circle = sorted(told)[start:] + sorted(told)[:start]
    assert len(set(told)) == PEOPLE
    assert set(told[:FIRST_RECIPIENTS]) == set(circle[:FIRST_RECIPIENTS])
