"""Who sees what. Deny by default: every list of convoys, events and claims starts here.

Staff see all. A partner sees the convoys it is a party to, those shared with it by name and those
shared with all partners; of their entries, those whose audience includes it. Nobody else sees
anything. Visibility is always asked of now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.roles import Role, may
from convoys.models import Claim, Convoy, ConvoyOrganisation, Event, Part
from convoys.vocabulary import UNREGISTERED, Audience


class Relation(Enum):
    """What a viewer is to a convoy; what is about no convoy, a partner reads as `PARTNER`."""

    STAFF = "staff"
    PARTY = "party"
    PARTNER = "partner"
    STRANGER = "stranger"


# The audiences that each is among. Querysets and `queries.sight` go by this table alone.
READS = {
    Relation.STAFF: frozenset(Audience),
    Relation.PARTY: frozenset({Audience.PARTIES, Audience.PARTNERS, Audience.PUBLIC}),
    Relation.PARTNER: frozenset({Audience.PARTNERS, Audience.PUBLIC}),
    Relation.STRANGER: frozenset[Audience](),
}
FOR_PARTNERS = sorted(READS[Relation.PARTNER])
FOR_PARTIES_ALONE = sorted(READS[Relation.PARTY] - READS[Relation.PARTNER])
FOR_STAFF_ALONE = sorted(READS[Relation.STAFF] - READS[Relation.PARTY])


@dataclass(frozen=True)
class Viewer:
    """Whose eyes a query looks through. `organisation` is a partner's code."""

    is_staff: bool
    organisation: str | None = None

    @property
    def sees_nothing(self) -> bool:
        return not self.is_staff and self.organisation is None


NOBODY = Viewer(is_staff=False)


