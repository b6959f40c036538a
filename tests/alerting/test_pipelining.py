"""A server that takes commands together is told of the next mail with the last; each mail has its own end."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator

import pytest
from django.utils import timezone

from accounts.models import User
from convoys.models import Message
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.pipelining import Pipeline
from tests import factories
from tests.alerting.conftest import subscribe
from tests.alerting.post_office import ACCEPTED, PostOffice, body

NAMES = ("ada", "ben", "cem", "dan", "eve")


@pytest.fixture(params=[False, True], ids=["one command at a time", "commands together"])
def office(request: pytest.FixtureRequest, post_office: PostOffice) -> PostOffice:
    post_office.takes_commands_together = request.param
    return post_office


@pytest.fixture
def five_are_owed(sweep) -> list[User]:
    people = [factories.officer(name) for name in NAMES]
    for person in people:
        subscribe(person)
    factories.make_held_convoy()
    sweep(hours=24)
    return people


def states() -> list[str]:
    """In the order in which they were tried."""
    return list(Message.objects.order_by("recipient").values_list("state", flat=True))


@pytest.mark.django_db
def test_all_are_taken_over_one_connection_as_they_were_frozen(five_are_owed, office):
    assert deliver().sent == 5
    assert office.sessions == 1
    assert [mail["X-Envelope-To"] for mail in office.mails] == [one.email for one in five_are_owed]
    for mail in office.mails:
        message = Message.objects.get(message_id=mail["Message-ID"])
        assert mail["To"] == message.to_address
        assert body(mail) == message.text


@pytest.mark.django_db
@pytest.mark.parametrize("place", range(5))
def test_one_that_is_refused_at_its_address_keeps_no_other(five_are_owed, office, place):
    office.refuses = {five_are_owed[place].email: "550 5.1.1 No such mailbox"}
    done = deliver()
    assert (done.sent, done.failed, office.sessions) == (4, 1, 1)
    assert states() == ["failed" if number == place else "sent" for number in range(5)]


@pytest.mark.django_db
@pytest.mark.parametrize(("answer", "state"), [("451 4.3.0 Later", "pending"), ("554 5.7.1 No", "failed")])
def test_one_whose_contents_are_refused_keeps_no_other(five_are_owed, office, answer, state):
    office.answers = [ACCEPTED, answer]
    assert deliver().sent == 4
    assert states() == ["sent", state, "sent", "sent", "sent"]


@pytest.mark.django_db
@pytest.mark.parametrize(("answer", "mails"), [(PostOffice.DROP, 4), (PostOffice.MUTE, 5)])
def test_of_a_connection_that_is_lost_only_the_mail_under_way_is_uncertain(
    five_are_owed, office, answer, mails
):
    office.answers = [ACCEPTED, ACCEPTED, answer]
    assert deliver().sent == 4
    assert states() == ["sent", "sent", "pending", "sent", "sent"]
    assert len(office.mails) == mails
    uncertain = Message.objects.filter(uncertain_attempts=1)
    assert [one.state for one in uncertain] == ["pending"]
    assert Message.objects.filter(uncertain_attempts=0).count() == 4


@pytest.mark.django_db
def test_a_server_that_goes_away_ends_the_run_and_what_it_was_told_of_ahead_was_not_tried(
    five_are_owed, office
):
    office.answers = [ACCEPTED, "421 4.3.2 Going away"]
    done = deliver()
    assert (done.sent, done.server_is_away) == (1, True)
    assert states() == ["sent", "pending", "pending", "pending", "pending"]
    assert list(Message.objects.order_by("recipient").values_list("attempts", flat=True)) == [1, 1, 0, 0, 0]


@pytest.fixture
def wire() -> Iterator[tuple[smtplib.SMTP, socket.socket]]:
    """A client whose server is the test: replies can be written before they are asked for."""
    ours, theirs = socket.socketpair()
    client = smtplib.SMTP()
    client.sock = ours
    with ours, theirs:
        yield client, theirs


def mail(address: str, text: str = "Words.") -> Message:
    return Message(
        to_address=address, subject="Held", text=text, message_id="<1@example.org>", frozen_at=timezone.now()
    )


def test_a_server_that_asks_for_contents_after_it_refused_the_address_is_given_none(wire):
    client, server = wire
    server.sendall(b"250 ok\r\n550 nobody\r\n354 go on\r\n554 no recipients\r\n")
    server.sendall(b"250 reset\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n")
    pipeline = Pipeline(client, "bounces@example.org")
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        pipeline.hand_over(mail("nobody@example.org"), None)
    assert refused.value.smtp_code == 550
    pipeline.hand_over(mail("ada@example.org"), None)
    said = server.recv(1 << 16).decode()
    assert said.startswith(
        "mail FROM:<bounces@example.org>\r\nrcpt TO:<nobody@example.org>\r\ndata\r\n.\r\nrset"
    )
    assert said.count("Words.") == 1


def test_lines_that_begin_with_a_dot_end_no_mail(wire):
    client, server = wire
    server.sendall(b"250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n")
    text = "First.\n.\n..\n.hidden"
    Pipeline(client, "bounces@example.org").hand_over(mail("ada@example.org", text), None)
    said = server.recv(1 << 16)
    assert b"\r\nFirst.\r\n..\r\n...\r\n..hidden\r\n.\r\n" in said
    assert said.count(b"\r\n.\r\n") == 1


def test_an_address_is_never_a_command(wire):
    client, server = wire
    for address in ("ada@example.org>\r\ndata\r\n", "ada@example.org\nrcpt TO:<eve@example.org>"):
        with pytest.raises(ValueError, match=r"(?i)line|newline|address"):
            Pipeline(client, "bounces@example.org").hand_over(mail(address), None)
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.recv(1)
