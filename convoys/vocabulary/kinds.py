"""The kinds of event, one row each.

Forms, validation, serializers and docs read this table; nothing else lists a kind by name to
decide what it may carry. From which state to which a kind leads stands only in the FSM
declaration (`convoys.models.states`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from convoys.vocabulary.codes import DECLARED_ITEMS, CargoPart, Implied, Item, SubjectType

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

CONVOY = frozenset({SubjectType.CONVOY})
WHERE = frozenset({"place"})
LOAD = frozenset({"trucks", "tonnes_low", "tonnes_high"})
DECISION = frozenset({"decided_by", "decided_by_organisation"})
DAMAGED = frozenset({"damaged_tonnes_low", "damaged_tonnes_high"})
REFUSED = frozenset({"refused_tonnes_low", "refused_tonnes_high"})
SHORTFALL = frozenset({"shortfall_reason"})


@dataclass(frozen=True)
class Kind:
    """One kind of event: what it is about, what it must and may carry, and what follows from it.

    `required` and `allowed` name columns of the event (allowed includes required); `reports`
    says whether it reports the convoy's position or state; `items` which items of the
    declaration it may state; `desk_act` that its author stands for it without a claim;
    `ends_hold` how a hold that it ends is said to have ended: of a kind that changes no state another
    hold begins there. `accounts_for` says what became of the tonnes that it states: of a kind that
    ends the journey, of all the rest where it states none.
    """

    code: str
    label: str | _StrPromise
    subjects: frozenset[SubjectType] = CONVOY
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    reports: bool = False
    items: frozenset[Item] = frozenset()
    after_final: bool = False
    ends_hold: str = ""
    accounts_for: str = ""
    implies: tuple[Implied, ...] = ()
    desk_act: bool = False
    role: Role = Role.DESK_OFFICER
    group: str = "record"

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", self.allowed | self.required)

    @property
    def is_told_to_all(self) -> bool:
        """Whether all who see the convoy see it: states and holds must not differ from reader to reader."""
        return self.group == "state" or bool(self.ends_hold)


ALL_ITEMS = DECLARED_ITEMS
REROUTE_ITEMS = frozenset({Item.ROUTE, Item.DESTINATION, Item.CONSIGNEE})
R = Implied


def _named(*kinds: Kind) -> dict[str, Kind]:
    return {kind.code: kind for kind in kinds}


KINDS: dict[str, Kind] = _named(
    # Kinds that change the state.
    Kind("registered", _("Registered"), allowed=WHERE, items=ALL_ITEMS, desk_act=True, group="state"),
    Kind("departed", _("Departed"), allowed=WHERE | LOAD | {"heading"}, reports=True, group="state"),
    Kind(
        "stopped",
        _("Stopped"),
        allowed=WHERE,
        reports=True,
        group="state",
        ends_hold="eased to stopped",
        implies=(R.DEPARTED_IF_AWAY,),
    ),
    Kind("resumed", _("Resumed"), allowed=WHERE | {"heading"}, reports=True, group="state"),
    Kind(
        "held",
        _("Held"),
        allowed=WHERE | {"held_before"},
        reports=True,
        group="state",
        implies=(R.DEPARTED_IF_AWAY,),
    ),
    Kind(
        "released",
        _("Released"),
        allowed=WHERE | DECISION | {"heading"},
        reports=True,
        group="state",
        ends_hold="released",
    ),
    Kind(
        "turned_back",
        _("Turned back"),
        required=frozenset({"decided_by"}),
        group="state",
        allowed=WHERE | DECISION | {"heading"},
        reports=True,
        ends_hold="turned back",
    ),
    Kind(
        "delivered",
        _("Delivered"),
        allowed=WHERE | LOAD | DAMAGED | REFUSED | SHORTFALL,
        reports=True,
        group="state",
        ends_hold="delivered",
        accounts_for=CargoPart.DELIVERED,
        implies=(R.RELEASED_IF_ELSEWHERE, R.DEPARTED_UNLESS_AT_ORIGIN),
    ),
    Kind(
        "returned",
        _("Returned"),
        allowed=WHERE | LOAD | DAMAGED | SHORTFALL,
        reports=True,
        group="state",
        ends_hold="returned",
        accounts_for=CargoPart.RETURNED,
        implies=(R.DEPARTED_UNLESS_AT_ORIGIN,),
    ),
    Kind(
        "lost",
        _("Lost"),
        required=frozenset({"loss_mode"}),
        allowed=WHERE | LOAD | SHORTFALL,
        reports=True,
        group="state",
        ends_hold="lost",
        accounts_for=CargoPart.LOST,
        implies=(R.DEPARTED_UNLESS_AT_ORIGIN,),
    ),
    Kind(
        "cancelled",
        _("Cancelled"),
        required=frozenset({"decided_by"}),
        group="state",
        allowed=WHERE | DECISION,
        reports=True,
        ends_hold="cancelled",
    ),
    # Kinds that change no state.
    Kind("seen", _("Still there"), allowed=WHERE, reports=True, after_final=True, group="seen"),
    Kind(
        "arrived",
        _("Arrived"),
        required=WHERE,
        allowed=WHERE,
        reports=True,
        after_final=True,
        group="way",
        implies=(R.RESUMED_IF_ELSEWHERE,),
    ),
    Kind(
        "passed",
        _("Passed"),
        required=WHERE,
        allowed=WHERE | LOAD | {"heading"},
        reports=True,
        after_final=True,
        group="way",
        implies=(R.RELEASED_IF_PAST_HOLD, R.DEPARTED, R.RESUMED),
    ),
    Kind("inspected", _("Inspected"), allowed=WHERE, reports=True, after_final=True, group="way"),
    Kind(
        "rerouted",
        _("Rerouted"),
        allowed=WHERE | DECISION | {"heading"},
        items=REROUTE_ITEMS,
        after_final=True,
        group="way",
    ),
    Kind(
        "handed_over",
        _("Handed over"),
        required=frozenset({"next_carrier"}),
        allowed=WHERE | LOAD | {"other_convoy"},
        reports=True,
        after_final=True,
        group="way",
        ends_hold="handed over",
    ),
    Kind(
        "split_off",
        _("Split off"),
        required=frozenset({"other_convoy"}),
        allowed=WHERE | LOAD,
        reports=True,
        after_final=True,
        group="way",
        accounts_for=CargoPart.SPLIT_OFF,
    ),
    Kind(
        "part_delivered",
        _("Part delivered"),
        allowed=WHERE | LOAD | DAMAGED | REFUSED,
        reports=True,
        after_final=True,
        group="way",
        accounts_for=CargoPart.DELIVERED,
    ),
    Kind(
        "part_lost",
        _("Part lost"),
        required=frozenset({"loss_mode"}),
        allowed=WHERE | LOAD,
        reports=True,
        after_final=True,
        group="way",
        accounts_for=CargoPart.LOST,
    ),
    Kind(
        "part_returned",
        _("Part returned"),
        allowed=WHERE | LOAD | DAMAGED,
        reports=True,
        after_final=True,
        group="way",
        accounts_for=CargoPart.RETURNED,
    ),
    Kind("access_granted", _("Access granted"), allowed=WHERE | DECISION, after_final=True, group="access"),
    Kind("access_denied", _("Access denied"), allowed=WHERE | DECISION, after_final=True, group="access"),
    Kind(
        "refused_by_recipient",
        _("Refused by recipient"),
        allowed=WHERE | DECISION | LOAD,
        after_final=True,
        group="access",
        accounts_for=CargoPart.REFUSED,
    ),
    Kind("amended", _("Amended"), items=ALL_ITEMS, desk_act=True, after_final=True),
    Kind("action", _("Action taken"), allowed=WHERE, after_final=True),
    Kind("tracking_ended", _("Tracking ended"), desk_act=True, after_final=True),
    Kind(
        "visibility_changed",
        _("Visibility changed"),
        required=frozenset({"visible_to"}),
        desk_act=True,
        after_final=True,
        role=Role.COORDINATOR,
    ),
    Kind(
        "note",
        _("Note"),
        required=frozenset({"text"}),
        subjects=frozenset(SubjectType),
        allowed=WHERE,
        desk_act=True,
        after_final=True,
    ),
    # Control points.
    Kind(
        "access_changed",
        _("Access changed"),
        required=frozenset({"access"}),
        allowed=WHERE,
        subjects=frozenset({SubjectType.CONTROL_POINT}),
    ),
    # Agreements.
    *(
        Kind(code, label, allowed=WHERE | DECISION, subjects=frozenset({SubjectType.AGREEMENT}))
        for code, label in (
            ("discussed", _("Discussed")),
            ("agreed", _("Agreed")),
            ("consented", _("Consented")),
            ("refused", _("Refused")),
            ("denied", _("Denied")),
            ("carried_out", _("Carried out")),
        )
    ),
)

KIND_CHOICES = [(kind.code, kind.label) for kind in KINDS.values()]
