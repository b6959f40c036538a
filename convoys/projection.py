"""What a history comes to: the columns and rows that lists read, as plain values.

The write path stores them for now; a question about another day sets them on the objects that it
returns. One function makes both, so that they cannot differ.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from convoys.models import CargoLine, Convoy, ConvoyOrganisation, OtherReference, Part
from convoys.replay import History

ALL_PARTNERS = "all_partners"


def projected_columns(history: History) -> dict[str, Any]:
    """Values of a convoy's projected columns, by column name."""
    facts, declared = history.facts, history.declaration
    hold = facts.hold.opening if facts.hold else None
    tonnes = declared.get("tonnes") or {}
    return {
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
    }


def cargo_lines(convoy: Convoy, history: History) -> list[CargoLine]:
    """Unsaved rows of the cargo declared."""
    return [
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
        for number, line in enumerate(history.declaration.get("cargo") or (), start=1)
    ]


def other_references(convoy: Convoy, history: History) -> list[OtherReference]:
    """Unsaved rows of the references declared."""
    rows = history.declaration.get("references") or ()
    return [OtherReference(convoy=convoy, issuer=row["issuer"], number=row["number"]) for row in rows]


def organisations(convoy: Convoy, history: History) -> list[ConvoyOrganisation]:
    """Unsaved rows of the parties declared and of those that the convoy is shared with by name."""
    declared, visible_to = history.declaration, history.facts.visible_to
    parts = [(Part.SPONSOR, code) for code in declared.get("sponsors") or ()]
    parts += [(Part.CARRIER, declared["carrier"])] if declared.get("carrier") else []
    parts += [(Part.CONSIGNEE, declared["consignee"])] if declared.get("consignee") else []
    parts += [(Part.SHARED, code) for code in ([] if visible_to == ALL_PARTNERS else visible_to)]
    return [
        ConvoyOrganisation(convoy=convoy, organisation_id=code, part=part, position=position)
        for position, (part, code) in enumerate(parts)
    ]


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
