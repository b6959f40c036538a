"""The page of one subject: its head, what can be recorded now, and its record with all accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.role_admin import has_role
from accounts.roles import Role
from convoys import wording
from convoys.admin.day import moment_of, no_such_day, shown_day
from convoys.admin.responding import responding_to
from convoys.admin.rows import row_of
from convoys.admin.subjects import DeskSubject
from convoys.cargo_wording import figures_in_words
from convoys.clocks import zone_named
from convoys.errors import InvalidInput
from convoys.models import ControlPoint, Convoy, Event
from convoys.queries import desk
from convoys.queries.access import set_access_back
from convoys.queries.as_of import Moment
from convoys.queries.board import load_at
from convoys.queries.contested import HOW_MUCH, in_order
from convoys.queries.desk_record import Line, record_of
from convoys.queries.offered import undecided
from convoys.replay import History, legal_kinds
from convoys.transitions import TRANSITIONS, intended_state, next_state
from convoys.vocabulary import FINAL_STATES, KINDS, Item, Kind, SubjectType

# Headings of the kinds that leave the state as it is, in the order of the page.
LINES_BESIDE_FORM = 6
LATE = "late"  # in the address of a form: a report of what happened before the last entry
GROUPS = {
    "way": _("On the way"),
    "access": _("Access and reception"),
    "record": _("The record"),
}


@dataclass(frozen=True)
class Action:
    """One thing that can be recorded now. `state` is where it leads, "" where the state stays."""

    kind: Kind
    url: str
    state: str = ""
    is_chosen: bool = False

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES


@dataclass(frozen=True)
class Actions:
    """What can be recorded, as the page lays it out: the daily round first. `late` is what may have
    changed the state before the last entry, whatever is legal now."""

    first: list[Action]
    moves: list[Action]
    others: list[tuple[Any, list[Action]]]
    late: list[Action] = field(default_factory=list)


def leads_to(kind: Kind, history: History | None) -> str:
    """The state that a report of this kind leads to now; "" where it changes none."""
    if history is None or kind.code not in TRANSITIONS:
        return ""
    facts = history.facts
    return next_state(kind.code, facts.state, facts) or intended_state(kind.code, facts)


def may_be_recorded(kind: Kind, subject: DeskSubject, history: History | None) -> bool:
    """Whether the record allows it now; who may record it is another question."""
    if history is None:
        return True
    if kind.group == "state":
        return kind.code in legal_kinds(history.facts) and kind.code != "registered"
    return bool(history.facts.state) and (kind.after_final or history.facts.state not in FINAL_STATES)


def actions_for(
    request: HttpRequest, subject: DeskSubject, history: History | None, chosen: Kind | None = None
) -> Actions:
    """The buttons of a subject's page, those that this person may press."""
    groups: dict[str, list[Action]] = {}
    late: list[Action] = []
    for kind in subject.kinds():
        if not has_role(request, kind.role):
            continue
        if kind.code in TRANSITIONS and kind.code != "registered":
            late.append(Action(kind, f"{subject.url('record', kind.code)}?{LATE}=1"))
        if not may_be_recorded(kind, subject, history):
            continue
        act = Action(kind, subject.url("record", kind.code), leads_to(kind, history), kind == chosen)
        groups.setdefault(kind.group, []).append(act)
    if subject.type != SubjectType.CONVOY:
        flat = [act for group in groups.values() for act in group]
        return Actions([], sorted(flat, key=lambda act: "text" in act.kind.allowed), [])
    others = [(title, groups[group]) for group, title in GROUPS.items() if group in groups]
    return Actions(groups.get("seen", []), groups.get("state", []), others, late)


def lines_about(lines: list[Line], chain: int | None) -> list[Line]:
    """What an open form is about: the line of this event or account, else the newest few."""
    if chain is None:
        return lines[:LINES_BESIDE_FORM]

    def told_in(line: Line) -> bool:
        answers = [answer for account in line.accounts for answer in account.answers]
        chains = {account.claim.chain for account in [*line.accounts, *answers]}
        return not line.is_inferred and (line.event.chain == chain or chain in chains)

    return [line for line in lines if told_in(line)]


