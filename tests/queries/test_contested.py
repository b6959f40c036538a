"""Contested: two accounts in force, of different speakers, that do not agree; and on what."""

from __future__ import annotations

from typing import Any

import pytest

from convoys.models import Claim as ClaimRow
from convoys.models import ControlPoint, Convoy
from convoys.queries import desk
from convoys.queries.accounts import accounts_on, contested_by_chain, contested_of_convoy, contested_of_itself
from convoys.queries.api_record import tell_subject
from convoys.queries.as_of import Moment
from convoys.queries.contested import in_order
from convoys.queries.desk_record import record_of
from convoys.queries.visibility import Viewer, viewer_of
from convoys.services.changes import Claim, Retract, SubjectRef, Target, agreement, control_point
from convoys.vocabulary import Act
from tests import factories as make

pytestmark = pytest.mark.django_db

STAFF = Viewer(is_staff=True)


def says(speaker: str, **what: Any) -> Any:
    return make.account(speaker=speaker, **what)


def add(target: int | SubjectRef, account: Any, item: str = "") -> int:
    chain = target if isinstance(target, int) else None
    subject = None if isinstance(target, int) else target
    return make.apply(Claim(Target(chain=chain, subject=subject, item=item), account)).sequences[0][0]


def closed_bridge(*accounts: Any) -> int:
    """The bridge was closed, as these accounts say; returns the event."""
    make.road()
    return make.tell(
        control_point("bridge"), "access_changed", "2026-03-01", access="closed", claims=list(accounts)
    )


def at_the_bridge(subject: str = "bridge") -> tuple[str, ...]:
    """What the bridge's page, its API and the desk say is contested: they say the same."""
    point = ControlPoint.objects.get(pk=subject)
    told = tell_subject(STAFF, point)
    seen = record_of(point)
    on_desk = in_order([*seen.contested, *(p for line in seen.lines for p in line.contested)])
    chains = [event.event.chain for event in told.events]
    accounts = accounts_on(STAFF, events=chains, subject=point)
    own = [one for one in accounts if one.claim.target_event_id is None]
    on_page = in_order(
        [*contested_of_itself(own), *(p for found in contested_by_chain(accounts).values() for p in found)]
    )
    assert told.contested == on_desk == on_page
    return told.contested


@pytest.mark.parametrize(
    ("one", "other", "contested"),
    [
        ("closed", "open", ("access",)),
        ("closed", "restricted", ("access",)),
        ("contested", "open", ("access",)),
        ("closed", "closed", ()),
        ("closed", "unknown", ()),
        ("closed", "", ()),
    ],
)
def test_access_is_contested_where_two_speakers_allege_another(
    one: str, other: str, contested: tuple[str, ...]
) -> None:
    closed_bridge(says("A", alleged_access=one), says("B", alleged_access=other))
    assert at_the_bridge() == contested


def test_one_speaker_who_says_two_things_contradicts_nobody() -> None:
    event = closed_bridge(says("A", alleged_access="closed"), says("A", alleged_access="open"))
    assert at_the_bridge() == ()
    other = add(event, says("B", alleged_access="restricted"))
    assert at_the_bridge() == ("access",)
    make.apply(Retract(other, "misheard"))
    assert at_the_bridge() == ()


def test_an_answer_to_an_account_counts_with_it() -> None:
    event = closed_bridge(says("A", alleged_access="closed"))
    claim = ClaimRow.objects.get(target_event=event)
    add(claim.sequence, says("B", stance="disputes", alleged_access="open"))
    assert at_the_bridge() == ("access",)


def test_an_answer_stands_though_the_account_that_it_answers_was_taken_back() -> None:
    event = closed_bridge(says("A"))
    claim = ClaimRow.objects.get(target_event=event)
    add(claim.sequence, says("B", stance="denies"))
    add(event, says("C"))
    make.apply(Retract(claim.sequence, "misheard"))
    assert at_the_bridge() == ("whether",)


def test_who_operates_a_point_is_contested_among_the_accounts_of_the_point_itself() -> None:
    make.road()
    for code in ("peacekeepers", "police"):
        make.organisation(code)
    add(control_point("bridge"), says("A", alleged_holders=["peacekeepers"]))
    assert at_the_bridge() == ()
    add(control_point("bridge"), says("B", alleged_holders=["police"], alleged_access="open"))
    assert at_the_bridge() == ("who",)


def test_accounts_of_a_point_that_speak_of_different_times_contradict_nothing() -> None:
    make.road()
    bridge = control_point("bridge")
    add(bridge, says("A", alleged_access="closed", alleged_when=make.at("2026-03-01")))
    add(bridge, says("B", alleged_access="open", alleged_when=make.at("2026-03-09")))
    assert at_the_bridge() == ()
    add(bridge, says("C", alleged_access="open", alleged_when=make.at("2026-03-01")))
    assert at_the_bridge() == ("access",)


