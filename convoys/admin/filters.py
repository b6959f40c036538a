"""Filters of the desk's list of convoys. Each offers codes that exist and takes nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from convoys.models import ControlPoint, Convoy, Part, Route
from convoys.queries import desk
from convoys.queries.day_filters import FiltersOfADay
from convoys.vocabulary import State


class CountedFilter(admin.SimpleListFilter):
    """A filter by one condition per choice, with how many convoys each would show, in one query.

    On another day a filter asks the state interval of then, to which the list's rows are joined.
    """

    @property
    def then(self) -> FiltersOfADay | None:
        """What can be asked of the day shown; None where it is now."""
        then: FiltersOfADay | None = getattr(self.request, "filters_of_the_day", None)
        return then

    @property
    def is_counted(self) -> bool:
        return True

    def offered(self) -> list[tuple[str, Any]]:
        """Codes to choose from, each with its word."""
        raise NotImplementedError

    def condition(self, value: str) -> Q:
        """Which convoys a code stands for."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Read once a request: Django makes every filter anew to count beside each of the others."""
        known = request.__dict__.setdefault("_filters_offered", {})
        if self.parameter_name not in known:
            known[self.parameter_name] = self.offered()
        return list(known[self.parameter_name])

    def has_output(self) -> bool:
        """Also with nothing to choose from while it is asked: Django would drop it, and show everything."""
        return super().has_output() or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        known = {str(choice) for choice, _label in self.lookup_choices}
        return queryset.filter(self.condition(value)) if value in known else queryset.none()

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        values = [str(value) for value, _label in self.lookup_choices]
        every = changelist.get_queryset(self.request, exclude_parameters=self.expected_parameters())
        counted = {
            f"n{i}": Count("pk", filter=self.condition(value), distinct=True)
            for i, value in enumerate(values)
            if self.is_counted
        }
        counts = every.order_by().aggregate(all=Count("pk", distinct=True), **counted)
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[str(self.parameter_name)]),
            "display": _("All"),
            "count": counts["all"],
        }
        for i, (value, label) in enumerate(self.lookup_choices):
            yield {
                "selected": self.value() == str(value),
                "query_string": changelist.get_query_string({str(self.parameter_name): value}),
                "display": label,
                "count": counts.get(f"n{i}"),
                "state": value if value in State.values else "",
            }

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)


class StateFilter(CountedFilter):
    title, parameter_name = _("state"), "status"

    def offered(self) -> list[tuple[str, Any]]:
        order = (State.HELD, State.STOPPED, State.DISPATCHED, State.PLANNED)
        states = [*order, *(state for state in State if state not in order)]
        return [(state.value, state.label) for state in states]

    def condition(self, value: str) -> Q:
        return Q(of_then__state=value) if self.then else Q(status=value)


class FlagFilter(CountedFilter):
    title, parameter_name = _("flag"), "flag"

    @property
    def is_counted(self) -> bool:
        """Not on another day: who was silent then is found out only for whoever asks it."""
        return self.then is None

    def offered(self) -> list[tuple[str, Any]]:
        return [("silent", _("silent")), ("overdue", _("overdue")), ("ended", _("tracking ended"))]

    def condition(self, value: str) -> Q:
        now = timezone.now()
        if value == "silent":
            return self.then.silent() if self.then else desk.silent(now)
        if value == "overdue":
            return self.then.overdue() if self.then else desk.overdue(now)
        return self.then.tracking_ended() if self.then else Q(tracking_ended_at__isnull=False)


class ExerciseFilter(CountedFilter):
    title, parameter_name = _("exercise"), "exercise"

    def offered(self) -> list[tuple[str, Any]]:
        return [("no", _("real convoys")), ("yes", _("exercises"))]

    def condition(self, value: str) -> Q:
        return Q(is_exercise=value == "yes")


class RouteFilter(CountedFilter):
    title, parameter_name = _("route"), "route"

    def offered(self) -> list[tuple[str, Any]]:
        used = Q(code__in=Convoy.objects.values("route"))
        if self.then:
            used |= Q(code__in=self.then.routes_named())
        return list(Route.objects.filter(used).values_list("code", "name"))

    def condition(self, value: str) -> Q:
        return self.then.on_route(value) if self.then else Q(route=value)


class ControlPointFilter(CountedFilter):
    title, parameter_name = _("control point held before"), "control_point"

    def offered(self) -> list[tuple[str, Any]]:
        points = ControlPoint.objects.all()
        if not self.then:
            points = points.filter(held_convoys__isnull=False).distinct()
        return [
            (point.pk, str(point))
            for point in points.select_related("place").prefetch_related("place__names")
        ]

    def condition(self, value: str) -> Q:
        return Q(of_then__held_before=value) if self.then else Q(held_before=value)


class SponsorFilter(CountedFilter):
    title, parameter_name = _("sponsor"), "sponsor"

    def offered(self) -> list[tuple[str, Any]]:
        found = Q(convoys__part=Part.SPONSOR)
        if self.then:
            found |= Q(code__in=self.then.sponsors_named())
        sponsors = Organisation.objects.filter(found).distinct()
        return list(sponsors.order_by("name").values_list("code", "name"))

    def condition(self, value: str) -> Q:
        if self.then:
            return self.then.sponsored_by(value)
        return Q(
            pk__in=Convoy.objects.filter(organisations__part=Part.SPONSOR, organisations__organisation=value)
        )


FILTERS: list[Any] = [StateFilter, FlagFilter, RouteFilter, ControlPointFilter, SponsorFilter, ExerciseFilter]
