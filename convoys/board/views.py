"""The pages for readers. Everything is narrowed to the viewer in the queries; strangers sign in first."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from convoys.board.citation import as_cited, citation_of, cited_in
from convoys.board.convoy import convoy_context
from convoys.board.day import ASKED, Day, of_a_day, the_present
from convoys.board.listing import found, rows_at
from convoys.board.situation import situation_context
from convoys.models import Route
from convoys.queries.convoy_page import complete, convoy_of
from convoys.queries.visibility import viewer_of, visible_convoys
from convoys.vocabulary import State

PER_PAGE = 50


@of_a_day
def situation(request: HttpRequest, day: Day) -> HttpResponse:
    """What is held, stopped and on the road on the day."""
    context = situation_context(viewer_of(request.user), day)
    template = "board/situation.html" if context["has_convoys"] else "board/empty.html"
    said = day.said(context["is_backfilled"])
    return render(request, template, {"section": "situation", "day": said, **context})


@of_a_day
def convoy_list(request: HttpRequest, day: Day) -> HttpResponse:
    """Every convoy this viewer may know of that was on record on the day, exercises as they are now."""
    viewer = viewer_of(request.user)
    page = Paginator(found(viewer, request.GET, day.moment), PER_PAGE).get_page(request.GET.get("page"))
    rows, is_backfilled = rows_at(list(page.object_list), day)
    asked = {key: value for key, value in request.GET.items() if key != "page" and value}
    return render(
        request,
        "board/convoys.html",
        {
            "section": "convoys",
            "day": day.said(is_backfilled),
            "page": page,
            "rows": rows,
            "asked": asked,
            "is_filtered": bool(asked.keys() - set(ASKED)),
            "kept": [(key, value) for key, value in asked.items() if key not in ASKED],
            "query": urlencode(asked),
            "states": State.choices,
            "routes": Route.objects.filter(convoys__in=visible_convoys(viewer)).distinct(),
        },
    )


@of_a_day
def convoy_page(request: HttpRequest, day: Day, reference: str) -> HttpResponse:
    """One convoy; another's gets the same answer as one that does not exist."""
    viewer = viewer_of(request.user)
    convoy = convoy_of(viewer, reference) if "\x00" not in reference else None
    if convoy is None:
        raise Http404
    if convoy.is_exercise and day.is_opening:
        day = the_present()
    cited = cited_in(request.GET.get("ledger", ""))
    day = as_cited(day, cited)
    complete(convoy, day.moment)
    if not convoy.status:
        said = day.said(convoy.events.filter(backfilled=True).exists())
        not_yet = {"section": "convoys", "day": said, "reference": reference}
        return render(request, "board/not_yet.html", not_yet, status=404)
    context = convoy_context(viewer, convoy, day)
    context |= {
        "section": "convoys",
        "day": day.said(context["is_backfilled"]),
        "citation": citation_of(request.path, day, cited),
        "cited": cited,
    }
    return render(request, "board/convoy.html", context)


@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """Where programs find the same record."""
    return render(request, "board/data.html", {"section": "data"})