def page_context(
    model_admin: ModelAdmin,
    request: HttpRequest,
    subject: DeskSubject,
    chosen: Kind | None = None,
    about: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Everything that the page of a subject shows."""
    moment: Moment = more.pop("moment", Moment())
    now = moment.asked
    told = record_of(subject.row, moment)
    points = in_order([*told.contested, *(point for line in told.lines for point in line.contested)])
    if isinstance(subject.row, Convoy):
        points = desk.contested_among([subject.row.pk], moment).get(subject.row.pk, ())
    # Beside an open form the newest lines are enough to see what has been said, and no link leads away.
    has_form = "form" in more
    shown = lines_about(told.lines, about) if has_form else told.lines
    may_act = moment.is_now and not has_form
    every = [*told.accounts, *(account for line in told.lines for account in line.accounts)]
    row = row_of(subject.row, now, contested=points) if isinstance(subject.row, Convoy) else None
    user = request.user
    return (
        model_admin.admin_site.each_context(request)
        | {
            "opts": model_admin.opts,
            "title": subject.name,
            "subject": subject,
            "row": row,
            "told": told,
            "lines": shown,
            "contested": points,
            "actions": actions_for(request, subject, told.history, chosen) if moment.is_now else None,
            "may_record": moment.is_now and has_role(request, Role.DESK_OFFICER),
            "may_answer": may_act and has_role(request, Role.DESK_OFFICER),
            "may_correct": may_act and has_role(request, Role.COORDINATOR),
            "may_erase": may_act and has_role(request, Role.ADMINISTRATOR),
            "figures_told": figures_in_words(every) if HOW_MUCH in points else "",
            "is_about": about is not None,
            "day": shown_day(request, moment, any(line.event.backfilled for line in told.lines)),
            "reader": user.pk if isinstance(user, User) else None,
            "items": items_of(subject) if isinstance(subject.row, Convoy) else [],
            "now": now,
            "moment": moment,
            "waiting": undecided().filter(convoy=subject.row)
            if may_act and isinstance(subject.row, Convoy)
            else [],
            "responding": responding_to(user, subject.row)
            if moment.is_now and isinstance(subject.row, Convoy) and isinstance(user, User)
            else None,
        }
        | more
    )


def event_named(event: Event) -> str:
    """An event as the heading of a form about it: "Held, 29 Aug 2023"."""
    zone = zone_named(event.time_zone)
    when = wording.moment(event.occurred_at, event.precision, event.bound, zone, short=True)
    return f"{KINDS[event.kind].label}, {when}"


def items_of(subject: DeskSubject) -> list[tuple[str, Any]]:
    """Items of the declaration on which an account can be added, with their names."""
    return [(item.value, item.label) for item in Item]


def subject_page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    subject: DeskSubject,
    chosen: Kind | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The page itself, with a form in it where one is open; without one, of the day asked for."""
    if "form" not in more:
        try:
            more["moment"] = moment = moment_of(request)
        except InvalidInput as error:
            return no_such_day(model_admin, request, error.fields)
        if not set_subject_back(subject, moment):
            problem = _("%(name)s was not on record then.") % {"name": subject.name}
            return no_such_day(model_admin, request, {"as_of": problem}, status=404)
    context = page_context(model_admin, request, subject, chosen, **more)
    return TemplateResponse(request, "admin/convoys/page.html", context, status=status)


def set_subject_back(subject: DeskSubject, moment: Moment) -> bool:
    """Set a subject's columns to the moment's; says whether it was on record then."""
    if moment.is_now:
        return True
    if isinstance(subject.row, Convoy):
        load_at([subject.row], moment)
        return bool(subject.row.status)
    if isinstance(subject.row, ControlPoint):
        set_access_back([subject.row], moment)
    return True
