"""Places, routes, control points and agreements: what coordinators keep by Django's own forms.

None of them is deleted, since the record names them by code; a code is never changed. The access
of a control point and the steps of an agreement are events and have pages of their own.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from accounts.role_admin import ByRole, NamedFieldsAdmin
from accounts.roles import Role
from convoys.admin.acts import SubjectAdmin
from convoys.models import Agreement, ControlPoint, Place, PlaceName, Route, RouteStop
from convoys.vocabulary import SubjectType


class PlaceForm(forms.ModelForm):
    """A place, in a zone that exists."""

    class Meta:
        model = Place
        fields = [
            "code", "kind", "country", "latitude", "longitude", "coordinate_source", "time_zone",
            "is_exercise", "note",
        ]  # fmt: skip

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        if zone and zone not in available_timezones():
            raise forms.ValidationError(_("Give an IANA name such as Asia/Baku, or leave it empty."))
        return zone


class KeptInline(ByRole, admin.TabularInline):
    view_role = Role.VIEWER
    add_role = change_role = delete_role = Role.COORDINATOR
    extra = 1


class PlaceNameInline(KeptInline):
    model = PlaceName


class RouteStopInline(KeptInline):
    model = RouteStop
    ordering = ["position"]
    extra = 3


class CodedAdmin(NamedFieldsAdmin):
    """Master data under a code that never changes."""

    add_role = change_role = Role.COORDINATOR

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []


@admin.register(Place)
class PlaceAdmin(CodedAdmin):
    form = PlaceForm
    inlines = [PlaceNameInline]
    list_display = ["shown", "code", "kind", "country", "time_zone", "is_exercise"]
    list_filter = ["kind", "country", "is_exercise"]
    search_fields = ["code", "names__name"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("names")

    @admin.display(description="place", ordering="code")
    def shown(self, place: Place) -> str:
        return str(place)


@admin.register(Route)
class RouteAdmin(CodedAdmin):
    inlines = [RouteStopInline]
    list_display = ["name", "code", "desk_email", "desk_telephone", "is_exercise"]
    list_filter = ["is_exercise"]
    search_fields = ["code", "name"]

    def view_on_site(self, obj: Route) -> str:
        """Its page for readers: its access, and the convoys on it."""
        return reverse("board:route", args=[obj.code])


class KeptSubjectAdmin(SubjectAdmin):
    """A subject whose plain columns coordinators keep at an address beside its page."""

    add_role = change_role = Role.COORDINATOR

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<path:object_id>/edit/",
            self.admin_site.admin_view(self.edit),
            name=f"convoys_{self.opts.model_name}_edit",
        )
        return [own, *super().get_urls()]

    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Django's own form, for the columns that are no projection of the record."""
        return admin.ModelAdmin.change_view(self, request, unquote(object_id))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        NamedFieldsAdmin.save_model(self, request, obj, form, change)  # type: ignore[arg-type]

    def columns_of(self, obj: Any, form: Any) -> set[str]:
        return set()


@admin.register(ControlPoint)
class ControlPointAdmin(KeptSubjectAdmin):
    subject_type = SubjectType.CONTROL_POINT
    list_display = ["place", "type", "access", "access_since"]
    list_display_links = ["place"]
    list_filter = ["type", "access"]
    search_fields = ["place__code", "place__names__name"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("place").prefetch_related("place__names")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in ("type__exact", "access__exact")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["place"] if obj else []


@admin.register(Agreement)
class AgreementAdmin(KeptSubjectAdmin):
    subject_type = SubjectType.AGREEMENT
    list_display = ["title", "code", "is_exercise"]
    list_display_links = ["title"]
    search_fields = ["code", "title"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []
