"""What a mail server cannot deliver goes where staff said, and who reads a mail never sees it."""

from __future__ import annotations

import pytest

from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.mail_settings import set_bounce_address
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail(settings, sweep, told_partner, post_office):
    """Sends the mail of one alert to a real server; returns it with its envelope's sender."""
    settings.DEFAULT_FROM_EMAIL = "Convoy desk <desk@example.org>"

    def send():
        factories.make_held_convoy()
        sweep(hours=24)
        assert deliver().sent == 1
        return post_office.mails[0]

    return send


def test_bounces_go_to_the_sender_until_staff_say_otherwise(mail):
    sent = mail()
    assert sent["X-Envelope-From"] == "desk@example.org"
    assert sent["From"] == "Convoy desk <desk@example.org>"


def test_the_envelope_names_the_address_that_staff_set_and_the_mail_its_own_sender(mail):
    set_bounce_address("bounces@example.org")
    sent = mail()
    assert sent["X-Envelope-From"] == "bounces@example.org"
    assert sent["From"] == "Convoy desk <desk@example.org>"
    assert "bounces@" not in sent.as_string().replace("X-Envelope-From: bounces@", "")
