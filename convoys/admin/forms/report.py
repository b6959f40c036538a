"""One report as a form: its fields come from the kind's row in the vocabulary, never from its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys.admin.choices import Choices
from convoys.admin.forms import declaring
from convoys.admin.forms.account import chosen_account
from convoys.admin.forms.account_fields import account_fields, account_sections
from convoys.admin.forms.base import DeskForm, Row, Section
from convoys.admin.forms.columns import CODES_AND_WORDS, COLUMNS, PLACES, TONNAGES, chosen_sharing
from convoys.admin.forms.fields import (
    LONG,
    Code,
    Text,
    chosen_place,
    chosen_tonnage,
)
from convoys.admin.forms.when import chosen_when, when_fields
from convoys.errors import ConvoyError, InvalidInput
from convoys.services.changes import Record, Step, SubjectRef
from convoys.vocabulary import Audience, Kind

# Who may read the account of a report that changes the state, which itself all see who see the convoy.
ACCOUNT_READERS = [
    ("", gettext_lazy("the readers above")),
    (Audience.STAFF.value, gettext_lazy("staff only")),
]


def audiences_of(kind: Kind) -> list[tuple[str, Any]]:
    """Whom a report can be written for: a change of the state is never kept from who sees the convoy."""
    return [
        (code, words) for code, words in Audience.choices if not kind.is_told_to_all or code != Audience.STAFF
    ]


class ReportForm(DeskForm):
    """A report of one kind about one subject, with its first account and a note beside it."""

    def __init__(
        self, *args: Any, kind: Kind, subject: SubjectRef | None, choices: Choices, default_audience: str,
        declared: Mapping[str, Any] | None = None, zone: ZoneInfo | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self.kind, self.subject, self.choices = kind, subject, choices
        self.carried: dict[str, Any] = {}
        self.declared = declared or {}
        # The clock that the form shows: of the place that is chosen at first, as the record will read it.
        place = (more.get("initial") or {}).get("place") if "place" in kind.allowed else None
        self.home = zone or choices.zone_of(place)
        if kind.items:
            shown = declaring.declaration_initial(self.declared, self._departure_zone(), choices)
            more["initial"] = shown | (more.get("initial") or {})
        super().__init__(*args, **more)
        self.fields |= when_fields()
        for column, build in COLUMNS.items():
            if column in kind.allowed:
                self.fields |= build(choices, column in kind.required)
        data = self.data if self.is_bound else None
        cargo = declaring.rows_wanted(len(self.declared.get("cargo") or ()), data, "cargo")
        references = declaring.rows_wanted(len(self.declared.get("references") or ()), data, "reference")
        self.fields |= declaring.declaration_fields(kind.items, choices, cargo, references)
        self.fields |= account_fields(choices, subject.type if subject else "convoy")
        self.fields["audience"] = Code(
            gettext_lazy("Who may read it"),
            audiences_of(kind),
            radios=True,
            initial=default_audience,
            required=True,
        )
        if kind.is_told_to_all:
            self.fields["account_audience"] = Code(
                gettext_lazy("Who may read who says so"), ACCOUNT_READERS, radios=True, initial=""
            )
        if "text" not in kind.allowed:
            self.fields["note"] = Text(gettext_lazy("Note beside it"), limit=LONG, rows=2)
            self.fields["note_audience"] = Code(
                gettext_lazy("Who may read the note"), Audience.choices, radios=True, initial=Audience.STAFF
            )

    def sections(self) -> Iterator[Section]:
        yield Section("", [self.when_row(), *self._column_rows()])
        yield from declaring.declaration_sections(self) if self.kind.items else ()
        yield from account_sections(self, with_stance=False, folded=self.kind.desk_act)
        rows = [self.row("audience", style="radios")]
        if "account_audience" in self.fields:
            rows.append(self.row("account_audience", style="radios"))
        if "note" in self.fields:
            rows += [self.row("note"), self.row("note_audience", style="radios")]
        yield Section(
            gettext_lazy("Readers and note") if "note" in self.fields else gettext_lazy("Readers"), rows
        )

    def when_row(self) -> Row:
        return self.row("bound", "day", "time", "precision", style="when", label=gettext_lazy("When"))

    def _column_rows(self) -> Iterator[Row]:
        for column in COLUMNS:
            if column not in self.kind.allowed:
                continue
            if column in PLACES:
                yield self.row(column, f"{column}_elsewhere", style="places", label=self[column].label)
            elif column.endswith("tonnes_low"):
                part = column.removesuffix("tonnes_low")
                names = (column, f"{part}tonnes_high", f"{part}at_least")
                yield self.row(*names, style="tonnes", label=TONNAGES[part])
            elif column == "visible_to":
                yield self.row("shared", style="radios stacked")
                yield self.row("shared_with")
            else:
                radios = isinstance(self.fields[column].widget, forms.RadioSelect)
                yield self.row(column, style="radios" if radios else "")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        where = {name: chosen_place(self, name) for name in PLACES if name in self.fields}
        self.zone = self.choices.zone_of(where.get("place") or None, where.get("held_before") or None)
        self.when = chosen_when(self, self.zone)
        carried: dict[str, Any] = {
            column: values.get(column) or "" for column in CODES_AND_WORDS if column in self.kind.allowed
        }
        if "trucks" in self.kind.allowed:
            carried["trucks"] = values.get("trucks")
        for part in TONNAGES:
            if f"{part}tonnes_low" in self.kind.allowed:
                low, high = chosen_tonnage(self, part)
                carried |= {f"{part}tonnes_low": low, f"{part}tonnes_high": high}
        if "visible_to" in self.kind.allowed:
            carried["visible_to"] = chosen_sharing(self)
        declares = declaring.chosen_items(self, self.kind.items, self._departure_zone(), bool(self.subject))
        self.check_changes(declares)
        account = None
        if "speaker" in self.fields:
            audience = values.get("account_audience") or values.get("audience")
            account = chosen_account(self, not self.kind.desk_act, audience)
        self.carried = where | carried | {"declares": declares, "claims": [account] if account else []}
        return values

    def check_changes(self, declares: dict[str, Any]) -> None:
        """A report that states items and nothing else must state one."""
        if self.kind.items and not self.kind.allowed and not declares and self.subject:
            self.add_error(None, _("Nothing was changed."))

    def _departure_zone(self) -> ZoneInfo:
        """The clock of planned times: the origin's, as it stands on the form or on record."""
        origin = getattr(self, "cleaned_data", {}).get("origin") or self.declared.get("origin")
        return self.choices.zone_of(origin)

    def steps(self, subject: SubjectRef) -> list[Step]:
        """The report, and the note beside it as an event of its own with its own readers."""
        report = Record(
            subject, self.kind.code, self.when, audience=self.cleaned_data["audience"], **self.carried
        )
        steps: list[Step] = [report]
        if self.cleaned_data.get("note"):
            audience = self.cleaned_data.get("note_audience") or Audience.STAFF
            steps.append(
                Record(subject, "note", self.when, text=self.cleaned_data["note"], audience=audience)
            )
        return steps

    def refuse(self, error: ConvoyError) -> None:
        if isinstance(error, InvalidInput):
            shown = {declaring.ERRORS_SHOWN_AT.get(name, name): text for name, text in error.fields.items()}
            if "text" in shown and "text" in self.fields:
                self.add_error("text", shown.pop("text"))
            if not shown:
                return
            error = InvalidInput(shown)
        super().refuse(error)
