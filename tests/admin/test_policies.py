"""Coordinators keep alert policies: in words of time that people use, and they see first what changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from convoys.models import Alert, Convoy, Deadline, Policy, Subscription
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.policy_editing import mark_of
from tests import factories
from tests.admin import desk
from tests.alerting.conftest import default_held_policy

DAY = 86400
ADD = "/admin/convoys/policy/add/"


def url_of(policy: Policy) -> str:
    return reverse("admin:convoys_policy_change", args=[policy.pk])


def typed(seen: str, *steps: str, **more: Any) -> dict[str, Any]:
    """The form as its page sends it; a step may carry its severity after a colon."""
    data: dict[str, Any] = {
        "seen": seen, "repeat": "", "steps-TOTAL_FORMS": len(steps), "steps-INITIAL_FORMS": 0,
    }  # fmt: skip
    for number, step in enumerate(steps):
        after, _colon, severity = step.partition(":")
        data |= {f"steps-{number}-after": after, f"steps-{number}-severity": severity or "warning"}
    return data | more


def seen_by(client: Client, url: str) -> str:
    """The mark of the policy that its page carries along."""
    page = client.get(url).content.decode()
    return page.split('name="seen" value="')[1].split('"')[0]


def key_of(reference: str) -> int:
    return Convoy.objects.get(reference=reference).pk


def ladder(policy: Policy) -> list[tuple[int, str]]:
    return list(policy.steps.order_by("after_seconds").values_list("after_seconds", "severity"))


def test_steps_are_typed_and_shown_as_people_say_them(coordinator: Client) -> None:
    policy = default_held_policy()
    page = coordinator.get(url_of(policy)).content.decode()
    assert "24 h, 3 days, 7 days, then every 7 days" in page
    assert 'value="3 days"' in page
    sent = typed(seen_by(coordinator, url_of(policy)), "90 min:notice", "1 day 12 h", "1 week:critical", "")
    assert coordinator.post(url_of(policy), sent | {"repeat": "2 weeks", "_save": "1"}).status_code == 302
    policy.refresh_from_db()
    assert ladder(policy) == [(5400, "notice"), (36 * 3600, "warning"), (7 * DAY, "critical")]
    assert policy.repeat_seconds == 14 * DAY


def test_what_saving_would_change_is_shown_before_it_is_saved(coordinator: Client, held: str) -> None:
    """Given a hold of three days and an hour or two, a step of 2 days is said to alert at once."""
    Subscription.objects.create(user=factories.officer(), created_at="2026-03-01T00:00Z")
    policy = default_held_policy()
    policy.steps.exclude(after_seconds=DAY).delete()
    raise_due_alerts()
    before = Deadline.objects.get(watch="held").step_at
    page = coordinator.post(
        url_of(policy), typed(seen_by(coordinator, url_of(policy)), "24 h", "2 days", "4 days")
    )
    text = page.content.decode()
    assert page.status_code == 200
    assert "It governs 1 clock that runs now." in text
    assert "1 is re-dated" in text
    assert "at once: 2 days" in text
    assert Deadline.objects.get(watch="held").step_at == before
    assert [seconds for seconds, _ in ladder(policy)] == [DAY]


def test_saving_redates_the_clocks_and_repeats_and_loses_no_step(
    coordinator: Client, held: str, bell: list[str]
) -> None:
    Subscription.objects.create(user=factories.officer(), created_at="2026-03-01T00:00Z")
    policy = default_held_policy()
    raise_due_alerts()
    assert list(Alert.objects.values_list("step_seconds", flat=True)) == [3 * DAY]
    sent = typed(seen_by(coordinator, url_of(policy)), "24 h", "73 h", "74 h", "5 days", _save="1")
    answer = coordinator.post(url_of(policy), sent, follow=True)
    assert "Clocks re-dated: 1." in answer.content.decode()
    assert bell == ["convoys.tasks.detect"]
    raise_due_alerts()
    alerts = list(Alert.objects.order_by("step_seconds").values_list("step_seconds", "passed"))
    assert alerts == [(3 * DAY, [DAY]), (74 * 3600, [73 * 3600])]


@pytest.mark.parametrize(
    ("steps", "repeat", "sentence"),
    [
        (["0 h"], "", "A minute is the least."),
        (["-3 days"], "", "is no duration"),
        (["three days"], "", "is no duration"),
        (["72"], "", "is no duration"),
        (["1000000000000 days"], "", "is no duration"),
        (["999999999 days"], "", "366 days are the most."),
        (["24 h", "1 day"], "", "Two steps are the same."),
        ([], "", "A policy needs at least one step."),
        ([f"{hours} h" for hours in range(1, 22)], "", "20 steps are the most."),
        (["24 h"], "59 s", "A minute is the least."),
        (["24 h"], "0", "is no duration"),
        (["24 h:dreadful"], "", "dreadful is not one of the available choices."),
    ],
)
def test_what_makes_no_ladder_is_refused_and_kept_as_typed(
    coordinator: Client, steps: list[str], repeat: str, sentence: str
) -> None:
    policy = default_held_policy()
    before = ladder(policy)
    sent = typed(seen_by(coordinator, url_of(policy)), *steps, repeat=repeat, _save="1")
    answer = coordinator.post(url_of(policy), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert all(f'value="{step.partition(":")[0]}"' in page for step in steps)
    assert ladder(policy) == before


def test_a_route_and_a_convoy_get_policies_of_their_own(coordinator: Client, held: str) -> None:
    route = typed("none", "12 h", watch="held", route="main", convoy="", _save="1")
    assert coordinator.post(ADD, route).status_code == 302
    convoy = typed("none", "6 h", watch="silent", route="", convoy=held, staff_only="on", _save="1")
    assert coordinator.post(ADD, convoy).status_code == 302
    assert ladder(Policy.objects.get(scope="route")) == [(12 * 3600, "warning")]
    assert Policy.objects.get(scope="convoy").staff_only


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"route": "main", "convoy": "C-1"}, "Name a route or a convoy, not both."),
        ({"route": "nowhere", "convoy": ""}, "nowhere is not one of the available choices."),
        ({"route": "", "convoy": "C-77"}, "No convoy is called so."),
        ({"route": "", "convoy": ""}, "There is a policy for this already"),
    ],
)
def test_a_new_policy_governs_something_that_has_none(
    coordinator: Client, held: str, more: dict[str, str], sentence: str
) -> None:
    default_held_policy()
    answer = coordinator.post(ADD, typed("none", "12 h", watch="held", _save="1", **more))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Policy.objects.exclude(scope="default").count() == 0


def test_two_who_edit_at_once_do_not_overwrite_each_other(coordinator: Client) -> None:
    policy = default_held_policy()
    seen = seen_by(coordinator, url_of(policy))
    coordinator.post(url_of(policy), typed(seen, "20 h", _save="1"))
    answer = coordinator.post(url_of(policy), typed(seen, "30 h", _save="1"))
    assert answer.status_code == 422
    assert "Somebody changed this policy since you opened it." in answer.content.decode()
    assert [seconds for seconds, _ in ladder(policy)] == [20 * 3600]


def test_deleting_says_what_governs_then_and_leaves_the_default(coordinator: Client, held: str) -> None:
    default = default_held_policy()
    coordinator.post(ADD, typed("none", "30 days", watch="held", route="main", convoy="", _save="1"))
    own = Policy.objects.get(scope="route")
    url = reverse("admin:convoys_policy_delete", args=[own.pk])
    page = coordinator.get(url).content.decode()
    assert "The wider policy then governs: 24 h, 3 days, 7 days, then every 7 days." in page
    assert "1 is re-dated" in page
    coordinator.post(url, {"seen": "as it was when somebody else opened it"})
    assert Policy.objects.filter(scope="route").exists()
    assert coordinator.post(url, {"seen": mark_of(own)}).status_code == 302
    assert not Policy.objects.filter(scope="route").exists()
    clock = Deadline.objects.get(watch="held")
    assert clock.step_at == clock.clock_from + timedelta(days=1)
    refused = reverse("admin:convoys_policy_delete", args=[default.pk])
    assert coordinator.post(refused).status_code == 403
    assert Policy.objects.filter(pk=default.pk).exists()


def test_a_convoy_and_a_route_lead_to_their_policies(coordinator: Client, viewer: Client, held: str) -> None:
    default_held_policy()
    page = coordinator.get(desk.page(held)).content.decode()
    link = reverse("admin:convoys_policy_of_convoy", args=[key_of(held)])
    assert link in page
    of_route = reverse("admin:convoys_policy_of_route", args=["main"])
    assert of_route in coordinator.get(reverse("admin:convoys_route_change", args=["main"])).content.decode()
    for url in (link, of_route):
        shown = coordinator.get(url).content.decode()
        assert "24 h, 3 days, 7 days, then every 7 days" in shown
        assert "alone" in shown
        assert "alone" not in viewer.get(url).content.decode()


@pytest.mark.parametrize(
    ("who", "looks", "keeps"),
    [
        ("stranger", False, False), ("partner", False, False), ("viewer", True, False),
        ("officer", True, False), ("coordinator", True, True), ("administrator", True, True),
    ],
)  # fmt: skip
def test_staff_look_and_coordinators_keep(held: str, who: str, looks: bool, keeps: bool) -> None:
    policy = default_held_policy()
    own = Policy.objects.create(scope="route", watch="held", route_id="main")
    own.steps.create(after_seconds=DAY)
    client = desk.signed_in(getattr(factories, who)())
    delete = reverse("admin:convoys_policy_delete", args=[own.pk])
    of_convoy = reverse("admin:convoys_policy_of_convoy", args=[key_of(held)])
    for url in (url_of(policy), of_convoy, reverse("admin:convoys_policy_of_route", args=["main"])):
        assert (client.get(url).status_code == 200) is looks, url
    for url in (ADD, delete):
        assert (client.get(url).status_code == 200) is keeps, url
    sent = typed("none", "12 h", watch="held", route="", convoy=held, _save="1")
    client.post(ADD, sent)
    assert Policy.objects.filter(scope="convoy").exists() is keeps
    client.post(url_of(own), typed("86400:warning/0/0", "12 h", _save="1"))
    assert (ladder(own) == [(12 * 3600, "warning")]) is keeps
    client.post(delete, {"seen": mark_of(own)})
    assert Policy.objects.filter(scope="route").exists() is not keeps