@pytest.mark.parametrize(
    ("one", "other", "contested"),
    [
        ("together", "lachin_first", ("order",)),
        ("aghdam_first", "lachin_first", ("order",)),
        ("together", "together", ()),
        ("together", "", ()),
    ],
)
@pytest.mark.parametrize("of_the_whole", [False, True], ids=["of a step", "of the whole"])
def test_the_order_of_an_agreement_is_contested(
    one: str, other: str, contested: tuple[str, ...], of_the_whole: bool
) -> None:
    row, ref = make.agreement("passage"), agreement("passage")
    accounts = [says("A", alleged_order=one), says("B", alleged_order=other)]
    if of_the_whole:
        for account in accounts:
            add(ref, account)
    else:
        make.tell(ref, "agreed", "2026-03-01", claims=accounts)
    told = tell_subject(STAFF, row)
    assert told.contested == contested
    seen = record_of(row)
    assert in_order([*seen.contested, *(p for line in seen.lines for p in line.contested)]) == contested


def links(*said: tuple[str, str, str, str]) -> tuple[str, ...]:
    """What a convoy's API, desk and page say where (speaker, stance, link, other convoy) is claimed."""
    ref = make.make_convoy("C-1")
    for other in ("C-2", "C-3"):
        make.make_convoy(other)
    first = 0
    for speaker, stance, link, other in said:
        if link:
            first = add(ref, says(speaker, stance=stance, alleged_link=link, alleged_convoy=other), "links")
        else:
            add(first, says(speaker, stance=stance))
    row = Convoy.objects.get(reference="C-1")
    on_page = contested_of_convoy(accounts_on(STAFF, subject=row))
    assert tell_subject(STAFF, row).contested == on_page == desk.contested_among([row.pk]).get(row.pk, ())
    return on_page


@pytest.mark.parametrize(
    ("said", "contested"),
    [
        ([("A", "reports", "split_from", "C-2"), ("B", "reports", "split_from", "C-3")], ("link",)),
        ([("A", "reports", "split_from", "C-2"), ("B", "reports", "duplicate_of", "C-2")], ("link",)),
        ([("A", "reports", "split_from", "C-2"), ("B", "denies", "split_from", "C-2")], ("link",)),
        ([("A", "reports", "split_from", "C-2"), ("B", "denies", "", "")], ("link",)),
        ([("A", "reports", "split_from", "C-2"), ("B", "confirms", "split_from", "C-2")], ()),
        ([("A", "reports", "split_from", "C-2"), ("A", "reports", "split_from", "C-3")], ()),
        ([("A", "reports", "same_trucks_as", "C-2"), ("B", "reports", "same_trucks_as", "C-3")], ()),
        ([("A", "reports", "split_from", "C-2"), ("B", "reports", "same_trucks_as", "C-3")], ()),
    ],
    ids=[
        "of another convoy", "another link", "denied", "denied in answer", "confirmed", "one speaker",
        "trucks of several", "two links",
    ],
)  # fmt: skip
def test_links_between_convoys_are_contested(
    said: list[tuple[str, str, str, str]], contested: tuple[str, ...]
) -> None:
    assert links(*said) == contested


@pytest.mark.parametrize(("item", "point"), [("tonnes", "how much"), ("cargo", "whether")])
def test_a_denied_account_of_an_item_contests_it(item: str, point: str) -> None:
    ref = make.make_convoy()
    claim = add(ref, says("A"), item)
    row = Convoy.objects.get(reference="C-1")
    assert tell_subject(STAFF, row).contested == ()
    add(claim, says("B", stance="denies"))
    assert tell_subject(STAFF, row).contested == (point,) == desk.contested_among([row.pk])[row.pk]


def test_one_confidential_speaker_is_one_speaker_for_who_may_not_read_the_name() -> None:
    ref = make.make_held_convoy()
    chain = ClaimRow.objects.exclude(target_event=None).latest("sequence").target_event_id or 0
    make.organisation("police")
    make.organisation("customs")
    for holder in ("police", "customs"):
        add(chain, says("A guard", is_confidential=True, alleged_holders=[holder]))
    row = Convoy.objects.get(reference=ref.code)
    partner = viewer_of(make.partner())
    accounts = accounts_on(partner, events=[chain])
    assert any(one.is_masked for one in accounts)
    assert contested_by_chain(accounts) == {}
    assert tell_subject(partner, row).contested == ()


def test_an_answer_contests_nothing_before_what_it_answers_was_known() -> None:
    ref = make.make_convoy()
    day = make.utc(2026, 3, 10).date()
    answered = make.apply(
        Claim(Target(subject=ref, item="cargo"), says("A", reported_on=day)), backfilled=True
    ).sequences[0][0]
    earlier = make.utc(2026, 3, 5).date()
    make.apply(
        Claim(Target(chain=answered), says("B", stance="denies", reported_on=earlier)), backfilled=True
    )
    make.apply(Claim(Target(subject=ref, item="cargo"), says("C", reported_on=earlier)), backfilled=True)
    row = Convoy.objects.get(reference=ref.code)
    on_the_8th = Moment(known_at=make.utc(2026, 3, 8))
    assert tell_subject(STAFF, row, on_the_8th).contested == ()
    assert desk.contested_among([row.pk], on_the_8th) == {}
    assert desk.contested_among([row.pk])[row.pk] == ("whether",)
    assert ClaimRow.objects.filter(act=Act.RECORD).count() == 3
