"""What is asked of one account, and how a form lays it out: who says so, where, what they allege."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.utils.translation import gettext_lazy

from convoys.admin.choices import Choices
from convoys.admin.forms.base import DeskForm, Row, Section
from convoys.admin.forms.fields import (
    LONG,
    Code,
    Count,
    Day,
    OrganisationName,
    OrganisationNames,
    Text,
    TimeOfDay,
    tonnage_fields,
)
from convoys.vocabulary import Access, Cause, ConvoyLink, Order, SpeakerKind, Stance, SubjectType

WORDING = [("", gettext_lazy("our summary")), ("verbatim", gettext_lazy("word for word"))]


def account_fields(choices: Choices, subject_type: str, causes: int = 2) -> dict[str, forms.Field]:
    """Fields from which `chosen_account` makes a claim; those that this kind of subject can carry."""
    fields: dict[str, forms.Field] = {
        "speaker": OrganisationName(
            gettext_lazy("Who says so"), choices, free=True,
            help_text=gettext_lazy("An organisation on record, or any name."),
        ),
        "speaker_person": Text(gettext_lazy("Person who spoke for it")),
        "speaker_kind": Code(gettext_lazy("They are"), SpeakerKind.choices, radios=True),
        "is_confidential": forms.BooleanField(
            label=gettext_lazy("Confidential source: others than staff see its kind only"), required=False
        ),
        "stance": Code(gettext_lazy("This account"), Stance.choices, radios=True, initial=Stance.REPORTS),
        "statement": Text(gettext_lazy("What they say"), limit=LONG, rows=2),
        "wording": Code(gettext_lazy("These words are"), WORDING, radios=True),
        "publisher": OrganisationName(gettext_lazy("Published by"), choices, free=True),
        "title": Text(gettext_lazy("Title")),
        "link": forms.URLField(
            label=gettext_lazy("Link"), required=False, max_length=2000, assume_scheme="https",
            widget=forms.URLInput(attrs={"placeholder": "https://"}),
        ),
        "language": Text(gettext_lazy("Language"), limit=16, help_text=gettext_lazy("en, hy, az, ru …")),
        "said_on": Day(gettext_lazy("Said on")),
        "reported_on": Day(gettext_lazy("Document of")),
    }  # fmt: skip
    if subject_type == SubjectType.CONVOY:
        fields |= {
            "alleged_holders": OrganisationNames(
                gettext_lazy("Held by, as told"), choices,
                help_text=gettext_lazy("Only what this speaker says; several parted by “;”."),
            ),
            "cause": Code(gettext_lazy("Cause, as told"), Cause.choices, empty=gettext_lazy("not stated")),
        }  # fmt: skip
        for number in range(2, causes + 1):
            fields[f"cause_{number}"] = Code(
                gettext_lazy("and"), Cause.choices, empty=gettext_lazy("no further cause")
            )
    fields |= {
        "alleged_day": Day(gettext_lazy("It happened on, as told")),
        "alleged_time": TimeOfDay(gettext_lazy("Time")),
        "alleged_place": Code(
            gettext_lazy("Where, as told"), choices.every_place(), empty=gettext_lazy("not stated")
        ),
        "alleged_place_words": Text(gettext_lazy("or in their words")),
    }
    if subject_type == SubjectType.CONVOY:
        fields |= {"alleged_trucks": Count(gettext_lazy("Trucks, as told")), **tonnage_fields("alleged_")}
    if subject_type == SubjectType.CONTROL_POINT:
        fields["alleged_holders"] = OrganisationNames(gettext_lazy("Operated or closed by, as told"), choices)
        fields["alleged_access"] = Code(
            gettext_lazy("Access, as told"), Access.choices, empty=gettext_lazy("not stated")
        )
    if subject_type == SubjectType.AGREEMENT:
        fields["alleged_order"] = Code(
            gettext_lazy("Order, as told"), Order.choices, empty=gettext_lazy("not stated")
        )
    return fields


def link_fields() -> dict[str, forms.Field]:
    """What an account of a convoy's links says: what this convoy is to which other one."""
    return {
        "alleged_link": Code(
            gettext_lazy("This convoy, as told, is"), ConvoyLink.choices, radios=True, required=True
        ),
        "alleged_convoy": Text(
            gettext_lazy("the convoy"), limit=64, required=True, help_text=gettext_lazy("By its reference.")
        ),
    }


def account_sections(form: DeskForm, with_stance: bool, folded: bool = False) -> Iterator[Section]:
    """How the fields of `account_fields` are laid out."""
    yield Section(
        gettext_lazy("Who says so") if folded else "",
        [
            form.row("speaker"),
            form.row("speaker_kind", style="radios"),
            *([form.row("stance", style="radios")] if with_stance else []),
            *([form.row("alleged_holders")] if "alleged_holders" in form.fields else []),
            *(
                [form.row(*cause_names(form), style="pair", label=form["cause"].label)]
                if "cause" in form.fields
                else []
            ),
            form.row("statement"),
            form.row("wording", style="radios"),
            Row([form[name] for name in ("link", "said_on")], "said", gettext_lazy("Where, and when said")),
        ],
        is_folded=folded,
    )
    yield Section(
        gettext_lazy("More about the source, and the document itself")
        if "document" in form.fields
        else gettext_lazy("More about the source"),
        [
            form.row("speaker_person"),
            form.row("publisher"),
            form.row("title"),
            form.row(
                "language", "reported_on", style="pair", label=gettext_lazy("Language, day of the document")
            ),
            *([form.row("time_as_printed")] if "time_as_printed" in form.fields else []),
            *([form.row("document")] if "document" in form.fields else []),
            form.row("is_confidential", style="tick"),
        ],
        is_folded=True,
    )
    told = [
        form.row("alleged_day", "alleged_time", style="pair", label=form["alleged_day"].label),
        form.row("alleged_place", "alleged_place_words", style="pair", label=form["alleged_place"].label),
    ]
    if "alleged_trucks" in form.fields:
        told += [
            form.row("alleged_trucks"),
            form.row(
                "alleged_tonnes_low",
                "alleged_tonnes_high",
                "alleged_at_least",
                style="tonnes",
                label=gettext_lazy("Tonnes, as told"),
            ),
        ]
    told += [form.row(name) for name in ("alleged_access", "alleged_order") if name in form.fields]
    yield Section(gettext_lazy("Where they tell it differently"), told, is_folded=True)


def cause_names(form: DeskForm) -> list[str]:
    return [name for name in form.fields if name == "cause" or name.startswith("cause_")]


def account_names(form: DeskForm) -> list[str]:
    """The fields of a form that belong to its account."""
    return [name for name in form.fields if name.startswith(("alleged_", "cause")) or name in ACCOUNT_NAMES]


ACCOUNT_NAMES = frozenset(
    [
        "speaker",
        "speaker_person",
        "speaker_kind",
        "is_confidential",
        "stance",
        "statement",
        "wording",
        "publisher",
        "title",
        "link",
        "language",
        "said_on",
        "reported_on",
        "cause",
        "cause_2",
        "document",
    ]
)
