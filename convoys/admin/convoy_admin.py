"""Convoys in the admin: the list, the page of each, and every form that writes its record."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from accounts.roles import Role
from convoys.admin.acts import SubjectAdmin
from convoys.admin.convoy_list import ConvoyList
from convoys.admin.registering import register
from convoys.admin.responding import respond
from convoys.admin.sending import require
from convoys.admin.several import several
from convoys.admin.still_there import still_there
from convoys.models import Convoy
from convoys.vocabulary import SubjectType


@admin.register(Convoy)
class ConvoyAdmin(SubjectAdmin, ConvoyList):
    """Nobody adds, changes or deletes a convoy by Django's own forms."""

    subject_type = SubjectType.CONVOY

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("register/", view(self.register), name="convoys_convoy_register"),
            path("still-there/", view(self.still_there), name="convoys_convoy_still_there"),
            path("<int:pk>/respond/", view(self.respond), name="convoys_convoy_respond"),
            path("<str:pk>/several/", view(self.several), name="convoys_convoy_several"),
            *super().get_urls(),
        ]

    def register(self, request: HttpRequest) -> HttpResponse:
        return register(self, request)

    def still_there(self, request: HttpRequest) -> HttpResponse:
        return still_there(self, request)

    def respond(self, request: HttpRequest, pk: int) -> HttpResponse:
        require(request, Role.VIEWER)
        return respond(request, pk, reverse("admin:convoys_convoy_change", args=[pk]))

    def several(self, request: HttpRequest, pk: str) -> HttpResponse:
        return several(self, request, pk)
