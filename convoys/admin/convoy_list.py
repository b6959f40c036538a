"""The desk's list of convoys. It shows and finds; nothing is changed here, whatever is posted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.admin.views.main import ChangeList
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.role_admin import ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys.admin.day import moment_of, no_such_day, shown_day
from convoys.admin.filters import FILTERS
from convoys.admin.rows import rows_of
from convoys.admin.sending import require
from convoys.errors import InvalidInput
from convoys.models import Convoy
from convoys.queries import desk
from convoys.queries.board import is_backfilled, load_at
from convoys.queries.day_filters import FiltersOfADay
from convoys.queries.days import ASKED
from convoys.vocabulary import State

URGENCY = (State.HELD, State.STOPPED, State.DISPATCHED, State.PLANNED)


def _most_urgent_first(column: str) -> Case:
    return Case(
        *(When(**{column: state}, then=Value(number)) for number, state in enumerate(URGENCY)),
        default=Value(len(URGENCY)),
        output_field=IntegerField(),
    )


MOST_URGENT_FIRST = _most_urgent_first("status")
MOST_URGENT_FIRST_THEN = _most_urgent_first("of_then__state")


def is_another_day(request: HttpRequest) -> bool:
    """Whether the list is of a day that is not now, as its view has found."""
    return hasattr(request, "filters_of_the_day")


class ListOfADay(ChangeList):
    """Django's change list, which takes every parameter that it does not know for a lookup."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        lookups: dict[str, Any] = super().get_filters_params(params)
        return {key: value for key, value in lookups.items() if key not in ASKED}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Columns of now say nothing of the order of another day, whatever the address asks."""
        if not is_another_day(request):
            return super().get_ordering(request, queryset)
        return [*self.model_admin.get_ordering(request), "pk"]


class ConvoyList(ReadOnlyAdmin):
    """Held first and longest hold on top; search by reference, other references and sponsors."""

    list_display = ["reference", "state", "clock", "place", "tonnage", "flags", "last"]
    list_filter = FILTERS
    list_per_page = 50
    list_max_show_all = 200
    search_fields = [
        "reference", "other_references__number", "organisations__organisation__name",
        "organisations__organisation__code", "organisations__organisation__names__name",
    ]  # fmt: skip
    search_help_text = _("reference, waybill, sponsor")
    change_list_template = "admin/convoys/convoy/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Convoy]:
        if is_another_day(request):
            return desk.desk_convoys_at(moment_of(request))
        return desk.desk_convoys()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """On another day by what was so then."""
        then: FiltersOfADay | None = getattr(request, "filters_of_the_day", None)
        words = search_term.strip()
        if then is None or not words:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(then.found_by(words)), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ListOfADay

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return [] if is_another_day(request) else super().get_sortable_by(request)

    def get_ordering(self, request: HttpRequest) -> Any:
        if is_another_day(request):
            return [MOST_URGENT_FIRST_THEN, F("of_then__opened_at").asc(nulls_last=True), "reference"]
        return [MOST_URGENT_FIRST, F("status_since").asc(nulls_last=True), "reference"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in {str(kind.parameter_name) for kind in FILTERS}

    # Columns: what stands in them is made by `rows`, these say their names and how they are sorted.

    @admin.display(description=_("State"), ordering="status")
    def state(self, convoy: Convoy) -> str:
        return str(State(convoy.status).label)

    @admin.display(description=_("Elapsed"), ordering="status_since")
    def clock(self, convoy: Convoy) -> Any:
        return convoy.status_since

    @admin.display(description=_("Stands at, held before"))
    def place(self, convoy: Convoy) -> Any:
        return convoy.stands_at

    @admin.display(description=_("Tonnage"), ordering="tonnes_low")
    def tonnage(self, convoy: Convoy) -> Any:
        return convoy.tonnes_low

    @admin.display(description=_("Flags"))
    def flags(self, convoy: Convoy) -> Any:
        return convoy.is_exercise

    @admin.display(description=_("Last report"), ordering="last_reported_at")
    def last(self, convoy: Convoy) -> Any:
        return convoy.last_reported_at

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's change list, with rows that say everything in words, of the day asked for."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        require(request, Role.VIEWER)
        try:
            moment = moment_of(request)
        except InvalidInput as error:
            return no_such_day(self, request, error.fields)
        if not moment.is_now:
            request.filters_of_the_day = FiltersOfADay(moment)  # type: ignore[attr-defined]
        response = super().changelist_view(request, extra_context)
        context = response.context_data if isinstance(response, TemplateResponse) else None
        if context is not None and "cl" in context:
            convoys = list(context["cl"].result_list)
            histories = load_at(convoys, moment)
            contested = desk.contested_among((convoy.pk for convoy in convoys), moment)
            context["rows"] = rows_of(convoys, moment.asked, contested=contested)
            context["headers"] = list(result_headers(context["cl"]))
            context["may_record"] = moment.is_now and has_role(request, Role.DESK_OFFICER)
            context["day"] = shown_day(request, moment, is_backfilled(histories))
        return response
