"""What staff do about alerts: try a failed message again, edit a policy, ask what would be sent."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from convoys.models import Alert, Deadline, Message, Notification, Policy
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import default_held_policy, since_start

pytestmark = pytest.mark.django_db
DAY = 86400


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


def policy_form(policy: Policy, steps: list[int]) -> dict[str, object]:
    rows = list(policy.steps.order_by("after_seconds"))
    data: dict[str, object] = {
        "watch": policy.watch, "scope": policy.scope, "route": policy.route_id or "", "convoy": "",
        "repeat_seconds": policy.repeat_seconds or "", "steps-TOTAL_FORMS": len(steps),
        "steps-INITIAL_FORMS": len(rows), "steps-MIN_NUM_FORMS": 0, "steps-MAX_NUM_FORMS": 1000,
    }  # fmt: skip
    for number, seconds in enumerate(steps):
        data[f"steps-{number}-id"] = rows[number].pk if number < len(rows) else ""
        data[f"steps-{number}-policy"] = policy.pk
        data[f"steps-{number}-after_seconds"] = seconds
        data[f"steps-{number}-severity"] = "warning"
    return data


def test_editing_a_policy_in_the_admin_redates_the_holds_it_governs(sweep, told_partner):
    factories.make_held_convoy()
    policy = default_held_policy()
    chief = signed_in(factories.coordinator())
    answer = chief.post(
        f"/admin/convoys/policy/{policy.pk}/change/", policy_form(policy, [DAY // 2, 3 * DAY, 7 * DAY])
    )
    assert answer.status_code == 302
    row = Deadline.objects.get(watch="held")
    assert row.next_at is not None
    assert abs((row.next_at - since_start(hours=12)).total_seconds()) < 1


def test_a_policy_for_a_route_names_a_route(db):
    chief = signed_in(factories.coordinator())
    policy = Policy(watch="held", scope="route")
    answer = chief.post("/admin/convoys/policy/add/", policy_form_new(policy))
    assert answer.status_code == 200
    assert "This scope needs it." in answer.content.decode()
    assert not Policy.objects.filter(scope="route").exists()


def policy_form_new(policy: Policy) -> dict[str, object]:
    return {
        "watch": policy.watch, "scope": policy.scope, "route": "", "convoy": "", "repeat_seconds": "",
        "steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0, "steps-MIN_NUM_FORMS": 0,
        "steps-MAX_NUM_FORMS": 1000,
    }  # fmt: skip


def test_a_default_policy_cannot_be_deleted(db):
    policy = default_held_policy()
    answer = signed_in(factories.administrator()).post(
        f"/admin/convoys/policy/{policy.pk}/delete/", {"post": "yes"}
    )
    assert answer.status_code == 403


def test_a_dry_run_says_who_would_get_what_and_changes_nothing(sweep, clock, told_partner, mailoutbox):
    factories.make_held_convoy()
    clock.move_to(since_start(hours=25))
    said = printed("alerts", "--dry-run")
    assert "C-1: held 24 h" in said
    assert f"to person {told_partner.pk}" in said
    assert not Alert.objects.exists()
    assert not Notification.objects.exists()
    sweep()
    said = printed("alerts", "--dry-run")
    assert "partner_aid_society@example.org: would be sent" in said
    assert not Message.objects.exists()
    assert mailoutbox == []


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
