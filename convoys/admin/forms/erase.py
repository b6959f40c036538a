"""Erasing the words of entries: which of a chain's, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from convoys.admin.forms.fields import Text


class EraseForm(forms.Form):
    """The entries whose words are to go, and the reason, which is kept for good."""

    use_required_attribute = False
    entries = forms.TypedMultipleChoiceField(
        label=_("Whose words are erased"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Tick at least one entry.")},
    )
    reason = Text(
        _("Why they are erased"),
        limit=2000,
        rows=3,
        required=True,
        help_text=_("Kept for good as an entry of its own: do not repeat in it what is to go."),
    )

    def __init__(self, *args: Any, offered: Iterable[int], **more: Any) -> None:
        more.setdefault("label_suffix", "")
        super().__init__(*args, **more)
        self.fields["entries"].choices = [(number, number) for number in offered]  # type: ignore[attr-defined]
