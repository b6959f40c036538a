"""Coordinators keep other people's subscriptions, by the same rules as those people do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from convoys.models import Subscription
from convoys.services.alerting.subscriptions import Wish, subscribe
from tests import factories
from tests.admin import desk

ADD = "/admin/convoys/subscription/add/"
TYPED: dict[str, Any] = {
    "convoy": "", "route": "", "control_point": "", "sponsor": "", "from_seconds": "0", "how": "mail",
    "when": "", "language": "", "time_zone": "",
}  # fmt: skip


def change_url(one: Subscription) -> str:
    return reverse("admin:convoys_subscription_change", args=[one.pk])


def end_url(one: Subscription) -> str:
    return reverse("admin:convoys_subscription_end", args=[one.pk])


def test_first_who_then_what_of(coordinator: Client, held: str) -> None:
    """A link that names a convoy keeps it on the way through the choice of the person."""
    partner = factories.partner()
    page = coordinator.get(ADD, {"convoy": held}).content.decode()
    assert f'<input type="hidden" name="convoy" value="{held}">' in page
    page = coordinator.get(f"{ADD}?convoy={held}&user={partner.pk}").content.decode()
    assert f'name="convoy" value="{held}"' in page
    sent = TYPED | {"convoy": held, "route": "main", "when": "7", "time_zone": "Asia/Yerevan"}
    assert coordinator.post(f"{ADD}?user={partner.pk}", sent).status_code == 302
    made = Subscription.objects.get(user=partner)
    assert (made.convoy.reference, made.route_id, made.digest_hour) == (held, "main", 7)


def test_nothing_can_be_named_that_its_owner_may_not_see(coordinator: Client, held: str) -> None:
    other = factories.partner("others")
    page = coordinator.get(ADD, {"user": other.pk}).content.decode()
    assert held not in page
    answer = coordinator.post(f"{ADD}?user={other.pk}", TYPED | {"convoy": held})
    assert answer.status_code == 422
    assert "Nothing that can be named here is called so." in answer.content.decode()
    assert not Subscription.objects.exists()


def test_somebody_who_sees_nothing_is_told_nothing(coordinator: Client, held: str) -> None:
    answer = coordinator.get(ADD, {"user": factories.stranger().pk})
    assert answer.status_code == 422
    assert "This account sees no convoys" in answer.content.decode()
    assert coordinator.get(ADD, {"user": "nobody"}).status_code == 422


def test_one_is_changed_and_ended_and_its_owner_told_what_it_does(coordinator: Client, held: str) -> None:
    one = subscribe(factories.partner(), Wish(route="main"))
    sent = TYPED | {"route": "main", "from_seconds": str(3 * 86400), "language": "fr"}
    answer = coordinator.post(change_url(one), sent, follow=True)
    assert "by mail, in French, at once, of holds of 3 days and more" in answer.content.decode()
    one.refresh_from_db()
    assert one.from_seconds == 3 * 86400
    assert coordinator.get(end_url(one)).status_code == 404
    assert coordinator.post(end_url(one)).status_code == 302
    one.refresh_from_db()
    assert one.ended_at is not None
    assert "Ended on 5 March 2026" in coordinator.get(change_url(one)).content.decode()
    assert coordinator.post(change_url(one), sent).status_code == 403


def test_one_of_a_convoy_that_its_owner_lost_can_only_be_ended(coordinator: Client, held: str) -> None:
    factories.organisation("others")
    one = subscribe(factories.partner(), Wish(convoy=held))
    factories.tell(held, "amended", declares={"sponsors": ["others"]})
    page = coordinator.get(change_url(one)).content.decode()
    assert "Nothing comes of it now." in page
    assert "a convoy that you may no longer see" in page
    assert coordinator.post(change_url(one), TYPED).status_code == 403
    assert coordinator.post(end_url(one)).status_code == 302


@pytest.mark.parametrize(
    ("who", "looks", "keeps"),
    [
        ("stranger", False, False), ("partner", False, False), ("viewer", True, False),
        ("officer", True, False), ("coordinator", True, True), ("administrator", True, True),
    ],
)  # fmt: skip
def test_staff_look_and_coordinators_keep(held: str, who: str, looks: bool, keeps: bool) -> None:
    owner = factories.user("owner", organisation=factories.organisation())
    one = subscribe(owner, Wish(route="main"))
    client = desk.signed_in(getattr(factories, who)())
    listed = client.get(reverse("admin:convoys_subscription_changelist"))
    assert (listed.status_code == 200) is looks
    assert (client.get(change_url(one)).status_code == 200) is looks
    assert (client.get(ADD).status_code == 200) is keeps
    client.post(f"{ADD}?user={owner.pk}", TYPED | {"control_point": "bridge"})
    assert (Subscription.objects.filter(control_point="bridge").count() == 1) is keeps
    client.post(change_url(one), TYPED | {"route": "main", "from_seconds": "86400"})
    one.refresh_from_db()
    assert (one.from_seconds == 86400) is keeps
    client.post(end_url(one))
    one.refresh_from_db()
    assert (one.ended_at is not None) is keeps
