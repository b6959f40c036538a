"""A report or an account as it should have been: the same form, filled with what it says, and a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from convoys.admin.choices import Choices
from convoys.admin.forms import declaring
from convoys.admin.forms.account import AccountForm
from convoys.admin.forms.account_fields import account_names
from convoys.admin.forms.base import Section
from convoys.admin.forms.columns import TONNAGES
from convoys.admin.forms.fields import ELSEWHERE, Text, tonnage_initial
from convoys.admin.forms.report import ReportForm
from convoys.clocks import zone_named
from convoys.models import Claim, Event
from convoys.queries.desk_record import Account as ToldAccount
from convoys.queries.desk_record import Line
from convoys.services.changes import Account, Record, SubjectRef, When
from convoys.vocabulary import KINDS, Item, Precision

EXACT = (Precision.MINUTE, Precision.HOUR)


def _reason() -> Text:
    return Text(_("Why it is corrected"), limit=2000, rows=2, required=True)


def report_initial(line: Line, choices: Choices) -> dict[str, Any]:
    """The values that show an event in the form of its kind."""
    event, kind = line.event, KINDS[line.event.kind]
    local = event.occurred_at.astimezone(zone_named(event.time_zone))
    initial: dict[str, Any] = {
        "day": local.date(),
        "time": local.time().replace(second=0, microsecond=0) if event.precision in EXACT else None,
        "precision": event.precision,
        "bound": event.bound,
        "time_as_printed": line.words.get("time_as_printed", ""),
        "text": line.words.get("text", ""),
        "heading": event.heading_id or "",
        "decided_by": event.decided_by,
        "decided_by_organisation": choices.organisation_named(event.decided_by_organisation_id),
        "access": event.access,
        "loss_mode": event.loss_mode,
        "shortfall_reason": event.shortfall_reason,
        "other_convoy": event.other_convoy.reference if event.other_convoy else "",
        "next_carrier": choices.organisation_named(event.next_carrier_id),
    }
    near = {"place": choices.way, "held_before": [code for code, _name in choices.points_of_the_way()]}
    for name, code in (("place", event.place_id), ("held_before", event.held_before_id)):
        is_near = code is None or code in near[name]
        initial[name] = (code or "") if is_near else ELSEWHERE
        initial[f"{name}_elsewhere"] = "" if is_near else code
    if "trucks" in kind.allowed:
        initial["trucks"] = event.trucks
    for part in TONNAGES:
        low, high = getattr(event, f"{part}tonnes_low"), getattr(event, f"{part}tonnes_high")
        initial |= tonnage_initial(low, high, part) if f"{part}tonnes_low" in kind.allowed else {}
    if "visible_to" in kind.allowed:
        named = event.declares.get("visible_to") or []
        everybody = named == "all_partners"
        initial["shared"] = "all_partners" if everybody else "named" if named else ""
        initial["shared_with"] = "" if everybody else "; ".join(choices.organisation_named(c) for c in named)
    return initial


class CorrectReportForm(ReportForm):
    """What the report should have said. Its accounts, its note and its readers stay as they are."""

    has_now = False

    def __init__(self, *args: Any, event: Event, ref: SubjectRef, choices: Choices, **more: Any) -> None:
        self.event = event
        super().__init__(
            *args,
            kind=KINDS[event.kind],
            subject=ref,
            choices=choices,
            default_audience=event.audience,
            declared={name: value for name, value in event.declares.items() if name in Item.values},
            zone=zone_named(event.time_zone),
            **more,
        )
        for name in (*account_names(self), "audience", "account_audience", "note", "note_audience"):
            self.fields.pop(name, None)
        self.fields["reason"] = _reason()

    def sections(self) -> Iterator[Section]:
        printed = self.row("time_as_printed")
        yield Section("", [self.row("reason"), self.when_row(), printed, *self._column_rows()])
        yield from declaring.declaration_sections(self) if self.kind.items else ()

    def check_changes(self, declares: dict[str, Any]) -> None:
        """A correction may change the time alone."""

    def contents(self, ref: SubjectRef) -> Record:
        """The whole report as it should have been: what was not touched as it stood."""
        kept = dict(self.declared)
        for name in (Item.PLANNED_DEPARTURE, Item.DUE_ARRIVAL):
            if kept.get(name):
                kept[name] = datetime.fromisoformat(kept[name])
        carried = self.carried | {"declares": kept | self.carried["declares"]}
        return Record(ref, self.kind.code, self.when, audience=self.event.audience, **carried)


def account_initial(account: ToldAccount, choices: Choices, zone: ZoneInfo) -> dict[str, Any]:
    """The values that show a claim in the form of an account."""
    claim, words = account.claim, account.words
    local = claim.alleged_at.astimezone(zone) if claim.alleged_at else None
    is_exact = claim.alleged_precision in EXACT
    initial: dict[str, Any] = {
        "speaker": account.speaker,
        "speaker_person": words.get("person", ""),
        "speaker_kind": claim.speaker_kind,
        "is_confidential": claim.is_confidential,
        "stance": claim.stance,
        "statement": words.get("statement", ""),
        "wording": "verbatim" if claim.is_verbatim else "",
        "publisher": account.publisher,
        "said_on": claim.said_on,
        "reported_on": claim.reported_on,
        "alleged_holders": "; ".join(account.holders),
        "alleged_day": local.date() if local else None,
        "alleged_time": local.time().replace(second=0, microsecond=0) if local and is_exact else None,
        "alleged_place": claim.alleged_place_id or "",
        "alleged_place_words": words.get("alleged_place_words", ""),
        "alleged_access": claim.alleged_access,
        "alleged_order": claim.alleged_order,
        "alleged_link": claim.alleged_link,
        "alleged_convoy": claim.alleged_convoy.reference if claim.alleged_convoy else "",
        "alleged_trucks": claim.alleged_trucks,
    }
    initial |= {name: words.get(name, "") for name in ("title", "link", "language")}
    for number, cause in enumerate(claim.alleged_causes, 1):
        initial["cause" if number == 1 else f"cause_{number}"] = cause
    return initial | tonnage_initial(claim.alleged_tonnes_low, claim.alleged_tonnes_high, "alleged_")


class CorrectAccountForm(AccountForm):
    """What the account should have said."""

    def __init__(self, *args: Any, claim: Claim, **more: Any) -> None:
        self.claim = claim
        is_link = claim.target_item == Item.LINKS
        super().__init__(*args, causes=max(2, len(claim.alleged_causes)), is_link=is_link, **more)
        self.fields["reason"] = _reason()

    def sections(self) -> Iterator[Section]:
        yield Section("", [self.row("reason")])
        yield from super().sections()

    def alleged_when(self) -> When | None:
        """As it stood where nobody touched it: it may be known to the hour or the month."""
        untouched = not {"alleged_day", "alleged_time"} & set(self.changed_data)
        if untouched and self.claim.alleged_at is not None:
            return When(self.claim.alleged_at, self.claim.alleged_precision)
        return super().alleged_when()

    def contents(self, ref: SubjectRef) -> Account:
        account = self.account()
        if account is None:
            raise ValueError("an account form always asks for its speaker")
        return account
