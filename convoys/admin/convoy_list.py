"""The desk's list of convoys. It shows and finds; nothing is changed here, whatever is posted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import result_headers
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.role_admin import ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys.admin.filters import FILTERS
from convoys.admin.rows import rows_of
from convoys.models import Convoy
from convoys.queries import desk
from convoys.vocabulary import State

URGENCY = (State.HELD, State.STOPPED, State.DISPATCHED, State.PLANNED)
MOST_URGENT_FIRST = Case(
    *(When(status=state, then=Value(number)) for number, state in enumerate(URGENCY)),
    default=Value(len(URGENCY)),
    output_field=IntegerField(),
)


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
        return desk.desk_convoys()

    def get_ordering(self, request: HttpRequest) -> Any:
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
        """Django's change list, with rows that say everything in words."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        response = super().changelist_view(request, extra_context)
        context = response.context_data if isinstance(response, TemplateResponse) else None
        if context is not None and "cl" in context:
            now, convoys = timezone.now(), list(context["cl"].result_list)
            contested = desk.contested_among(convoy.pk for convoy in convoys)
            context["rows"] = rows_of(convoys, now, contested=contested)
            context["headers"] = list(result_headers(context["cl"]))
            context["may_record"] = has_role(request, Role.DESK_OFFICER)
        return response
