"""Fields of the desk's forms: organisations by name, a place along the way or elsewhere, figures.

All of them work without JavaScript: a list of suggestions helps where the browser knows it, and the
text typed is looked up when the form arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys.admin.choices import Choices, Pairs

SHORT, LONG = 300, 10_000
ELSEWHERE, NOT_SAID = "elsewhere", ""


class Text(forms.CharField):
    """A text; whole paragraphs where `rows` is given."""

    def __init__(self, label: Any, limit: int = SHORT, rows: int = 0, **more: Any) -> None:
        more.setdefault("required", False)
        widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
        super().__init__(label=label, max_length=limit, widget=more.pop("widget", widget), **more)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}  # a browser would cut a paste off at the limit without a word; we say so instead


class Day(forms.DateField):
    def __init__(self, label: Any, **more: Any) -> None:
        more.setdefault("required", False)
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(label=label, widget=widget, input_formats=["%Y-%m-%d"], **more)


class TimeOfDay(forms.TimeField):
    def __init__(self, label: Any, **more: Any) -> None:
        widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        super().__init__(
            label=label, required=False, widget=widget, input_formats=["%H:%M", "%H:%M:%S"], **more
        )


class Code(forms.ChoiceField):
    """One code of a closed list, as radio buttons or a drop-down; `empty` is the word for none."""

    def __init__(
        self, label: Any, choices: Any, empty: Any = None, radios: bool = False, **more: Any
    ) -> None:
        more.setdefault("required", False)
        pairs = list(choices) if empty is None else [("", empty), *choices]
        widget = forms.RadioSelect() if radios else forms.Select()
        super().__init__(label=label, choices=pairs, widget=widget, **more)


class Figure(forms.DecimalField):
    """Metric tonnes or a quantity, to three decimals."""

    def __init__(self, label: Any, **more: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "figure"})
        super().__init__(
            label=label,
            required=False,
            min_value=Decimal(0),
            max_digits=12,
            decimal_places=3,
            widget=widget,
            **more,
        )

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class Count(forms.IntegerField):
    def __init__(self, label: Any, **more: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric", "class": "figure"})
        super().__init__(label=label, required=False, min_value=0, max_value=10_000, widget=widget, **more)


class OrganisationName(Text):
    """An organisation by name or code; a name that is not on record stays as typed where `free`."""

    def __init__(self, label: Any, choices: Choices, free: bool = False, **more: Any) -> None:
        self.known, self.free = choices.codes, free
        super().__init__(label, widget=forms.TextInput(attrs={"list": "organisations"}), **more)

    def clean(self, value: Any) -> str:
        name = str(super().clean(value))
        if not name or self.free:
            return self.known.get(name.casefold(), name)
        return _known(self.known, name)


class OrganisationNames(Text):
    """Several organisations, parted by semicolons, as a list of codes."""

    def __init__(self, label: Any, choices: Choices, **more: Any) -> None:
        self.known = choices.codes
        more.setdefault("help_text", gettext_lazy("Several are parted by “;”."))
        super().__init__(label, limit=2000, widget=forms.TextInput(attrs={"list": "organisations"}), **more)

    def clean(self, value: Any) -> Any:
        names = [name.strip() for name in str(super().clean(value)).split(";")]
        return list(dict.fromkeys(_known(self.known, name) for name in names if name))


def _known(known: Mapping[str, str], name: str) -> str:
    code = known.get(name.casefold())
    if code is None:
        raise ValidationError(
            _("“%(name)s” is no organisation on record. Choose from the list, or enter it there first."),
            params={"name": name[:80]},
        )
    return code


def place_fields(
    name: str, label: Any, near: Pairs, everywhere: Pairs, unsaid: Any, **more: Any
) -> dict[str, forms.Field]:
    """Radio buttons for the places of the way, and a drop-down for any other: two fields of a form."""
    pairs = [*near, (ELSEWHERE, gettext_lazy("elsewhere"))]
    if not more.get("required"):
        pairs.append((NOT_SAID, unsaid))
    return {
        name: Code(label, pairs, radios=True, **more),
        f"{name}_elsewhere": Code(
            gettext_lazy("Elsewhere"), everywhere, empty=gettext_lazy("choose a place")
        ),
    }


def chosen_place(form: forms.Form, name: str) -> str:
    """The code that the two fields of `place_fields` add up to; says so on the form where they clash."""
    near, other = form.cleaned_data.get(name, ""), form.cleaned_data.get(f"{name}_elsewhere", "")
    if near == ELSEWHERE and not other:
        form.add_error(name, _("Choose which place under “Elsewhere”."))
    elif other and near not in (ELSEWHERE, NOT_SAID, other):
        form.add_error(name, _("Two places are chosen. Choose “elsewhere”, or empty the list."))
    return str(other or ("" if near == ELSEWHERE else near))


def tonnage_fields(prefix: str = "") -> dict[str, forms.Field]:
    """Tonnes as the desk types them: one figure is exact, two are a range, a tick makes it a floor."""
    return {
        f"{prefix}tonnes_low": Figure(gettext_lazy("Tonnes")),
        f"{prefix}tonnes_high": Figure(gettext_lazy("to, where a range")),
        f"{prefix}at_least": forms.BooleanField(label=gettext_lazy("at least"), required=False),
    }


def chosen_tonnage(form: forms.Form, prefix: str = "") -> tuple[Decimal | None, Decimal | None]:
    """Low and high of what `tonnage_fields` were filled with; both None where unknown."""
    low, high = form.cleaned_data.get(f"{prefix}tonnes_low"), form.cleaned_data.get(f"{prefix}tonnes_high")
    if form.cleaned_data.get(f"{prefix}at_least"):
        if high is not None:
            form.add_error(f"{prefix}tonnes_high", _("“At least” has no upper figure: empty one of the two."))
        if low is None:
            form.add_error(f"{prefix}tonnes_low", _("At least how much?"))
        return low, None
    return low, low if high is None else high


def tonnage_initial(low: Any, high: Any, prefix: str = "") -> dict[str, Any]:
    """The initial values that show a stored tonnage in `tonnage_fields`."""
    least = None if low is None else Decimal(str(low))
    most = None if high is None else Decimal(str(high))
    return {
        f"{prefix}tonnes_low": least,
        f"{prefix}tonnes_high": None if most == least else most,
        f"{prefix}at_least": least is not None and most is None,
    }