def viewer_of(user: User | AnonymousUser | None) -> Viewer:
    """Staff with a role, a partner with an organisation, or nobody."""
    if user is None or not user.is_authenticated or not user.is_active:
        return NOBODY
    if may(user, Role.VIEWER):
        return Viewer(is_staff=True)
    return Viewer(is_staff=False, organisation=user.organisation_id)


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a convoy decides who may know of it: `parties` are organisations that take part in it,
    `named` those with whom it is shared by name."""

    is_registered: bool
    is_for_all_partners: bool
    parties: frozenset[str]
    named: frozenset[str]


def relation_of(viewer: Viewer, standing: Standing | None) -> Relation:
    """What a viewer is to a convoy, for its entries; None stands for what is about no convoy."""
    if viewer.is_staff:
        return Relation.STAFF
    if viewer.sees_nothing:
        return Relation.STRANGER
    if standing is None:
        return Relation.PARTNER
    if viewer.organisation in standing.parties:
        return Relation.PARTY
    is_shared = standing.is_for_all_partners or viewer.organisation in standing.named
    return Relation.PARTNER if is_shared else Relation.STRANGER


def may_know_of(viewer: Viewer, standing: Standing) -> bool:
    """Whether `visible_convoys` has the convoy."""
    # A registration that was taken back leaves a convoy without a state: the desk's own slip.
    relation = relation_of(viewer, standing)
    return relation == Relation.STAFF or (relation != Relation.STRANGER and standing.is_registered)


def _linked(viewer: Viewer, convoy: str, parties_only: bool = False) -> Exists:
    links = ConvoyOrganisation.objects.filter(convoy=OuterRef(convoy), organisation=viewer.organisation)
    return Exists(links.exclude(part=Part.SHARED) if parties_only else links)


def takes_part(viewer: Viewer, convoy: str) -> Exists:
    """Whether this partner is a party to the convoy that a column names."""
    return _linked(viewer, convoy, parties_only=True)


def visible_convoys(viewer: Viewer) -> QuerySet[Convoy]:
    """The convoys this viewer may know of, exercises included."""
    convoys = Convoy.objects.all()
    if viewer.is_staff:
        return convoys
    if viewer.sees_nothing:
        return convoys.none()
    # A registration that was taken back leaves a convoy without a state: the desk's own slip.
    convoys = convoys.exclude(status=UNREGISTERED)
    return convoys.filter(Q(shared_with_all_partners=True) | _linked(viewer, "pk"))


def visible_events(viewer: Viewer) -> QuerySet[Event]:
    """Every entry of every chain that this viewer may read, superseded and retracted ones too.

    A chain is as visible as its narrowest entry: a correction that narrows it takes the earlier
    entries with it.
    """
    events = Event.objects.all()
    if viewer.is_staff:
        return events
    if viewer.sees_nothing:
        return events.none()
    seen = Q(convoy=None) | Q(convoy__shared_with_all_partners=True) | _linked(viewer, "convoy")
    return events.filter(seen, _allowed(viewer, "convoy")).exclude(
        _narrowed(Event.objects.all(), viewer, "convoy")
    )


def visible_claims(viewer: Viewer, knows_others: bool = False) -> QuerySet[Claim]:
    """Every claim that this viewer may read: its own audience and its target's both allow it.

    What links a convoy to one that the viewer may not know of is not there, nor what answers it; with
    `knows_others` it is, for asking what would be read: show nothing of that.
    A claim on a claim is as visible as the claim it answers; two levels are followed, which is
    as deep as the write path lets answers go. Whose source is withheld says `withholds_source`.
    """
    claims = Claim.objects.all()
    if viewer.is_staff:
        return claims
    if viewer.sees_nothing:
        return claims.none()
    claims = claims.annotate(
        about_event=Coalesce(F("target_event_id"), F("target_claim__target_event_id")),
        about_convoy=Coalesce(
            F("target_convoy_id"),
            F("target_event__convoy_id"),
            F("target_claim__target_convoy_id"),
            F("target_claim__target_event__convoy_id"),
        ),
        source_withheld=Exists(
            Claim.objects.filter(
                chain=OuterRef("chain"), sequence__gte=OuterRef("sequence"), is_confidential=True
            )
        ),
    )
    seen = Q(about_convoy=None) | Exists(visible_convoys(viewer).filter(pk=OuterRef("about_convoy")))
    allowed = _allowed(viewer, "about_convoy")
    target = Q(about_event=None) | Exists(visible_events(viewer).filter(sequence=OuterRef("about_event")))
    answered = Q(target_claim=None) | _allowed(viewer, "about_convoy", "target_claim__audience")
    linked = Q()
    if not knows_others:
        linked = _sees_other(viewer, "alleged_convoy") & _sees_other(viewer, "target_claim__alleged_convoy")
    narrowed = _narrowed(Claim.objects.all(), viewer, "about_convoy")
    answers_narrowed = _narrowed(Claim.objects.all(), viewer, "about_convoy", chain="target_claim_id")
    return claims.filter(seen, allowed, target, answered, linked).exclude(narrowed).exclude(answers_narrowed)


def _sees_other(viewer: Viewer, column: str) -> Q:
    """Whether this column names no convoy, or one that the viewer may know of."""
    return Q(**{column: None}) | Q(Exists(visible_convoys(viewer).filter(pk=OuterRef(column))))


def withholds_source(viewer: Viewer, claim: Claim) -> bool:
    """Whether this reader sees of the claim's source its kind only.

    A correction that makes a source confidential takes the entries before it along. The claim must
    come from `visible_claims`; of any other the source is withheld.
    """
    return not viewer.is_staff and bool(getattr(claim, "source_withheld", True))


def others_seen(viewer: Viewer, events: Iterable[Event]) -> dict[int, Convoy]:
    """Of the other convoys that events name, by key, those that this reader may know of.

    No query where none is named.
    """
    named = {event.other_convoy_id for event in events} - {None}
    return visible_convoys(viewer).in_bulk(named) if named else {}


def declared_to(viewer: Viewer, event: Event) -> dict[str, Any]:
    """What an event declares, for this reader: a partner is told that a convoy is shared with it,
    not with whom besides."""
    declares: dict[str, Any] = event.declares
    shared = declares.get("visible_to")
    if viewer.is_staff or not isinstance(shared, list) or not shared:
        return declares
    rest = {item: value for item, value in declares.items() if item != "visible_to"}
    return rest | {"visible_to": [viewer.organisation]} if viewer.organisation in shared else rest


def _allowed(viewer: Viewer, convoy: str, audience: str = "audience") -> Q:
    """Whether the viewer is among this audience, by what they are to the convoy that a column names."""
    for_parties = Q(**{f"{audience}__in": FOR_PARTIES_ALONE}) & Q(_linked(viewer, convoy, True))
    return Q(**{f"{audience}__in": FOR_PARTNERS}) | for_parties


def _narrowed(entries: QuerySet[Any], viewer: Viewer, convoy: str, chain: str = "chain") -> Q:
    """Whether any entry of the chain that this column names is for fewer than this viewer is among."""
    named = entries.filter(chain=OuterRef(chain))
    for_parties = Exists(named.filter(audience__in=FOR_PARTIES_ALONE)) & ~_linked(viewer, convoy, True)
    return Q(Exists(named.filter(audience__in=FOR_STAFF_ALONE))) | Q(for_parties)
