"""Events, claims and ledger entries, one by one and only to be looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.role_admin import ReadOnlyAdmin
from convoys import wording
from convoys.clocks import zone_named
from convoys.models import Claim, Event, LedgerEntry


class EntryAdmin(ReadOnlyAdmin):
    list_per_page = 50
    show_full_result_count = False
    ordering = ["-sequence"]
    list_display_links = ["sequence"]


@admin.register(Event)
class EventAdmin(EntryAdmin):
    list_display = ["sequence", "act", "kind", "subject", "occurred", "place", "audience", "author"]
    list_select_related = ["convoy", "control_point__place", "agreement", "place", "author"]
    search_fields = ["convoy__reference", "control_point__pk", "agreement__code"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        names = ("place__names", "control_point__place__names")
        return super().get_queryset(request).prefetch_related(*names)

    @admin.display(description="occurred", ordering="occurred_at")
    def occurred(self, event: Event) -> str:
        return wording.moment(
            event.occurred_at, event.precision, event.bound, zone_named(event.time_zone), short=True
        )

    @admin.display(description="subject")
    def subject(self, event: Event) -> Any:
        return event.convoy or event.control_point or event.agreement


@admin.register(Claim)
class ClaimAdmin(EntryAdmin):
    list_display = [
        "sequence",
        "act",
        "stance",
        "speaker_kind",
        "said_on",
        "reported_on",
        "audience",
        "author",
    ]
    list_select_related = ["author"]
    search_fields = ["target_event__convoy__reference", "target_convoy__reference"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(EntryAdmin):
    list_display = ["sequence", "type", "leaf"]
    fields = ["sequence", "type", "leaf"]
    readonly_fields = ["sequence", "type", "leaf"]

    @admin.display(description="leaf hash")
    def leaf(self, entry: LedgerEntry) -> str:
        return bytes(entry.leaf_hash).hex()
