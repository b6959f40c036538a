"""What staff do about alerts: try a failed message again, ask what would be sent."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from convoys.models import Alert, Deadline, Message, Notification, ResponseDoor
from convoys.services.alerting.responses import acknowledge
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import since_start, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convoys.admin.alerting.ring", lambda name: True)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def printed(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.fixture
def failed(sweep, told_partner, post_office) -> Message:
    factories.make_held_convoy()
    sweep(hours=24)
    post_office.answers = ["554 Not wanted"]
    deliver()
    return Message.objects.get()


def test_a_failed_message_is_shown_and_tried_again_by_post(failed, post_office):
    desk = signed_in(factories.officer())
    page = desk.get(f"/admin/convoys/message/{failed.pk}/change/").content.decode()
    assert "554 Not wanted" in page
    assert "Try again" in page
    token = failed.text.split("/u/")[1].split()[0]
    assert token not in page
    assert desk.get(f"/admin/convoys/message/{failed.pk}/retry/").status_code == 404
    assert desk.post(f"/admin/convoys/message/{failed.pk}/retry/").status_code == 302
    assert deliver().sent == 1


@pytest.mark.parametrize("who", [factories.viewer, factories.partner, factories.stranger])
def test_others_cannot(failed, who):
    answer = signed_in(who()).post(f"/admin/convoys/message/{failed.pk}/retry/")
    assert answer.status_code in (302, 403)
    failed.refresh_from_db()
    assert failed.state == "failed"


def test_a_dry_run_says_who_would_get_what_and_changes_nothing(sweep, clock, told_partner, mailoutbox):
    factories.make_held_convoy()
    clock.move_to(since_start(hours=25))
    said = printed("alerts", "--dry-run")
    assert "1 clock is due." in said
    assert "C-1: held 24 h, reached 2026-03-03 08:00 UTC" in said
    assert "    to partner_aid_society@example.org by mail" in said
    assert "all convoys that you may see): at once" in said
    assert not Alert.objects.exists()
    assert not Notification.objects.exists()
    sweep()
    said = printed("alerts", "--dry-run")
    assert "partner_aid_society@example.org: would be sent" in said
    assert not Message.objects.exists()
    assert mailoutbox == []


def test_a_dry_run_says_of_everybody_else_why_not(sweep, clock):
    """Given seven people who could be thought to be told, each has their reason beside them."""
    daily = subscribe(factories.officer("daily"), rhythm="daily", digest_hour=7)
    subscribe(factories.officer("late"), from_seconds=3 * 86400)
    subscribe(factories.partner("others"))
    mute = factories.officer("mute")
    User.objects.filter(pk=mute.pk).update(email="")
    subscribe(mute)
    subscribe(factories.officer("gone"))
    User.objects.filter(username="gone").update(is_active=False)
    twice = factories.officer("twice")
    subscribe(twice)
    narrow = subscribe(twice, route_id=factories.road().pk)
    elsewhere = subscribe(factories.officer("elsewhere"), control_point_id="gate")
    factories.make_held_convoy()
    clock.move_to(since_start(hours=25))
    said = printed("alerts", "--dry-run")
    assert f"to daily@example.org by mail, by subscription {daily.pk}" in said
    assert "in the digest of 2026-03-04 07:00 UTC" in said
    for who, why in {
        "late@example.org": "not before 3 days",
        "partner_others@example.org": "may not see the convoy or the report that opened it",
        "mute": "the account has no mail address",
        "gone@example.org": "the account is closed",
        "twice@example.org": "a narrower subscription of the same person tells it",
    }.items():
        assert re.search(rf"not to {who} by mail, .*: {why}", said), who
    assert f"to twice@example.org by mail, by subscription {narrow.pk}" in said
    assert f"subscription {elsewhere.pk}" not in said


def test_a_dry_run_says_who_is_quiet_and_what_waits_for_a_digest(sweep, clock, told_partner):
    officer = factories.officer()
    subscribe(officer, rhythm="daily", digest_hour=7)
    factories.make_held_convoy()
    sweep(hours=24)
    acknowledge(told_partner, Deadline.objects.get(watch="held"), ResponseDoor.DESK)
    assert "officer@example.org: waits until 2026-03-04 07:00 UTC" in printed("alerts", "--dry-run")
    clock.move_to(since_start(hours=73))
    said = printed("alerts", "--dry-run")
    assert re.search(r"not to partner_aid_society@example.org by mail, .*: acknowledged", said)


def test_a_dry_run_says_loudly_that_there_is_nobody(clock):
    factories.make_held_convoy()
    clock.move_to(since_start(hours=25))
    assert "NOBODY TO TELL" in printed("alerts", "--dry-run")


def test_the_command_does_the_work_without_a_worker(clock, told_partner, mailoutbox):
    factories.make_held_convoy()
    clock.move_to(since_start(hours=25))
    assert "Raised 1 alerts" in printed("alerts")
    assert len(mailoutbox) == 1


def test_a_test_mail_says_what_the_server_answered(post_office):
    assert "Accepted by 127.0.0.1" in printed("send_test_mail", "desk@example.org")
    assert post_office.mails[0]["Subject"] == "Test mail of the convoy tracker"
    post_office.answers = ["550 No"]
    with pytest.raises(CommandError, match="550 No"):
        call_command("send_test_mail", "desk@example.org")
    with pytest.raises(CommandError, match="no mail address"):
        call_command("send_test_mail", "nonsense")
