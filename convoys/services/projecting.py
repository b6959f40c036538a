"""From a replayed history to the columns that lists read. Named fields only, never a whole row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from convoys.models import (
    CargoLine,
    ControlPoint,
    Convoy,
    ConvoyOrganisation,
    Event,
    OtherReference,
    Part,
)
from convoys.replay import History, in_force
from convoys.services.declaration import ALL_PARTNERS

DECLARED = frozenset({"cargo", "references", "sponsors", "carrier", "consignee", "visible_to"})


def project_convoy(convoy: Convoy, history: History, newest_entry: int) -> None:
    """Write where its history has led to the convoy's row, and set the same values on the object."""
    facts, declared = history.facts, history.declaration
    hold = facts.hold.opening if facts.hold else None
    tonnes = declared.get("tonnes") or {}
    values: dict[str, Any] = {
        "status": facts.state,
        "departed": facts.departed,
        "status_since": facts.state_since.occurred_at if facts.state_since else None,
        "status_precision": facts.state_since.precision if facts.state_since else "",
        "held_since": hold.occurred_at if hold else None,
        "held_precision": hold.precision if hold else "",
        "hold_chain": hold.chain if hold else None,
        "stands_at_id": facts.stands_at,
        "held_before_id": facts.held_before,
        "heading_id": facts.heading,
        "heading_back": facts.heading_back,
        "last_reported_at": facts.last_report.occurred_at if facts.last_report else None,
        "last_reported_precision": facts.last_report.precision if facts.last_report else "",
        "tracking_ended_at": facts.tracking_ended.occurred_at if facts.tracking_ended else None,
        "shared_with_all_partners": facts.visible_to == ALL_PARTNERS,
        "origin_id": declared.get("origin"),
        "destination_id": declared.get("destination"),
        "route_id": declared.get("route"),
        "carrier_id": declared.get("carrier"),
        "consignee_id": declared.get("consignee"),
        "trucks": declared.get("trucks"),
        "tonnes_low": _decimal(tonnes.get("low")),
        "tonnes_high": _decimal(tonnes.get("high")),
        "planned_departure_at": _instant(declared.get("planned_departure")),
        "due_at": _instant(declared.get("due_arrival")),
        "registered_at": _registered_at(history),
        "newest_entry": newest_entry,
    }
    Convoy.objects.filter(pk=convoy.pk).update(**values)
    convoy.__dict__.update(values)


def project_declaration(convoy: Convoy, history: History) -> None:
    """Replace the rows that the declaration and the sharing stand for."""
    declared, visible_to = history.declaration, history.facts.visible_to
    convoy.cargo_lines.all().delete()
    CargoLine.objects.bulk_create(
        CargoLine(
            convoy=convoy,
            line=number,
            category=line["category"],
            description=line.get("description", ""),
            unit=line.get("unit", ""),
            quantity=_decimal(line.get("quantity")),
            tonnes_low=_decimal(line.get("tonnes_low")),
            tonnes_high=_decimal(line.get("tonnes_high")),
        )
        for number, line in enumerate(declared.get("cargo") or (), start=1)
    )
    convoy.other_references.all().delete()
    OtherReference.objects.bulk_create(
        OtherReference(convoy=convoy, issuer=row["issuer"], number=row["number"])
        for row in declared.get("references") or ()
    )
    shared = [] if visible_to == ALL_PARTNERS else visible_to
    parts = [(Part.SPONSOR, code) for code in declared.get("sponsors") or ()]
    parts += [(Part.CARRIER, declared["carrier"])] if declared.get("carrier") else []
    parts += [(Part.CONSIGNEE, declared["consignee"])] if declared.get("consignee") else []
    parts += [(Part.SHARED, code) for code in shared]
    convoy.organisations.all().delete()
    ConvoyOrganisation.objects.bulk_create(
        ConvoyOrganisation(convoy=convoy, organisation_id=code, part=part, position=position)
        for position, (part, code) in enumerate(parts)
    )


def project_control_point(point: ControlPoint, events: list[Event], newest_entry: int) -> None:
    """Write the latest access in force to the control point's row."""
    changes = [event for event in in_force(events) if event.kind == "access_changed"]
    last = changes[-1] if changes else None
    ControlPoint.objects.filter(pk=point.pk).update(
        access=last.access if last else "",
        access_since=last.occurred_at if last else None,
        access_precision=last.precision if last else "",
        newest_entry=newest_entry,
    )


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _registered_at(history: History) -> datetime | None:
    first = next((step.event for step in history.steps if step.kind == "registered"), None)
    return first.recorded_at if first else None
