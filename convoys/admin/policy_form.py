"""The form for one policy: what it governs, its steps as people say durations, and the repeat."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys.errors import InvalidInput
from convoys.models import Convoy, Policy, Route, Severity, Watch
from convoys.models.alerting import GOVERNED
from convoys.services.alerting.durations import parse_duration
from convoys.services.alerting.governing import Target
from convoys.services.alerting.policies import Ladder
from convoys.services.alerting.policy_editing import MOST_STEPS, ladder_from
from convoys.services.messaging.phrases import step_words

SPARE_ROWS = 3
# More than may be saved, so that too many are refused and not cut off.
MOST_ROWS = MOST_STEPS + SPARE_ROWS


class DurationField(forms.CharField):
    """Seconds, typed and shown as "24 h" or "3 days"."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_length=60, **more)

    def prepare_value(self, value: Any) -> Any:
        return step_words(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return parse_duration(typed)
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from None


class StepForm(forms.Form):
    """One step; a row without a duration is left out."""

    after = DurationField(label=gettext_lazy("After"), required=False)
    severity = forms.ChoiceField(
        label=gettext_lazy("Severity"), choices=Severity.choices, initial=Severity.WARNING, required=False
    )


StepForms: type[BaseFormSet] = formset_factory(
    StepForm, extra=SPARE_ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS
)


def _routes() -> list[tuple[str, str]]:
    routes = Route.objects.order_by("is_exercise", "name")
    return [("", _("any route")), *((route.pk, route.name) for route in routes)]


class PolicyForm(forms.Form):
    """`route` and `convoy` are asked of a new policy only; with neither it is the default."""

    watch = forms.ChoiceField(
        label=gettext_lazy("Watches"), choices=[(watch.value, watch.label) for watch in GOVERNED]
    )
    route = forms.ChoiceField(label=gettext_lazy("Only this route"), required=False, choices=_routes)
    convoy = forms.CharField(
        label=gettext_lazy("Only this convoy"),
        required=False,
        max_length=100,
        help_text=gettext_lazy(
            "Its reference. Neither route nor convoy: all that have no policy of their own."
        ),
    )
    repeat = DurationField(
        label=gettext_lazy("Then again every"),
        required=False,
        help_text=gettext_lazy("After the last step. Empty: not again."),
    )
    staff_only = forms.BooleanField(label=gettext_lazy("Only staff are told"), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=2000)

    def __init__(self, target: Target | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.target = target
        if target is not None:
            for name in ("watch", "route", "convoy"):
                del self.fields[name]

    def clean_convoy(self) -> Convoy | None:
        reference = self.cleaned_data["convoy"]
        found = Convoy.objects.filter(reference=reference).first() if reference else None
        if reference and found is None:
            raise forms.ValidationError(_("No convoy is called so. Check the reference."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("route") and cleaned.get("convoy"):
            self.add_error("convoy", _("Name a route or a convoy, not both."))
        return cleaned

    def chosen_target(self) -> Target:
        if self.target is not None:
            return self.target
        convoy = self.cleaned_data["convoy"]
        return Target(
            Watch(self.cleaned_data["watch"]),
            self.cleaned_data["route"] or None,
            convoy.pk if convoy is not None else None,
        )


class PolicyForms:
    """The form and its rows of steps, which are right or wrong together."""

    def __init__(self, policy: Policy | None, posted: Any, initial: dict[str, Any]) -> None:
        target, values, steps = None, dict(initial), []
        if policy is not None:
            target = Target(policy.watch, policy.route_id, policy.convoy_id)
            values |= {"repeat": policy.repeat_seconds, "staff_only": policy.staff_only}
            steps = [{"after": step.after_seconds, "severity": step.severity} for step in policy.steps.all()]
        self.form = PolicyForm(target, posted, initial=values)
        self.steps = StepForms(posted, initial=steps, prefix="steps")

    def ladder(self) -> Ladder | None:
        """What is typed as a ladder; None where something is wrong, which then stands beside its field."""
        are_fine = [self.form.is_valid(), self.steps.is_valid()]
        if not all(are_fine):
            return None
        typed = [row.cleaned_data for row in self.steps if row.cleaned_data.get("after")]
        steps = [(row["after"], row["severity"] or Severity.WARNING) for row in typed]
        try:
            return ladder_from(steps, self.form.cleaned_data["repeat"], self.form.cleaned_data["staff_only"])
        except InvalidInput as problem:
            self.add_faults(problem)
            return None

    @property
    def have_errors(self) -> bool:
        return self.form.is_bound and bool(self.form.errors or not self.steps.is_valid())

    def add_faults(self, problem: InvalidInput) -> None:
        for name, sentence in problem.fields.items():
            self.form.add_error(name if name in self.form.fields else None, sentence)
