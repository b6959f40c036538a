"""The version of record and master data is another after every change, whoever makes it and how."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from accounts.models import NamingParty, Organisation, OrganisationName
from convoys.models import Agreement, ControlPoint, Place, PlaceName, Route, RouteStop, triggers
from convoys.queries.record_version import RecordVersion, record_version
from convoys.services.changes import agreement, control_point
from tests import factories as make


def version() -> RecordVersion:
    found = record_version()
    assert found is not None
    return found


def sql(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)


CHANGES: dict[str, Callable[[], Any]] = {
    "a place is added": lambda: Place.objects.create(code="new", kind="town"),
    "several places are added": lambda: Place.objects.bulk_create([Place(code="a"), Place(code="b")]),
    "a place moves to another zone": lambda: Place.objects.filter(pk="hamlet").update(time_zone="Asia/Baku"),
    "a place is named": lambda: PlaceName.objects.create(
        place_id="hamlet", name="X", party=NamingParty.OTHER
    ),
    "a name is taken away": lambda: PlaceName.objects.filter(place="hamlet").delete(),
    "a name is changed by hand": lambda: sql("UPDATE convoys_placename SET name = 'Y'"),
    "a point has another type": lambda: ControlPoint.objects.filter(pk="bridge").update(type="crossing"),
    "a point has another side": lambda: ControlPoint.objects.filter(pk="bridge").update(side_b="hamlet"),
    "a route is renamed": lambda: Route.objects.update(name="Z"),
    "a route loses a stop": lambda: RouteStop.objects.filter(place="hamlet").delete(),
    "an organisation is renamed": lambda: Organisation.objects.update(name="Z"),
    "an organisation has a name": lambda: OrganisationName.objects.create(
        organisation_id="aid_society", name="N", party=NamingParty.OTHER
    ),
    "an agreement is renamed": lambda: Agreement.objects.update(title="T"),
    "an agreement covers a route": lambda: Agreement.objects.get().routes.add(Route.objects.get()),
    "the triggers are put back": lambda: triggers.install(connection),
}


@pytest.fixture
def country(db: None) -> None:
    make.make_convoy("C-1")
    make.agreement()


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_master_data_is_another_version(change: str, country: None) -> None:
    before = version()
    CHANGES[change]()
    after = version()
    assert after.master_data != before.master_data
    assert (after.size, after.root) == (before.size, before.root)


def test_what_the_record_moves_is_told_by_the_head_alone(country: None) -> None:
    """It is written while the head is locked, after which nothing more may be locked."""
    before = version()
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    make.tell(agreement("passage"), "discussed", "2026-03-01")
    make.tell("C-1", "departed", "2026-03-02")
    after = version()
    assert after.master_data == before.master_data
    assert (after.size, after.root) != (before.size, before.root)


@pytest.mark.parametrize("model", [ControlPoint, Agreement])
def test_every_column_that_a_form_can_change_counts(model: Any) -> None:
    counted = set(triggers.MASTER_DATA[model._meta.db_table])
    assert counted == {field.column for field in model._meta.concrete_fields if field.editable}


def test_every_table_of_master_data_counts() -> None:
    linked = Agreement.routes.through
    for model in (
        Place,
        PlaceName,
        ControlPoint,
        Route,
        RouteStop,
        Agreement,
        linked,
        Organisation,
        OrganisationName,
    ):
        assert model._meta.db_table in triggers.MASTER_DATA


def test_looking_changes_nothing(country: None) -> None:
    assert version() == version()


def test_a_missing_trigger_is_named(country: None) -> None:
    on_table = " ON convoys_route" if connection.vendor == "postgresql" else ""
    sql(f"DROP TRIGGER convoys_route_update_stamps{on_table}")
    assert triggers.missing(connection) == ["convoys_route_update_stamps"]
    call_command("guard_record")
    assert triggers.missing(connection) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_whoever_reads_the_new_version_reads_the_change() -> None:
    """Two change master data at once: neither fails, and at no time is a change there without its stamp."""
    make.make_convoy("C-1")
    seen: dict[Any, set[tuple[str, str]]] = {}
    both_began, failures = threading.Barrier(2), []

    def change(table: Any, other: Any) -> None:
        try:
            both_began.wait()
            for number in range(30):
                with transaction.atomic():
                    table.objects.update(name=f"{number}")
                    other.objects.update(name=f"{number}")
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=change, args=pair) for pair in ((Route, Organisation), (Organisation, Route))
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        with transaction.atomic():
            sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            stamp = version().master_data
            names = Route.objects.get().name, Organisation.objects.get().name
        seen.setdefault(stamp, set()).add(names)
    assert not failures
    assert all(len(names) == 1 for names in seen.values())
