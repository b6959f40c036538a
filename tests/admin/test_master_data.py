"""Coordinators keep places, routes, points and agreements; codes and projections are not theirs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from convoys.models import Agreement, ControlPoint, Place, Route
from tests import factories

NO_ROWS = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}


def rows(prefix: str, *items: dict[str, str]) -> dict[str, str]:
    """An inline formset as a browser sends it."""
    sent = {f"{prefix}-TOTAL_FORMS": str(len(items)), f"{prefix}-INITIAL_FORMS": "0"}
    return sent | {
        f"{prefix}-{n}-{name}": value for n, item in enumerate(items) for name, value in item.items()
    }


def test_a_place_with_its_names(coordinator: Client) -> None:
    names = rows(
        "names",
        {"name": "Berdzor", "party": "hy", "language": "en"},
        {"name": "Lachin", "party": "az", "language": "en"},
    )
    typed = {"code": "berdzor_lachin", "kind": "town", "time_zone": "Asia/Baku"} | names
    response = coordinator.post(reverse("admin:convoys_place_add"), typed)
    assert response.status_code == 302, response.content.decode()
    assert str(Place.objects.get(code="berdzor_lachin")) == "Berdzor / Lachin"


def test_a_zone_that_does_not_exist_is_refused(coordinator: Client) -> None:
    typed = {"code": "x", "kind": "town", "time_zone": "Mars/Olympus"} | rows("names")
    assert "IANA name" in coordinator.post(reverse("admin:convoys_place_add"), typed).content.decode()
    assert not Place.objects.exists()


def test_a_code_is_never_changed(coordinator: Client) -> None:
    factories.place("harbour")
    url = reverse("admin:convoys_place_change", args=["harbour"])
    coordinator.post(url, {"code": "port", "kind": "town", "country": "AM", "time_zone": ""} | rows("names"))
    assert [place.code for place in Place.objects.all()] == ["harbour"]
    assert Place.objects.get().country == "AM"


@pytest.mark.parametrize("model", ["place", "route", "controlpoint", "agreement"])
def test_master_data_is_not_deleted(model: str, coordinator: Client) -> None:
    factories.road()
    factories.agreement()
    key = {"place": "harbour", "route": "main", "controlpoint": "bridge", "agreement": "passage"}[model]
    url = reverse(f"admin:convoys_{model}_delete", args=[key])
    assert coordinator.post(url, {"post": "yes"}).status_code == 403


def test_a_route_keeps_its_stops_in_order(coordinator: Client) -> None:
    for code in ("harbour", "valley"):
        factories.place(code)
    stops = rows("stops", {"position": "1", "place": "harbour"}, {"position": "2", "place": "valley"})
    response = coordinator.post(
        reverse("admin:convoys_route_add"), {"code": "coast", "name": "Coast road"} | stops
    )
    assert response.status_code == 302, response.content.decode()
    assert list(Route.objects.get().stops.values_list("place", flat=True)) == ["harbour", "valley"]


def test_editing_a_control_point_leaves_its_access_to_the_record(coordinator: Client) -> None:
    factories.road()
    factories.tell(_point(), "access_changed", "2026-03-01T08:00", access="closed")
    edit = reverse("admin:convoys_controlpoint_edit", args=["bridge"])
    typed: dict[str, Any] = {"type": "crossing", "side_a": "junction", "access": "open", "newest_entry": ""}
    response = coordinator.post(edit, typed)
    assert response.status_code == 302, response.content.decode()
    point = ControlPoint.objects.get(pk="bridge")
    assert (point.type, point.side_a_id, point.access) == ("crossing", "junction", "closed")
    assert point.newest_entry is not None


def _point() -> Any:
    from convoys.services.changes import control_point

    return control_point("bridge")


def test_an_agreement_is_entered_and_edited(coordinator: Client, viewer: Client) -> None:
    factories.road()
    add = reverse("admin:convoys_agreement_add")
    assert (
        coordinator.post(add, {"code": "passage", "title": "Passage", "routes": ["main"]}).status_code == 302
    )
    edit = reverse("admin:convoys_agreement_edit", args=["passage"])
    assert coordinator.post(edit, {"title": "Passage for all", "routes": ["main"]}).status_code == 302
    assert Agreement.objects.get().title == "Passage for all"
    assert viewer.post(edit, {"title": "Mine"}).status_code == 403
