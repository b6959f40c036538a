"""A hold that nobody is told of stands on the desk's front page until somebody would be."""

from __future__ import annotations

import pytest
from django.test import Client

from convoys.models import Notification, Subscription
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.subscriptions import Wish, subscribe
from tests import factories

NOBODY = "No subscription covers this convoy"


@pytest.fixture
def untold(held: str) -> str:
    """The reference of a convoy held for three days, of which nobody was told."""
    assert raise_due_alerts().nobody_to_tell == 1
    return held


def front(client: Client) -> str:
    return client.get("/admin/").content.decode()


def test_the_front_page_names_the_convoy_and_leads_to_who_should_be_told(
    coordinator: Client, officer: Client, untold: str
) -> None:
    assert NOBODY in front(coordinator)
    assert f'/admin/convoys/subscription/add/?convoy={untold}"' in front(coordinator)
    assert f'/subscriptions?convoy={untold}#add"' in front(officer)
    assert (
        f'name="convoy" value="{untold}"' in officer.get(f"/subscriptions?convoy={untold}").content.decode()
    )


def test_it_goes_away_when_somebody_would_be_told_of_the_next_step(coordinator: Client, untold: str) -> None:
    subscribe(factories.partner("others"), Wish())
    assert NOBODY in front(coordinator), "one who may not see it is no help"
    subscribe(factories.officer("late"), Wish(from_seconds=30 * 86400))
    assert NOBODY in front(coordinator), "nor one who is told of later steps alone"
    subscribe(factories.officer(), Wish(convoy=untold))
    assert NOBODY not in front(coordinator)
    assert "Everybody who should know was told." in front(coordinator)


def test_it_goes_away_when_the_hold_ends(coordinator: Client, untold: str) -> None:
    factories.tell(untold, "released", "2026-03-05T11:00", place="junction")
    assert NOBODY not in front(coordinator)


def test_it_comes_back_when_the_subscription_ends(coordinator: Client, untold: str) -> None:
    subscribe(factories.officer(), Wish())
    Subscription.objects.update(ended_at="2026-03-05T11:59Z")
    assert NOBODY in front(coordinator)


def test_what_is_owed_and_in_no_message_yet_is_unsent(coordinator: Client, held: str) -> None:
    """Given a mail room that does not run, when an alert is raised, then it is said to wait."""
    subscribe(factories.officer(), Wish())
    raise_due_alerts()
    Notification.objects.update(created_at="2026-03-05T11:30Z")
    assert "30\xa0minutes old, 1 waiting" in front(coordinator)
    Notification.objects.update(not_before="2026-03-06T07:00Z")
    assert "none waiting" in front(coordinator), "a digest is not late before its hour"
