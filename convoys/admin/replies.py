"""Partners' own accounts before they are on record: staff read them, coordinators release or decline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation, User
from accounts.role_admin import ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys.admin.pages import event_named
from convoys.errors import ConvoyError, InvalidInput, NotPermitted
from convoys.models import AccountOffered, Event, OfferState, Place
from convoys.queries.offered import event_of, tell_offers
from convoys.services import replying
from convoys.vocabulary import Cause, SpeakerKind, Stance

LONGEST_NUMBER = 18


class DeclineForm(forms.Form):
    """Why it stays outside of the record."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=replying.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Its partner reads it."),
    )


@admin.register(AccountOffered)
class AccountOfferedAdmin(ReadOnlyAdmin):
    """What partners said in reply, and what became of it."""

    list_display = ["offered", "organisation", "convoy", "stance_told", "state"]
    list_display_links = ["offered"]
    list_filter = ["state"]
    list_select_related = ["organisation", "convoy"]
    search_fields = ["organisation__name", "convoy__reference"]
    ordering = ["-offered_at", "-pk"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "state__exact"

    @admin.display(description=gettext_lazy("offered"), ordering="offered_at")
    def offered(self, offer: AccountOffered) -> str:
        return date_format(offer.offered_at, "j M Y, H:i")

    @admin.display(description=gettext_lazy("stance"))
    def stance_told(self, offer: AccountOffered) -> str:
        return str(Stance(offer.stance).label)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/release/", view(self.release_view), name="convoys_accountoffered_release"),
            path("<int:pk>/decline/", view(self.decline_view), name="convoys_accountoffered_decline"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One account, with the two buttons of a coordinator while it waits."""
        if not has_role(request, Role.VIEWER):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        if not (object_id.isascii() and object_id.isdigit() and len(object_id) <= LONGEST_NUMBER):
            raise Http404
        return self._page(request, self._found(int(object_id)), DeclineForm())

    def release_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make it a claim, by POST alone."""
        user, offer = self._decided_by(request, pk)
        seen = request.POST.get("seen", "")
        newest = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= LONGEST_NUMBER else None
        try:
            released = replying.release(user, offer.uuid, newest)
        except ConvoyError as refusal:
            return self._refused(request, offer, refusal)
        if released is None:
            raise Http404
        told = _("Released: it stands on the record as entry %(n)s.") % {"n": released.sequence}
        self.log_change(request, offer, f"Released as entry {released.sequence}.")
        messages.success(request, told)
        return HttpResponseRedirect(reverse("admin:convoys_convoy_change", args=[offer.convoy_id]))

    def decline_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Leave it outside of the record, for a reason, by POST alone."""
        user, offer = self._decided_by(request, pk)
        form = DeclineForm(request.POST)
        if not form.is_valid():
            return self._page(request, offer, form, 422)
        try:
            if replying.decline(user, offer.uuid, form.cleaned_data["reason"]) is None:
                raise Http404
        except InvalidInput as refusal:
            form.add_error("reason", refusal.message)
            return self._page(request, offer, form, 422)
        except ConvoyError as refusal:
            return self._refused(request, offer, refusal)
        self.log_change(request, offer, "Declined.")
        messages.success(request, _("Declined. Its partner reads your reason."))
        return HttpResponseRedirect(self._address(offer))

    def _decided_by(self, request: HttpRequest, pk: int) -> tuple[User, AccountOffered]:
        if not has_role(request, Role.COORDINATOR) or not isinstance(request.user, User):
            raise PermissionDenied
        if request.method != "POST":
            raise Http404
        return request.user, self._found(pk)

    @staticmethod
    def _found(pk: int) -> AccountOffered:
        rows: QuerySet[AccountOffered] = AccountOffered.objects.select_related(
            "organisation", "author", "convoy", "decided_by"
        )
        found = rows.filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    @staticmethod
    def _address(offer: AccountOffered) -> str:
        return reverse("admin:convoys_accountoffered_change", args=[offer.pk])

    def _refused(self, request: HttpRequest, offer: AccountOffered, refusal: ConvoyError) -> HttpResponse:
        if isinstance(refusal, NotPermitted):
            raise PermissionDenied
        messages.error(request, refusal.message)
        return HttpResponseRedirect(self._address(offer))

    def _page(
        self, request: HttpRequest, offer: AccountOffered, form: DeclineForm, status: int = 200
    ) -> HttpResponse:
        (told,) = tell_offers([offer])
        chain = event_of(offer)
        event = Event.objects.filter(sequence=chain).first() if chain else None
        context = self.admin_site.each_context(request) | {
            "title": _("Account of %(who)s") % {"who": offer.organisation},
            "opts": self.opts,
            "offer": offer,
            "statement": told.account.get("statement", ""),
            "said": said(told.account),
            "stance": Stance(offer.stance).label,
            "about": event_named(event) if event is not None else "",
            "is_waiting": told.state == OfferState.WAITING,
            "may_decide": told.state == OfferState.WAITING and has_role(request, Role.COORDINATOR),
            "form": form,
        }
        return TemplateResponse(request, "admin/convoys/accountoffered/decide.html", context, status=status)


def said(account: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an account says besides its statement, with names for codes, for people to read."""
    holders = Organisation.objects.filter(code__in=account.get("holders", ())).values_list("name", flat=True)
    place = Place.objects.filter(code=account.get("place", "")).first()
    low, high = account.get("tonnes_low"), account.get("tonnes_high")
    tonnes = "" if low is None else _("at least %(low)s") % {"low": low} if high is None else f"{low}–{high}"
    kind = account.get("speaker_kind")
    rows = [
        (_("Speaks as"), str(SpeakerKind(kind).label) if kind else ""),
        (_("Person"), account.get("person", "")),
        (_("Said on"), account.get("said_on", "")),
        (_("Held by"), "; ".join(holders)),
        (_("Why"), "; ".join(str(Cause(code).label) for code in account.get("causes", ()))),
        (_("When"), account.get("happened", "")),
        (_("Where"), str(place) if place is not None else account.get("place_words", "")),
        (_("Trucks"), str(account.get("trucks", ""))),
        (_("Tonnes"), tonnes),
        (_("Document"), account.get("title", "")),
        (_("Link"), account.get("link", "")),
        (_("Language"), account.get("language", "")),
    ]
    return [(label, text) for label, text in rows if text]
