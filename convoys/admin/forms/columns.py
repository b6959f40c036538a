"""The fields of a report's columns: what each asks, in the order in which they are asked for."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys.admin.choices import Choices
from convoys.admin.forms.base import DeskForm
from convoys.admin.forms.fields import (
    LONG,
    Code,
    Count,
    OrganisationName,
    OrganisationNames,
    Text,
    place_fields,
    tonnage_fields,
)
from convoys.vocabulary import Access, DecidedBy, LossMode, ShortfallReason

ALL_PARTNERS, NAMED = "all_partners", "named"
SHARING = [
    ("", gettext_lazy("its parties only (sponsors, carrier, consignee)")),
    (ALL_PARTNERS, gettext_lazy("all partners")),
    (NAMED, gettext_lazy("its parties and those named below")),
]
PLACES = ("place", "held_before")
CODES_AND_WORDS = (
    "heading", "decided_by", "decided_by_organisation", "access", "loss_mode", "text", "shortfall_reason",
    "other_convoy", "next_carrier",
)  # fmt: skip
# The tonnages of a report, by the prefix of their columns: its load, and what of it is told apart.
TONNAGES = {
    "": gettext_lazy("Tonnage"),
    "damaged_": gettext_lazy("Damaged, not counted above"),
    "refused_": gettext_lazy("Refused, not counted above"),
}
UNSAID = gettext_lazy("not said")
Builder = Callable[[Choices, bool], dict[str, forms.Field]]

# Fields of the form for each column that a kind may carry, in the order they are asked for.
COLUMNS: dict[str, Builder] = {
    "text": lambda c, needed: {"text": Text(gettext_lazy("Note"), limit=LONG, rows=4, required=needed)},
    "place": lambda c, needed: place_fields(
        "place", gettext_lazy("Where"), c.along_the_way(), c.every_place(), UNSAID, required=needed
    ),
    "held_before": lambda c, needed: place_fields(
        "held_before", gettext_lazy("Held before"), c.points_of_the_way(), c.every_point(),
        gettext_lazy("not known"), required=needed,
    ),
    "heading": lambda c, needed: {"heading": Code(gettext_lazy("On to"), c.every_place(), empty=UNSAID)},
    "decided_by": lambda c, needed: {
        "decided_by": Code(gettext_lazy("Decided by"), DecidedBy.choices, radios=True, required=needed)
    },
    "decided_by_organisation": lambda c, needed: {
        "decided_by_organisation": OrganisationName(gettext_lazy("Who that was, as told"), c, required=needed)
    },
    "access": lambda c, needed: {
        "access": Code(gettext_lazy("Access"), Access.choices, radios=True, required=needed)
    },
    "loss_mode": lambda c, needed: {
        "loss_mode": Code(gettext_lazy("How it was lost"), LossMode.choices, radios=True, required=needed)
    },
    "trucks": lambda c, needed: {"trucks": Count(gettext_lazy("Trucks"))},
    "tonnes_low": lambda c, needed: tonnage_fields(),
    "damaged_tonnes_low": lambda c, needed: tonnage_fields("damaged_"),
    "refused_tonnes_low": lambda c, needed: tonnage_fields("refused_"),
    "shortfall_reason": lambda c, needed: {
        "shortfall_reason": Code(
            gettext_lazy("If less than declared"), ShortfallReason.choices,
            empty=gettext_lazy("nothing is missing, or not known"),
        )
    },
    "other_convoy": lambda c, needed: {
        "other_convoy": Text(
            gettext_lazy("Goes on as"), limit=64, required=needed,
            help_text=gettext_lazy("The reference of the other convoy. Register it first."),
        )
    },
    "next_carrier": lambda c, needed: {
        "next_carrier": OrganisationName(gettext_lazy("Next carrier"), c, required=needed)
    },
    "visible_to": lambda c, needed: sharing_fields(c),
}  # fmt: skip


def sharing_fields(choices: Choices) -> dict[str, forms.Field]:
    return {
        "shared": Code(gettext_lazy("Who sees the convoy"), SHARING, radios=True),
        "shared_with": OrganisationNames(gettext_lazy("Named"), choices),
    }


def chosen_sharing(form: DeskForm) -> str | list[str]:
    """All partners, or the organisations named, none where only the parties see the convoy."""
    shared, named = form.cleaned_data.get("shared", ""), form.cleaned_data.get("shared_with") or []
    if named and shared != NAMED:
        form.add_error("shared", _("Organisations are named: choose the last, or empty the names."))
    if shared == NAMED and not named and "shared_with" not in form.errors:
        form.add_error("shared_with", _("Name at least one."))
    return ALL_PARTNERS if shared == ALL_PARTNERS else named
