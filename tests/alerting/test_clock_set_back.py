"""A clock that was ahead and is set back leaves waits and leases that are too long: none is waited for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from convoys.models import Message
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.freeze import freeze_for
from convoys.services.messaging.gather import recipients_waiting
from convoys.services.messaging.recover import return_expired_leases
from convoys.services.messaging.render import Renderer
from tests import factories
from tests.alerting.conftest import since_start

pytestmark = pytest.mark.django_db
AHEAD = timedelta(days=2)


def test_a_message_put_off_by_a_clock_that_was_ahead_is_tried_now(sweep, clock, told_partner, post_office):
    factories.make_held_convoy()
    sweep(hours=24)
    clock.shift(AHEAD)
    post_office.answers = ["451 later"]
    assert deliver().postponed == 1
    clock.shift(-AHEAD)
    assert deliver().sent == 1


def test_a_lease_given_by_a_clock_that_was_ahead_is_returned_now(sweep, clock, told_partner, post_office):
    factories.make_held_convoy()
    sweep(hours=24)
    clock.shift(AHEAD)
    freeze_for(recipients_waiting(), Renderer(since_start(hours=24)))
    clock.shift(-AHEAD)
    assert return_expired_leases() == 1
    assert deliver().sent == 1
    assert Message.objects.get().uncertain_attempts == 0
