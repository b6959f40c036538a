"""The next messages are written while the last ones are sent; a run that ends early keeps none of them."""

from __future__ import annotations

import pytest
from django.db import connection

from convoys.models import Channel, Message, MessageState
from convoys.services.messaging import ahead
from convoys.services.messaging import deliver as mail_room
from convoys.services.messaging.ahead import FIRST_RECIPIENTS
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.send import Sender
from tests import factories
from tests.alerting.conftest import default_held_policy, subscribe

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 25


@pytest.fixture(autouse=True)
def owed(clock, sweep, post_office, monkeypatch):
    monkeypatch.setattr(ahead, "RECIPIENTS", 10)
    default_held_policy()
    for number in range(PEOPLE):
        subscribe(factories.officer(f"officer-{number}"))
    factories.make_held_convoy()
    sweep(hours=24)


def test_everybody_is_told_once(post_office):
    assert deliver().sent == PEOPLE
    assert len({mail["To"] for mail in post_office.mails}) == len(post_office.mails) == PEOPLE


def test_one_batch_is_ahead_and_no_more(monkeypatch):
    """On SQLite none is: there the next is written when the last has been sent."""
    real, most = Sender.send, [0]

    def send(self, message, following=None):
        most.append(Message.objects.exclude(state=MessageState.SENT).count())
        return real(self, message, following)

    monkeypatch.setattr(Sender, "send", send)
    deliver()
    batches = 2 if connection.vendor == "postgresql" else 1
    assert max(most) <= batches * FIRST_RECIPIENTS


def test_a_run_whose_time_is_over_gives_back_what_was_written_ahead(monkeypatch, post_office):
    monkeypatch.setitem(mail_room.RUN_SECONDS, Channel.MAIL, 0.0)
    assert deliver().sent < FIRST_RECIPIENTS
    assert not Message.objects.filter(state=MessageState.SENDING).exists()
    assert set(Message.objects.filter(state=MessageState.PENDING).values_list("attempts", flat=True)) == {0}
    monkeypatch.setitem(mail_room.RUN_SECONDS, Channel.MAIL, 120.0)
    deliver()
    assert len({mail["To"] for mail in post_office.mails}) == len(post_office.mails) == PEOPLE


def test_a_run_that_breaks_off_gives_back_what_was_written_ahead(monkeypatch, post_office):
    def send(self, message, following=None):
        raise RuntimeError("broken")

    with monkeypatch.context() as broken:
        broken.setattr(Sender, "send", send)
        with pytest.raises(RuntimeError):
            deliver()
    under_way = Message.objects.filter(state=MessageState.SENDING)
    assert under_way.count() <= FIRST_RECIPIENTS
    told = deliver().sent
    assert told == PEOPLE - under_way.count()
