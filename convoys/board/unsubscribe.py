"""The link in every mail that stops them. GET shows what would end; POST ends it, without signing in.

A mail program's own button posts here by itself (RFC 8058): no page before it, no cookie and so no
CSRF token; the random token in the address is what allows it. Everybody else presses the button of
the page. Mail scanners that follow links only GET, and change nothing.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from convoys.queries.subscriptions import named_and_seen, scope_words
from convoys.queries.visibility import viewer_of
from convoys.services.messaging.unsubscribe import find_token, restore, subscriptions_behind, unsubscribe


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """What the link ends, in the language of the person to whom it was sent."""
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        return _page(request, token)
    return _page_with_form(request, token)


def _page(request: HttpRequest, token: str) -> HttpResponse:
    found = find_token(token)
    if found is None:
        return render(request, "alerts/unknown_link.html", status=404)
    with translation.override(found.user.language):
        did = ""
        behind = subscriptions_behind(found)
        if request.method == "POST" and "undo" in request.POST:
            did, behind = "undone" if restore(found) else "", subscriptions_behind(found)
        elif request.method == "POST":
            unsubscribe(found)
            did = "done"
        seen = named_and_seen(behind, viewer_of(found.user))
        context = {
            "subscriptions": [scope_words(subscription, seen) for subscription in behind],
            "did": did,
            "may_undo": not did and not behind and found.used_at is not None,
        }
        return render(request, "alerts/unsubscribe.html", context)


_page_with_form = csrf_protect(_page)
