"""A convoy's declaration as form fields, and back: what it is said to be, item by item.

An item that was not touched is not stated; one that was emptied is stated as null, "now unknown".
Cargo lines and references are rows; more blank ones come by sending the form back, without script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys.admin.choices import Choices
from convoys.admin.forms.base import DeskForm, Row, Section
from convoys.admin.forms.fields import (
    Code,
    Count,
    Day,
    Figure,
    OrganisationName,
    OrganisationNames,
    Text,
    TimeOfDay,
    chosen_tonnage,
    tonnage_fields,
    tonnage_initial,
)
from convoys.errors import InvalidInput
from convoys.services.changes import in_zone
from convoys.vocabulary import CargoCategory, Item

BLANK_ROWS, MORE_ROWS, MOST_ROWS = 3, 5, 100
CARGO_PARTS = ("category", "description", "quantity", "unit", "tonnes_low", "tonnes_high", "at_least")
REFERENCE_PARTS = ("issuer", "number")
TIMES = {Item.PLANNED_DEPARTURE: "planned", Item.DUE_ARRIVAL: "due"}
UNKNOWN = gettext_lazy("not known")
ERRORS_SHOWN_AT = {
    "tonnes": "tonnes_low", "cargo": "cargo_0_description", "references": "reference_0_number",
    "planned_departure": "planned_day", "due_arrival": "due_day",
}  # fmt: skip


def declaration_fields(
    items: Iterable[Item], choices: Choices, cargo: int, references: int
) -> dict[str, forms.Field]:
    """The fields of these items; `cargo` and `references` are how many rows to show."""
    places = choices.every_place()
    of_item: dict[Item, dict[str, forms.Field]] = {
        Item.SPONSORS: {"sponsors": OrganisationNames(gettext_lazy("Sponsors"), choices)},
        Item.CARRIER: {"carrier": OrganisationName(gettext_lazy("Carrier"), choices)},
        Item.CONSIGNEE: {"consignee": OrganisationName(gettext_lazy("Consignee"), choices)},
        Item.ORIGIN: {"origin": Code(gettext_lazy("From"), places, empty=UNKNOWN)},
        Item.DESTINATION: {"destination": Code(gettext_lazy("To"), places, empty=UNKNOWN)},
        Item.ROUTE: {"route": Code(gettext_lazy("Over"), choices.routes, empty=UNKNOWN)},
        Item.TRUCKS: {"trucks": Count(gettext_lazy("Trucks"))},
        Item.TONNES: tonnage_fields(),
        Item.CARGO: {k: v for n in range(cargo) for k, v in _cargo_row(n).items()},
        Item.REFERENCES: {k: v for n in range(references) for k, v in _reference_row(n).items()},
        Item.PLANNED_DEPARTURE: {
            "planned_day": Day(gettext_lazy("Planned departure")),
            "planned_time": TimeOfDay(gettext_lazy("Time")),
        },
        Item.DUE_ARRIVAL: {
            "due_day": Day(gettext_lazy("Due to arrive")),
            "due_time": TimeOfDay(gettext_lazy("Time")),
        },
    }
    stated = frozenset(items)
    return {
        name: field for item, fields in of_item.items() if item in stated for name, field in fields.items()
    }


def _cargo_row(n: int) -> dict[str, forms.Field]:
    return {
        f"cargo_{n}_category": Code(gettext_lazy("Category"), CargoCategory.choices, empty="—"),
        f"cargo_{n}_description": Text(gettext_lazy("What it is")),
        f"cargo_{n}_quantity": Figure(gettext_lazy("Quantity")),
        f"cargo_{n}_unit": Text(gettext_lazy("Unit"), limit=40),
        **tonnage_fields(f"cargo_{n}_"),
    }


def _reference_row(n: int) -> dict[str, forms.Field]:
    return {
        f"reference_{n}_issuer": Text(gettext_lazy("Issued by"), limit=100),
        f"reference_{n}_number": Text(gettext_lazy("Number"), limit=100),
    }


def declaration_sections(form: DeskForm) -> Iterator[Section]:
    """How the fields are laid out, those that the form has."""
    has = form.fields.__contains__
    rows: list[Row] = [form.row(name) for name in ("sponsors", "carrier", "consignee") if has(name)]
    rows += [form.row(name) for name in ("origin", "destination", "route") if has(name)]
    for kind, label in (
        ("planned", gettext_lazy("Planned departure")),
        ("due", gettext_lazy("Due to arrive")),
    ):
        if has(f"{kind}_day"):
            rows.append(form.row(f"{kind}_day", f"{kind}_time", style="pair", label=label))
    if has("planned_day"):
        rows += [
            form.row("trucks"),
            form.row("tonnes_low", "tonnes_high", "at_least", style="tonnes", label=gettext_lazy("Tonnage")),
        ]
    if rows:
        yield Section(
            gettext_lazy("What it is said to be"),
            rows,
            note=gettext_lazy("Leave empty what is not known; unknown is never 0."),
        )
    cargo = [
        form.row(
            *(f"cargo_{n}_{part}" for part in CARGO_PARTS),
            style="cargo",
            label=_("Goods %(number)s") % {"number": n + 1},
        )
        for n in range(MOST_ROWS)
        if has(f"cargo_{n}_unit")
    ]
    if cargo:
        yield Section(gettext_lazy("Cargo"), cargo, more="more_cargo")
    numbers = [
        form.row(
            *(f"reference_{n}_{part}" for part in REFERENCE_PARTS),
            style="cargo",
            label=_("Reference %(number)s") % {"number": n + 1},
        )
        for n in range(MOST_ROWS)
        if has(f"reference_{n}_number")
    ]
    if numbers:
        yield Section(
            gettext_lazy("Other references"),
            numbers,
            note=gettext_lazy("Waybill, sponsor's own number, notification or clearance."),
            more="more_reference",
        )


def rows_wanted(stored: int, data: Mapping[str, Any] | None, name: str) -> int:
    """How many rows of a kind to show: those stored or sent and some blank ones, more where asked for."""
    if data is None:
        return stored + BLANK_ROWS
    sent = [
        int(part)
        for part in (key.split("_")[1] for key in data if key.startswith(f"{name}_"))
        if part.isascii() and part.isdigit() and len(part) < 4
    ]
    shown = max(sent, default=-1) + 1
    return min(max(shown, stored) + (MORE_ROWS if f"more_{name}" in data else 0), MOST_ROWS)


def declaration_initial(declared: Mapping[str, Any], zone: ZoneInfo, choices: Choices) -> dict[str, Any]:
    """Initial values that show a stored declaration."""
    sponsors = "; ".join(choices.organisation_named(code) for code in declared.get("sponsors") or ())
    initial: dict[str, Any] = {"sponsors": sponsors}
    for name in ("carrier", "consignee"):
        initial[name] = choices.organisation_named(declared.get(name))
    for name in ("origin", "destination", "route", "trucks"):
        initial[name] = declared.get(name) if declared.get(name) is not None else ""
    pair = declared.get("tonnes") or {}
    initial |= tonnage_initial(pair.get("low"), pair.get("high"))
    for n, line in enumerate(declared.get("cargo") or ()):
        initial |= {f"cargo_{n}_{part}": line.get(part, "") for part in ("category", "description", "unit")}
        initial[f"cargo_{n}_quantity"] = Decimal(line["quantity"]) if line.get("quantity") else None
        initial |= tonnage_initial(line.get("tonnes_low"), line.get("tonnes_high"), f"cargo_{n}_")
    for n, other in enumerate(declared.get("references") or ()):
        initial |= {f"reference_{n}_{part}": other.get(part, "") for part in REFERENCE_PARTS}
    for item, kind in TIMES.items():
        if declared.get(item):
            local = datetime.fromisoformat(declared[item]).astimezone(zone)
            initial |= {
                f"{kind}_day": local.date(),
                f"{kind}_time": local.time().replace(second=0, microsecond=0),
            }
    return initial


def chosen_items(form: DeskForm, items: Iterable[Item], zone: ZoneInfo, only_changed: bool) -> dict[str, Any]:
    """The items stated, as the write path takes them. Says on the form what is wrong with one."""
    stated = {}
    for item in items:
        names = [name for name in form.fields if _item_of(name) == item]
        if names and (not only_changed or any(name in form.changed_data for name in names)):
            stated[item.value] = _value(form, item, zone)
    if only_changed:
        return stated
    return {name: value for name, value in stated.items() if value not in (None, [], "")}


def _item_of(name: str) -> Item | None:
    start = name.split("_")[0]
    by_start = {
        "cargo": Item.CARGO,
        "reference": Item.REFERENCES,
        "planned": Item.PLANNED_DEPARTURE,
        "due": Item.DUE_ARRIVAL,
        "tonnes": Item.TONNES,
        "at": Item.TONNES,
    }
    if start in by_start:
        return None if name == "reference" else by_start[start]
    return Item(name) if name in Item.values else None


def _value(form: DeskForm, item: Item, zone: ZoneInfo) -> Any:
    values = form.cleaned_data
    if item == Item.TONNES:
        low, high = chosen_tonnage(form)
        return None if low is None and high is None else {"low": low, "high": high}
    if item == Item.CARGO:
        return _cargo(form)
    if item == Item.REFERENCES:
        return _references(form)
    if item in TIMES:
        return _time(form, TIMES[item], zone)
    value = values.get(item.value)
    return None if value == "" else value


def _cargo(form: DeskForm) -> list[dict[str, Any]]:
    lines = []
    for n in range(MOST_ROWS):
        if f"cargo_{n}_unit" not in form.fields:
            break
        low, high = chosen_tonnage(form, f"cargo_{n}_")
        line = {
            part: form.cleaned_data.get(f"cargo_{n}_{part}")
            for part in ("category", "description", "quantity", "unit")
        }
        line |= {"tonnes_low": low, "tonnes_high": high}
        if not any(value not in (None, "") for value in line.values()):
            continue
        if not line["category"]:
            form.add_error(f"cargo_{n}_category", _("Say what kind of goods this is."))
        lines.append(line)
    return lines


def _references(form: DeskForm) -> list[dict[str, str]]:
    rows = []
    for n in range(MOST_ROWS):
        if f"reference_{n}_number" not in form.fields:
            break
        row = {part: form.cleaned_data.get(f"reference_{n}_{part}") or "" for part in REFERENCE_PARTS}
        if any(row.values()):
            for part, value in row.items():
                if not value:
                    form.add_error(f"reference_{n}_{part}", _("A reference needs its issuer and its number."))
            rows.append(row)
    return rows


def _time(form: DeskForm, kind: str, zone: ZoneInfo) -> datetime | None:
    day, hour = form.cleaned_data.get(f"{kind}_day"), form.cleaned_data.get(f"{kind}_time")
    if day is None:
        if hour is not None:
            form.add_error(f"{kind}_day", _("A time needs its day."))
        return None
    try:
        return in_zone(datetime.combine(day, hour or time.min), zone)
    except InvalidInput as error:
        form.add_error(f"{kind}_day", error.message)
        return None
