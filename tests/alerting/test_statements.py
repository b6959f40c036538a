"""What mail asks and writes is a fixed number of statements a batch, whoever reads of whatever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from convoys.models import Deadline, Message
from convoys.services import columns
from convoys.services.changes import Claim, Target
from convoys.services.messaging.deliver import Delivered, _drop_what_is_no_more_to_be_told
from convoys.services.messaging.freeze import freeze_for
from convoys.services.messaging.gather import recipients_waiting
from convoys.services.messaging.render import Renderer
from convoys.services.messaging.settle import begin_attempts, settle_sent
from tests import factories
from tests.alerting.conftest import START, subscribe

pytestmark = pytest.mark.django_db
FEW, MANY = 5, 50


@pytest.fixture(autouse=True)
def long_statements(monkeypatch):
    """SQLite is given some hundred values at a time; how many pieces that makes is not the matter here."""
    monkeypatch.setattr(columns, "MOST_PARAMETERS", 10_000)


def hold_with_a_reader_of_its_own(number: int) -> None:
    """Of another organisation each, before one point with the others; some accounts are confidential."""
    code = f"society_{number}"
    factories.organisation(code)
    subscribe(factories.partner(code))
    hidden = factories.account(is_confidential=number % 2 == 0)
    factories.make_held_convoy(f"C-{number}", declares={"sponsors": [code]})
    factories.apply(Claim(Target(chain=Deadline.objects.latest("pk").opening_chain), hidden))


def frozen(recipients: Sequence[int]) -> tuple[list[Message], int]:
    """The messages, and how many statements they took."""
    with CaptureQueriesContext(connection) as asked:
        messages = freeze_for(recipients, Renderer(timezone.now()))
    assert len(messages) == len(recipients)
    return messages, len(asked)


def checked(messages: Sequence[Message]) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert _drop_what_is_no_more_to_be_told(messages, Delivered()) == list(messages)
    return len(asked)


def sent(messages: Sequence[Message]) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert begin_attempts(messages) == list(messages)
        settle_sent(messages)
    return len(asked)


def test_steps_of_as_many_convoys_as_readers(clock, sweep):
    for number in range(FEW + MANY):
        hold_with_a_reader_of_its_own(number)
    sweep(hours=24)
    with CaptureQueriesContext(connection) as asked:
        waiting = recipients_waiting()
    assert (len(waiting), len(asked)) == (FEW + MANY, 1)
    few, by_few = frozen(waiting[:FEW])
    many, by_many = frozen(waiting[FEW:])
    assert by_few == by_many
    assert checked(few) == checked(many)
    assert sent(few) == sent(many)


def test_ends_that_correct_what_each_was_told(clock, sweep):
    for number in range(FEW + MANY):
        hold_with_a_reader_of_its_own(number)
    sweep(hours=24)
    told = freeze_for(recipients_waiting(), Renderer(timezone.now()))
    begin_attempts(told)
    settle_sent(told)
    for number in range(FEW + MANY):
        factories.tell(f"C-{number}", "released", "2026-03-03T08:00", place="junction")
    clock.move_to(START + timedelta(hours=24, minutes=3))
    sweep()
    waiting = recipients_waiting()
    few, by_few = frozen(waiting[:FEW])
    many, by_many = frozen(waiting[FEW:])
    assert by_few == by_many
    assert checked(few) == checked(many)
