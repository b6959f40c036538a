"""The link in every mail that stops them. GET shows what would end; POST ends it, without signing in.

A mail program's own button posts here by itself (RFC 8058): no page before it, no cookie and so no
CSRF token; the random token in the address is what allows it. Mail scanners that follow links only
GET, and change nothing.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from convoys.queries.subscriptions import named_and_seen, scope_words
from convoys.queries.visibility import viewer_of
from convoys.services.messaging.unsubscribe import find_token, subscriptions_behind, unsubscribe


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """What the link ends, in the language of the person to whom it was sent."""
    found = find_token(token)
    if found is None:
        raise Http404
    with translation.override(found.user.language):
        ending = subscriptions_behind(found)
        seen = named_and_seen(ending, viewer_of(found.user))
        behind = [scope_words(subscription, seen) for subscription in ending]
        is_done = request.method == "POST"
        if is_done:
            unsubscribe(found)
        context = {"subscriptions": behind, "is_done": is_done, "was_used": found.used_at is not None}
        return render(request, "alerts/unsubscribe.html", context)
