"""What every form of the desk has: rows to lay out, a UUID against double sends, what its author saw."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.utils import ErrorDict

from convoys.errors import ConvoyError, InvalidInput

# The write path's names for what a form calls otherwise.
ALIASES = {"occurred_at": "day", "alleged_causes": "cause", "alleged_when": "alleged_day", "text": "note"}


@dataclass(frozen=True)
class Row:
    """One row of a form: its fields side by side. `style` picks the layout in the template."""

    fields: Sequence[BoundField]
    style: str = ""
    label: Any = ""
    note: Any = ""

    @property
    def errors(self) -> list[str]:
        return [str(error) for field in self.fields for error in field.errors]


@dataclass(frozen=True)
class Section:
    """Rows under a heading; folded where few reports need them. `more` names a button for blank rows."""

    title: Any
    rows: Sequence[Row]
    is_folded: bool = False
    note: Any = ""
    more: str = ""

    @property
    def is_open(self) -> bool:
        """A fold opens by itself where something is typed or wrong in it."""
        return not self.is_folded or any(row.errors or _is_filled(row) for row in self.rows)


def _is_filled(row: Row) -> bool:
    return any(
        field.form.is_bound and field.form.has_changed() and field.name in field.form.changed_data
        for field in row.fields
    )


class DeskForm(forms.Form):
    """A form that writes one change set. Layout is by `sections`, errors of the write path by `refuse`."""

    use_required_attribute = False
    has_now = True  # whether its time has a button that fills in this minute
    uuid = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"uuid": uuid.uuid4()} | (kwargs.get("initial") or {})
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def sections(self) -> Iterator[Section]:
        yield Section("", [self.row(field.name) for field in self.visible_fields()])

    def row(self, *names: str, style: str = "", label: Any = "", note: Any = "") -> Row:
        return Row([self[name] for name in names if name in self.fields], style, label, note)

    def refuse(self, error: ConvoyError) -> None:
        """Show an error of the write path beside the field it is about, else above the form."""
        if not isinstance(error, InvalidInput):
            self.add_error(None, error.message)
            return
        for name, sentence in error.fields.items():
            own = name if name in self.fields else ALIASES.get(name, name)
            if own in self.fields:
                self.add_error(own, sentence)
            else:
                self.add_error(None, f"{name.replace('_', ' ')}: {sentence}")

    @property
    def field_errors_count(self) -> int:
        return sum(1 for name in self.errors if name in self.fields)

    def without_errors(self) -> None:
        """Show a form as it was typed, before it is judged."""
        self._errors: Any = ErrorDict()

    def send_again(self, **values: Any) -> None:
        """Keep what was typed and change hidden fields, so that the same form can be sent once more."""
        data: dict[str, Any] = self.data.copy()  # type: ignore[attr-defined]
        for name, value in values.items():
            data[self.add_prefix(name)] = "" if value is None else str(value)
        self.data = data
