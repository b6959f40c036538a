"""The form of a new convoy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from convoys.admin.forms.base import Section
from convoys.admin.forms.columns import chosen_sharing, sharing_fields
from convoys.admin.forms.fields import Text
from convoys.admin.forms.report import ReportForm
from convoys.services.changes import SubjectRef, convoy


class RegisterForm(ReportForm):
    """A new convoy: its reference, what it is said to be, and who sees it."""

    reference = Text(gettext_lazy("Our reference"), limit=64, required=True)
    is_exercise = forms.BooleanField(
        label=gettext_lazy("Exercise: marked everywhere, counted nowhere"),
        required=False,
        widget=forms.HiddenInput,
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, subject=None, **more)
        self.fields |= sharing_fields(self.choices)

    def sections(self) -> Iterator[Section]:
        yield Section("", [self.row("reference")])
        for section in super().sections():
            if section.title == gettext_lazy("Who says so"):
                yield Section(
                    gettext_lazy("Who sees it"),
                    [self.row("shared", style="radios stacked"), self.row("shared_with")],
                )
            yield section

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        self.carried |= {
            "visible_to": chosen_sharing(self) or None,
            "is_exercise": values.get("is_exercise", False),
        }
        return values

    def subject_ref(self) -> SubjectRef:
        return convoy(self.cleaned_data["reference"])
