"""One speaker's account as a form: from its fields to the claim that they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys.admin.choices import Choices
from convoys.admin.forms.account_fields import (
    account_fields,
    account_names,
    account_sections,
    cause_names,
    link_fields,
)
from convoys.admin.forms.base import DeskForm, Section
from convoys.admin.forms.fields import Code, chosen_tonnage
from convoys.clocks import instance_zone
from convoys.errors import InvalidInput
from convoys.services.changes import Account, FileToKeep, When, in_zone
from convoys.vocabulary import Audience, Precision, Stance

# Filled by the form itself, so they do not show that somebody is quoted.
ALWAYS_FILLED = frozenset({"stance", "wording", "speaker_kind"})


def chosen_account(form: DeskForm, required: bool, audience: str | None) -> Account | None:
    """The claim that the fields add up to; None where nobody is quoted and nobody need be."""
    values = form.cleaned_data
    names = [name for name in account_names(form) if name not in ALWAYS_FILLED]
    said = [name for name in names if values.get(name) not in (None, "", [], False)]
    if not said and not required:
        return None
    if not values.get("speaker") and "speaker" not in form.errors:
        form.add_error("speaker", _("Say who says so."))
    if not values.get("speaker_kind") and "speaker_kind" not in form.errors:
        form.add_error("speaker_kind", _("Say what kind of speaker that is."))
    low, high = chosen_tonnage(form, "alleged_") if "alleged_trucks" in form.fields else (None, None)
    return Account(
        speaker=values.get("speaker", ""),
        speaker_kind=values.get("speaker_kind", ""),
        stance=values.get("stance") or Stance.REPORTS,
        statement=values.get("statement", ""),
        is_verbatim=values.get("wording") == "verbatim",
        speaker_person=values.get("speaker_person", ""),
        is_confidential=bool(values.get("is_confidential")),
        publisher=values.get("publisher", ""),
        title=values.get("title", ""),
        link=values.get("link", ""),
        language=values.get("language", ""),
        said_on=values.get("said_on"),
        reported_on=values.get("reported_on"),
        alleged_holders=values.get("alleged_holders") or (),
        alleged_causes=[values[name] for name in cause_names(form) if values.get(name)],
        alleged_when=told_when(form),
        alleged_place=values.get("alleged_place", ""),
        alleged_place_words=values.get("alleged_place_words", ""),
        alleged_access=values.get("alleged_access", ""),
        alleged_order=values.get("alleged_order", ""),
        alleged_trucks=values.get("alleged_trucks"),
        alleged_tonnes_low=low,
        alleged_tonnes_high=high,
        alleged_link=values.get("alleged_link", ""),
        alleged_convoy=values.get("alleged_convoy", ""),
        document=file_to_keep(values.get("document")),
        audience=audience,
    )


def file_to_keep(posted: UploadedFile | None) -> FileToKeep | None:
    """The file that came with the form, where one did."""
    return FileToKeep(posted.name or "document", posted.read()) if posted else None


def told_when(form: DeskForm) -> When | None:
    """When it happened, as told; a form of a correction may know it better than its fields say."""
    return form.alleged_when() if isinstance(form, AccountForm) else alleged_when_of(form)


def alleged_when_of(form: DeskForm) -> When | None:
    day, hour = form.cleaned_data.get("alleged_day"), form.cleaned_data.get("alleged_time")
    if day is None:
        if hour is not None and "alleged_day" not in form.errors:
            form.add_error("alleged_day", _("A time needs its day."))
        return None
    zone = getattr(form, "zone", None) or instance_zone()
    try:
        at = in_zone(datetime.combine(day, hour or datetime.min.time()), zone)
    except InvalidInput as error:
        form.add_error("alleged_day", error.message)
        return None
    return When(at, Precision.MINUTE if hour else Precision.DAY)


class AccountForm(DeskForm):
    """One more account of something on record."""

    def __init__(
        self,
        *args: Any,
        choices: Choices,
        subject_type: str,
        default_audience: str,
        zone: Any,
        causes: int = 2,
        is_link: bool = False,
        **kw: Any,
    ) -> None:
        super().__init__(*args, **kw)
        self.fields |= link_fields() if is_link else {}
        self.zone = self.home = zone
        self.choices = choices
        self.fields |= account_fields(choices, subject_type, causes)
        self.fields["document"] = forms.FileField(
            label=gettext_lazy("The document itself"),
            required=False,
            help_text=gettext_lazy("A PDF, picture, text or saved page, at most 10 MB. Kept for good."),
        )
        self.fields["audience"] = Code(
            gettext_lazy("Who may read it"),
            Audience.choices,
            radios=True,
            initial=default_audience,
            required=True,
        )

    def sections(self) -> Iterator[Section]:
        if "alleged_link" in self.fields:
            yield Section("", [self.row("alleged_link", style="radios"), self.row("alleged_convoy")])
        yield from account_sections(self, with_stance=True)
        yield Section("", [self.row("audience", style="radios")])

    def alleged_when(self) -> When | None:
        return alleged_when_of(self)

    def account(self) -> Account | None:
        return chosen_account(self, required=True, audience=self.cleaned_data.get("audience"))
