"""The daily round: one report that nothing changed, for all convoys that were asked about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from convoys.admin import writing
from convoys.admin.choices import choices_for
from convoys.admin.forms.base import Section
from convoys.admin.forms.report import ReportForm
from convoys.admin.forms.when import chosen_when, now_in
from convoys.admin.rows import Row, rows_of
from convoys.admin.sending import ONLY_SHOW, refused, require
from convoys.clocks import instance_zone, zone_named
from convoys.errors import Conflict, ConvoyError
from convoys.models import ControlPoint, Convoy
from convoys.queries import desk
from convoys.services.changes import Record, Step, SubjectRef, convoy
from convoys.vocabulary import KINDS, OPEN_STATES, Audience, SubjectType

SEEN = next(kind for kind in KINDS.values() if kind.group == "seen")
MOST = 200


@dataclass
class Round:
    """Convoys to choose from, those that are ticked, and the control point they stand before."""

    points: list[tuple[ControlPoint, int]]
    point: str
    rows: list[Row]
    ticked: set[int]
    form: StillThereForm
    seen: dict[int, int | None]

    @property
    def point_row(self) -> ControlPoint | None:
        return next((point for point, _count in self.points if point.pk == self.point), None)

    @property
    def lines(self) -> list[tuple[Row, bool, int | None]]:
        return [(row, row.convoy.pk in self.ticked, self.seen.get(row.convoy.pk)) for row in self.rows]


class StillThereForm(ReportForm):
    """Who saw them, and when: where each convoy stands is on record."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, kind=replace(SEEN, allowed=frozenset()), subject=None, **more)
        del self.fields["note"], self.fields["note_audience"]

    def sections(self) -> Iterator[Section]:
        """What the daily round needs stands open; the document and the words are folded."""
        yield Section("", [self.when_row(), self.row("speaker"), self.row("speaker_kind", style="radios")])
        words = [self.row("statement"), self.row("wording", style="radios")]
        words += [self.row("link", "said_on", style="said", label=_("Where, and when said"))]
        words += [self.row("publisher"), self.row("title"), self.row("speaker_person")]
        words += [self.row("language", "reported_on", style="pair", label=_("Language, day of the document"))]
        words += [self.row("is_confidential", style="tick"), self.row("audience", style="radios")]
        yield Section(_("Words, document and readers"), words, is_folded=True)

    def steps_for(self, convoys: Sequence[Convoy]) -> list[Step]:
        """One report a convoy, with the same account; a day is the day of the place where it stands."""
        steps: list[Step] = []
        for one in convoys:
            # A time was read off one clock; a day is the day of the place where each convoy stands.
            exact = self.cleaned_data.get("time") is not None
            zone = self.home if exact else zone_named(one.stands_at.time_zone if one.stands_at else "")
            steps.append(
                Record(
                    convoy(one.reference), SEEN.code, chosen_when(self, zone), place=one.stands_at_id or "",
                    audience=self.cleaned_data["audience"], claims=self.carried["claims"],
                )
            )  # fmt: skip
        return steps


def round_for(request: HttpRequest, data: Mapping[str, Any] | None = None) -> Round:
    """The round as it is asked for: before one control point, or of convoys ticked in a list."""
    query = request.POST if data is not None else request.GET
    ticked = {
        int(key)
        for key in query.getlist("convoy")[:MOST]
        if key.isascii() and key.isdigit() and len(key) < 19
    }
    points = desk.points_with_convoys()
    point = query.get("control_point", "")
    if point not in {p.pk for p, _count in points}:
        point = "" if ticked or not points else points[0][0].pk
    rows = desk.standing_before(point) if point else []
    here = {row.pk for row in rows}
    rows += list(
        desk.desk_convoys().filter(pk__in=ticked - here, status__in=OPEN_STATES).order_by("reference")
    )
    exercise = bool(rows) and all(row.is_exercise for row in rows)
    place = rows[0].stands_at if rows else None
    zone = zone_named(place.time_zone) if place else instance_zone()
    now = timezone.now()
    form = StillThereForm(
        data,
        choices=choices_for(exercise),
        default_audience=Audience.PARTIES,
        zone=zone,
        initial=now_in(zone, now, with_time=True),
    )
    seen = {row.pk: row.newest_entry for row in rows}
    if data is not None:
        seen |= {pk: _number(data.get(f"seen_{pk}", "")) for pk in seen}
    return Round(points, point, rows_of(rows[:MOST], now), ticked, form, seen)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def still_there(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """The page of the round, and its one change set."""
    require(request, SEEN.role)
    status = 200
    if request.method != "POST":
        return _page(model_admin, request, round_for(request))
    current = round_for(request, request.POST)
    form = current.form
    if any(name in request.POST for name in ONLY_SHOW):
        now = now_in(form.home, timezone.now(), with_time=True)
        form.send_again(day=now["day"], time=now["time"].strftime("%H:%M"), precision="")
        form.without_errors()
        return _page(model_admin, request, current)
    chosen = [row.convoy for row in current.rows if row.convoy.pk in current.ticked]
    if form.is_valid() and not chosen:
        form.add_error(None, _("Tick at least one convoy that was asked about."))
    if form.is_valid():
        steps = form.steps_for(chosen)
        seen: dict[SubjectRef, int | None] = {
            SubjectRef(SubjectType.CONVOY, one.reference): current.seen[one.pk] for one in chosen
        }
        try:
            written = writing.write(request, steps, seen, form.cleaned_data["uuid"])
        except ConvoyError as error:
            status = refused(form, error, None)
            if isinstance(error, Conflict):
                current.seen = {one.pk: one.newest_entry for one in (row.convoy for row in current.rows)}
        else:
            what = ngettext("%(count)s convoy still there", "%(count)s convoys still there", len(chosen))
            writing.tell(request, model_admin, written, chosen, what % {"count": len(chosen)})
            return HttpResponseRedirect(
                request.path + (f"?control_point={current.point}" if current.point else "")
            )
    return _page(model_admin, request, current, status)


def _page(model_admin: ModelAdmin, request: HttpRequest, current: Round, status: int = 200) -> HttpResponse:
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts,
        "title": _("Still there?"),
        "round": current,
    }
    return TemplateResponse(request, "admin/convoys/still_there.html", context, status=status)
