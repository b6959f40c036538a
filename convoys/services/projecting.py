"""Write what a history comes to. Named columns only, never a whole row."""

from __future__ import annotations

from convoys import projection
from convoys.models import (
    CargoLine,
    ControlPoint,
    Convoy,
    ConvoyOrganisation,
    Event,
    OtherReference,
    VisibilityChange,
)  # fmt: skip
from convoys.queries.standings import changes_between, entry_that_says, standing_of
from convoys.replay import History, in_force
from convoys.services.writes import Writes

# What of a declaration stands in rows of its own.
IN_ROWS = ("cargo", "references", "sponsors", "carrier", "consignee")


def note_mention(writes: Writes, convoy: Convoy, sequence: int) -> None:
    """Write that this entry is about the convoy: an event, an account of any of it, or an erasure."""
    writes.update(Convoy, convoy.pk, {"newest_mention": sequence})


def project_convoy(
    writes: Writes, convoy: Convoy, history: History, newest_entry: int, newest_mention: int
) -> None:
    """Write where its history has led to the convoy's row, and set the same values on the object.

    `newest_mention` as in `note_mention`, in the same statement.
    """
    registered = next((step.event.recorded_at for step in history.steps if step.kind == "registered"), None)
    values = projection.projected_columns(history) | {
        "shared_with_all_partners": history.facts.visible_to == projection.ALL_PARTNERS,
        "registered_at": registered,
        "newest_entry": newest_entry,
        "newest_mention": newest_mention,
    }
    # The row was read under its lock: what is as it was need not be written again.
    moved = {name: value for name, value in values.items() if convoy.__dict__[name] != value}
    writes.update(Convoy, convoy.pk, moved)
    convoy.__dict__.update(values)


def project_declaration(convoy: Convoy, before: History, after: History) -> None:
    """Replace the rows that the declaration and the sharing stand for, where these are other ones."""
    if _in_rows(before) == _in_rows(after):
        return
    convoy.cargo_lines.all().delete()
    CargoLine.objects.bulk_create(projection.cargo_lines(convoy, after))
    convoy.other_references.all().delete()
    OtherReference.objects.bulk_create(projection.other_references(convoy, after))
    convoy.organisations.all().delete()
    ConvoyOrganisation.objects.bulk_create(projection.organisations(convoy, after))


def _in_rows(history: History) -> list[object]:
    return [*(history.declaration.get(item) for item in IN_ROWS), history.facts.visible_to]


def project_visibility(
    writes: Writes, convoy: Convoy, new: list[Event], before: History, after: History
) -> None:
    """Write who came to see the convoy by these new events, and who ceased to."""
    sequence = entry_that_says(new)
    if sequence is not None:
        changes = changes_between(convoy.pk, sequence, standing_of(before), standing_of(after))
        writes.insert(VisibilityChange, changes)


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
