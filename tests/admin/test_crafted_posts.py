"""There is no way round the write path: whatever is posted to Django's own forms moves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.test import Client
from django.urls import get_resolver, reverse
from django_fsm import TransitionNotAllowed

from convoys.models import Alert, Claim, Convoy, Event, LedgerEntry, Message, Notification
from tests import factories
from tests.admin import desk

READ_ONLY = [Convoy, Event, Claim, LedgerEntry, Alert, Notification, Message]
RESPONSES = ["acknowledge", "snooze_for_a_day", "snooze_for_3_days", "snooze_for_7_days", "take_charge"]
MOVES = {
    "status": "delivered",
    "departed": "on",
    "held_since": "",
    "reference": "C-9",
    "_save": "Save",
    "_saveasnew": "1",
    "_continue": "1",
    "_fsmtransition-status-delivered": "1",
    "transition": "delivered",
    "delivered": "1",
    "form-TOTAL_FORMS": "1",
    "form-INITIAL_FORMS": "1",
}


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def snapshot(held: str) -> Any:
    """What must be the same before and after."""

    def take() -> Any:
        rows = list(Convoy.objects.values()), list(Event.objects.values()), list(Claim.objects.values())
        return rows, LedgerEntry.objects.count()

    return take


def test_posts_to_a_convoys_page_are_refused(snapshot: Any, administrator: Client) -> None:
    before = snapshot()
    for more in ({}, {"_saveasnew": "1"}, {"_popup": "1"}):
        assert administrator.post(desk.page("C-1"), MOVES | more).status_code == 405
    assert administrator.put(desk.page("C-1")).status_code == 405
    assert snapshot() == before


def test_posts_to_the_list_change_nothing(snapshot: Any, administrator: Client) -> None:
    before = snapshot()
    key = Convoy.objects.get().pk
    for action in ("delete_selected", "delivered", "still_there"):
        crafted = MOVES | {"action": action, "_selected_action": key, "post": "yes", "form-0-id": key}
        response = administrator.post(url(Convoy, "changelist"), crafted)
        assert response.status_code == 405
    assert snapshot() == before


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_the_record_is_only_shown(model: Any, snapshot: Any, administrator: Client) -> None:
    before = snapshot()
    row = model.objects.first()
    key = row.pk if row is not None else 1
    assert administrator.get(url(model, "add")).status_code == 403
    assert administrator.post(url(model, "add"), MOVES).status_code == 403
    assert administrator.get(url(model, "delete", key)).status_code in (403, 302)
    assert administrator.post(url(model, "delete", key), {"post": "yes"}).status_code in (403, 302)
    assert administrator.post(url(model, "change", key), MOVES).status_code in (403, 405, 302)
    crafted = {"action": "delete_selected", "_selected_action": key, "post": "yes"}
    assert administrator.post(url(model, "changelist"), crafted).status_code in (200, 302, 403, 405)
    assert administrator.post(url(model, "history", key), MOVES).status_code in (200, 302, 403, 405)
    assert snapshot() == before
    assert row is None or model.objects.filter(pk=key).exists()


def test_django_superusers_find_no_way_round_either(snapshot: Any) -> None:
    client = desk.signed_in(factories.administrator())
    before = snapshot()
    event = Event.objects.first()
    assert event is not None
    assert client.post(desk.page("C-1"), MOVES).status_code == 405
    assert client.post(url(Event, "change", event.pk), MOVES).status_code == 403
    assert client.post(url(Event, "delete", event.pk), {"post": "yes"}).status_code == 403
    assert client.post(url(Convoy, "add"), MOVES).status_code == 403
    assert snapshot() == before


def test_no_address_is_named_after_a_transition(held: str, administrator: Client) -> None:
    names = {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert not any("transition" in name or "fsm" in name for name in names)
    for name in ("delivered", "departed_origin", "transition"):
        assert administrator.post(f"{desk.page(held)}{name}/").status_code in (301, 302, 404, 405)
    assert Convoy.objects.get(reference=held).status == "held"


def test_no_admin_of_the_record_has_actions_or_editable_lists() -> None:
    """Alerts can be answered from their list, which is written beside the record."""
    for model, model_admin in admin.site._registry.items():
        assert "FSMAdminMixin" not in {kind.__name__ for kind in type(model_admin).__mro__}
        if model in READ_ONLY:
            assert isinstance(model_admin, ModelAdmin)
            answers = RESPONSES if model is Alert else None
            assert model_admin.actions == answers
            assert not model_admin.list_editable


def test_the_state_column_cannot_be_set_by_hand(held: str) -> None:
    convoy = Convoy.objects.get(reference=held)
    with pytest.raises((AttributeError, TransitionNotAllowed)):
        convoy.status = "delivered"
