"""What is answered in memory, for many viewers at once, is what the querysets answer for each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from convoys.models import Claim, Convoy, Event
from convoys.queries.sight import Sight
from convoys.queries.visibility import (
    NOBODY,
    Viewer,
    visible_claims,
    visible_convoys,
    visible_events,
    withholds_source,
)
from convoys.services.changes import Claim as ClaimStep
from convoys.services.changes import Correct, Retract, Target, control_point
from convoys.vocabulary import Audience
from tests import factories as make

pytestmark = pytest.mark.django_db

VIEWERS = {
    "staff": Viewer(is_staff=True),
    "the sponsor": Viewer(is_staff=False, organisation="aid_society"),
    "shared with by name": Viewer(is_staff=False, organisation="named"),
    "another partner": Viewer(is_staff=False, organisation="another"),
    "nobody": NOBODY,
}
SHARED = {
    "PRIVATE": None,
    "NAMED": ["named"],
    "ALL": "all_partners",
    "BOTH": ["named", "aid_society"],
    "GONE": "all_partners",
}
AUDIENCES = list(Audience)


@pytest.fixture(autouse=True)
def record(db: None) -> None:
    """Convoys of each way to be shared; events and claims of all audiences, narrowed ones, answers,
    links to each other, confidential sources, and what is about no convoy."""
    make.organisation("another")
    make.organisation("named")
    for reference, visible_to in SHARED.items():
        make.make_convoy(reference, visible_to=visible_to)
        if reference != "GONE":
            _tell_everything(make.convoy(reference))
    _tell_everything(control_point("bridge"), kind="access_changed")
    _link("PRIVATE", "ALL", "NAMED")
    _link("ALL", "PRIVATE", "GONE")
    _narrow_one_of_each()
    gone = Event.objects.filter(convoy__reference="GONE")
    said = ClaimStep(Target(chain=gone.earliest("pk").chain), make.account(audience=Audience.PUBLIC))
    make.apply(said)
    for sequence in gone.order_by("-sequence").values_list("pk", flat=True):
        make.apply(Retract(sequence, "a slip"), author=make.coordinator())
    assert Convoy.objects.get(reference="GONE").status == ""


def _tell_everything(subject: make.SubjectRef, kind: str = "inspected") -> None:
    more = {"access": "closed"} if kind == "access_changed" else {"place": "junction"}
    claims = [
        make.account(audience=audience, speaker=f"Speaker {audience}", is_confidential=audience == "parties")
        for audience in AUDIENCES
    ]
    reports = [
        make.record(subject, kind, f"2026-03-0{day}", audience=audience, claims=claims, **more)
        for day, audience in enumerate(AUDIENCES, 2)
    ]
    written = make.apply(*reports).sequences
    answers = [
        ClaimStep(Target(chain=claim), make.account(stance="denies", audience=audience))
        for claim in written[AUDIENCES.index(Audience.PARTNERS)][1:]
        for audience in AUDIENCES
    ]
    make.apply(*answers)


def _link(reference: str, *others: str) -> None:
    for other in others:
        for audience in AUDIENCES:
            target = Target(subject=make.convoy(reference), item="links")
            said = make.account(alleged_link="continues", alleged_convoy=other, audience=audience)
            claim = make.apply(ClaimStep(target, said)).sequences[0][0]
            make.apply(ClaimStep(Target(chain=claim), make.account(stance="denies", audience="partners")))


def _narrow_one_of_each() -> None:
    """An event, a claim and an answered claim that a correction takes from some of its readers."""
    for reference in ("BOTH", "ALL"):
        for audience in (Audience.STAFF, Audience.PARTIES):
            seen = make.tell(reference, "inspected", "2026-03-08", audience=Audience.PARTNERS, place="hamlet")
            claim = Claim.objects.get(target_event=seen)
            denied = make.account(stance="denies", audience=Audience.PARTNERS)
            make.apply(ClaimStep(Target(chain=claim.pk), denied))
            narrower = make.account(audience=audience, is_confidential=True)
            make.apply(Correct(claim.pk, narrower, "for fewer"), author=make.coordinator())
            told = make.tell(reference, "inspected", "2026-03-09", audience=Audience.PARTNERS, place="hamlet")
            right = make.record(
                reference, "inspected", "2026-03-09", place="hamlet", audience=audience, claims=[]
            )
            make.apply(Correct(told, right, "names a source"), author=make.coordinator())


@pytest.fixture
def sight() -> Sight:
    loaded = Sight()
    loaded.load_convoys(Convoy.objects.values_list("pk", flat=True))
    loaded.load_events(Event.objects.values_list("chain", flat=True))
    loaded.load_claims(list(Claim.objects.values_list("pk", flat=True)))
    return loaded


def test_everybody_sees_in_memory_what_the_querysets_show_them(sight: Sight) -> None:
    counts = {}
    convoys, events, claims = Convoy.objects.all(), list(Event.objects.all()), list(Claim.objects.all())
    for who, viewer in VIEWERS.items():
        seen = {row.pk for row in convoys if sight.knows(viewer, row.pk)}
        assert seen == set(visible_convoys(viewer).values_list("pk", flat=True)), who
        read = {row.pk for row in events if sight.reads_event(viewer, row.chain)}
        assert read == set(visible_events(viewer).values_list("pk", flat=True)), who
        said = {row.pk for row in claims if sight.reads_claim(viewer, row.pk)}
        assert said == set(visible_claims(viewer).values_list("pk", flat=True)), who
        counts[who] = len(said)

    # Each sees more than the last, so that there was something to tell apart.
    assert counts["nobody"] == 0
    assert 0 < counts["another partner"] < counts["shared with by name"] < counts["the sponsor"]
    assert counts["the sponsor"] < counts["staff"] == len(claims)


def test_sources_are_withheld_in_memory_as_the_query_withholds_them(sight: Sight) -> None:
    for viewer in (VIEWERS["staff"], VIEWERS["the sponsor"]):
        asked = {row.pk: withholds_source(viewer, row) for row in visible_claims(viewer)}
        assert {pk: withholds_source(viewer, sight.claim(pk)) for pk in asked} == asked
        assert any(asked.values()) is not viewer.is_staff


def test_of_what_was_not_loaded_nobody_sees_anything() -> None:
    viewer = VIEWERS["staff"]
    event, claim = Event.objects.all()[0], Claim.objects.all()[0]
    nothing = Sight()
    assert not nothing.knows(viewer, event.convoy_id or 0)
    assert not nothing.reads_event(viewer, event.chain)
    assert not nothing.reads_claim(viewer, claim.pk)


def test_claims_are_loaded_by_as_many_statements_whether_few_or_all(
    django_assert_num_queries: Callable[..., CaptureQueriesContext],
) -> None:
    few = list(Claim.objects.filter(target_event__convoy__reference="ALL").values_list("pk", flat=True)[:1])
    with CaptureQueriesContext(connection) as asked:
        Sight().load_claims(few)
    every = list(Claim.objects.values_list("pk", flat=True))
    with django_assert_num_queries(len(asked)):
        Sight().load_claims(every)
