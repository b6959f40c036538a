"""The loaded case answers what its compilers worked out by hand, and holds nothing else."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from pytest_django import Settings

from accounts.models import Organisation, OrganisationName
from convoys.clocks import elapsed, period_of
from convoys.models import Agreement, Claim, ControlPoint, Convoy, Event, LedgerHead, Place, Route, Words
from convoys.queries.routes import route_positions
from convoys.queries.visibility import Viewer, visible_claims, visible_convoys, visible_events
from convoys.replay import Episode, History, in_force, replay
from convoys.services.demo import CASE
from convoys.services.importing.case import Loaded, load_case
from convoys.services.importing.tables import BadCase, read_case
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded_case")]

TBILISI = ZoneInfo("Asia/Tbilisi")
with (CASE / "expected.csv").open(encoding="utf-8", newline="") as file:
    EXPECTED = list(csv.DictReader(file))
PARTNER = Viewer(is_staff=False, organisation="ccaf")


@pytest.fixture(autouse=True)
def instance_zone(settings: Settings) -> None:
    settings.INSTANCE_TIME_ZONE = "Asia/Tbilisi"


def history(reference: str, known_at: datetime | None = None) -> History:
    events = Event.objects.filter(convoy__reference=reference)
    return replay(in_force(events, known_at), route_positions(), strict=known_at is None)


def day(at: datetime | None) -> str:
    return at.astimezone(TBILISI).date().isoformat() if at else ""


def shown(event: Event) -> str:
    local = event.occurred_at.astimezone(TBILISI)
    return local.strftime("%Y-%m-%d" if event.precision == "day" else "%Y-%m-%dT%H:%M")


def days_held(episode: Episode, until: Event) -> Decimal:
    opening = episode.opening
    return elapsed(
        opening.occurred_at, opening.precision, until.occurred_at, until.precision, TBILISI
    ).days.quantize(Decimal("0.01"))


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda row: row["reference"])
def test_a_convoy_stands_where_the_compilers_say(expected: dict[str, str]) -> None:
    told = history(expected["reference"])
    facts = told.facts
    assert facts.state == expected["state"]
    assert (facts.heading or "") == expected["heading"]
    assert facts.last_report is not None
    assert day(facts.last_report.occurred_at) == expected["last_report"]
    if not expected["held_from"]:
        assert told.episodes == []
        return
    (episode,) = told.episodes
    assert shown(episode.opening) == expected["held_from"]
    assert (shown(episode.closing) if episode.closing else "") == expected["held_to"]
    assert episode.ended.replace(" ", "_") == expected["ended"]
    assert episode.is_end_inferred == (expected["end_inferred"] == "yes")
    assert episode.stands_at == expected["stands_at"]
    assert episode.held_before == expected["held_before"]
    until = episode.closing if expected["days_count_to"] == "end" else facts.last_report
    assert until is not None
    assert days_held(episode, until) == Decimal(expected["days_held"]).quantize(Decimal("0.01"))


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda row: row["reference"])
def test_the_lists_say_the_same_as_the_history(expected: dict[str, str]) -> None:
    convoy = Convoy.objects.get(reference=expected["reference"])
    facts = history(expected["reference"]).facts
    assert convoy.status == expected["state"]
    assert day(convoy.last_reported_at) == expected["last_report"]
    assert (convoy.held_since is not None) == (expected["state"] == "held")
    assert convoy.held_since == (facts.hold.opening.occurred_at if facts.hold else None)
    assert convoy.held_before_id == (expected["held_before"] or None if expected["state"] == "held" else None)


def test_everything_is_there_and_nothing_is_invented() -> None:
    by_type = Counter(
        "convoy" if event.convoy_id else "control_point" if event.control_point_id else "agreement"
        for event in Event.objects.exclude(audience="staff").exclude(kind="visibility_changed")
    )
    assert by_type == {"convoy": 71, "control_point": 9, "agreement": 14}
    assert by_type.total() == 94
    assert Event.objects.filter(kind="visibility_changed").count() == 12
    assert set(Event.objects.values_list("act", flat=True)) == {"record"}
    assert Claim.objects.count() == 229
    assert set(Claim.objects.values_list("act", flat=True)) == {"record"}
    assert Convoy.objects.count() == 12
    assert Place.objects.count() == 20
    assert ControlPoint.objects.count() == 4
    assert Organisation.objects.count() == 69
    assert Agreement.objects.count() == 4
    assert list(Route.objects.order_by("code").values_list("code", "name")) == [
        ("aghdam", "Aghdam road"),
        ("lachin", "Lachin road"),
        ("samur_aghdam", "Samur crossing and Aghdam road"),
    ]
    assert LedgerHead.objects.get().size == Event.objects.count() + Claim.objects.count()


def test_what_is_recorded_is_what_the_lines_say() -> None:
    recorded = Counter(
        (event.convoy.reference if event.convoy else event.control_point_id or event.agreement_id, event.kind)
        for event in Event.objects.select_related("convoy")
        .exclude(kind="visibility_changed")
        .exclude(audience="staff")
    )
    lines = Counter((row["subject"], row["kind"]) for row in read_case(CASE).rows("records"))
    assert recorded == lines


def test_every_line_is_known_from_the_day_that_its_compilers_worked_out() -> None:
    """The end of that day in the instance's zone; without one, our own clock."""
    for row in read_case(CASE).rows("records"):
        event = events_of_lines()[row["id"]]
        if row["known_from"]:
            assert day(event.known_from) == row["known_from"], row["id"]
            assert event.known_from.astimezone(TBILISI).strftime("%H:%M:%S.%f") == "23:59:59.999999"
        else:
            assert event.known_from == event.recorded_at, row["id"]
        assert event.backfilled


def events_of_lines() -> dict[str, Event]:
    """Events by the identity of their line: each line is the first entry of its change set."""
    rows = read_case(CASE).rows("records")
    firsts: dict[object, Event] = {}
    for event in Event.objects.order_by("sequence"):
        firsts.setdefault(event.change_set_id, event)
    return dict(zip((row["id"] for row in rows), firsts.values(), strict=False))


def test_conflicting_accounts_of_the_tonnage_stay_claims_side_by_side() -> None:
    alleged = Claim.objects.filter(target_convoy__reference="KB23-01", target_item="tonnes")
    figures = set(alleged.values_list("alleged_tonnes_low", "alleged_tonnes_high"))
    assert figures == {(360, 360), (361, 361), (400, None)}
    convoy = Convoy.objects.get(reference="KB23-01")
    assert (convoy.tonnes_low, convoy.tonnes_high) == (360, 400)
    denials = Claim.objects.filter(target_claim__isnull=False).order_by("sequence")
    assert [claim.stance for claim in denials] == ["denies", "denies", "denies", "disputes"]


def test_a_day_is_the_day_of_the_place_where_it_happened() -> None:
    talks = Event.objects.filter(agreement_id="AG1", kind="discussed").earliest("sequence")
    assert talks.time_zone == "Europe/Brussels"
    assert talks.occurred_at.isoformat() == "2023-07-14T22:00:00+00:00"


def test_what_was_known_while_it_happened_can_be_asked() -> None:
    """On 11 September the Russian truck was held; nobody knew of the delivery of the day after."""
    evening = datetime(2023, 9, 11, 23, 59, 59, 999999, tzinfo=TBILISI)
    assert history("KB23-06", known_at=evening).facts.state == "held"
    assert history("KB23-06", known_at=evening.replace(day=12)).facts.state == "delivered"
    assert history("KB23-06", known_at=evening.replace(day=8)).facts.state == ""


def test_the_release_that_nobody_reported_is_inferred_from_the_passage() -> None:
    steps = [(step.kind, step.is_inferred) for step in history("KB23-06").steps if step.before != step.after]
    assert steps == [
        ("registered", False),
        ("departed", True),
        ("stopped", False),
        ("held", False),
        ("released", True),
        ("delivered", False),
    ]


def test_an_unknown_fate_stays_open() -> None:
    open_holds = Convoy.objects.filter(status="held").order_by("reference")
    assert [convoy.reference for convoy in open_holds] == ["KB23-02", "KB23-03", "KB23-04", "KB23-05"]
    assert not Event.objects.filter(kind="tracking_ended").exists()


def test_every_partner_sees_every_convoy_and_claim_and_no_staff_note() -> None:
    assert visible_convoys(PARTNER).count() == 12
    assert visible_claims(PARTNER).count() == 229
    seen = visible_events(PARTNER).exclude(kind="visibility_changed")
    assert seen.count() == 94
    remarks = list(remarks_of_the_case())
    shown_words = " ".join(
        str(value)
        for fields in Words.objects.filter(sequence__in=seen.values("sequence")).values_list(
            "fields", flat=True
        )
        for value in fields.values()
    )
    assert not [remark for remark in remarks if remark in shown_words]


def test_every_remark_of_the_compilers_is_a_staff_note() -> None:
    notes = Event.objects.filter(kind="note", audience="staff").values("sequence")
    texts = "\n".join(
        words["text"] for words in Words.objects.filter(sequence__in=notes).values_list("fields", flat=True)
    )
    assert [remark for remark in remarks_of_the_case() if remark not in texts] == []


def remarks_of_the_case() -> Iterator[str]:
    case = read_case(CASE)
    for table in ("records", "claims", "convoys"):
        for row in case.rows(table):
            yield from filter(None, (row["note"], row.get("tonnes_note"), row.get("in_article_note")))


def test_parties_words_for_disputed_authorities_are_marked_as_verdicts() -> None:
    names = OrganisationName.objects.filter(organisation="karabakh_authorities").order_by("party")
    assert [(name.party, name.is_verdict) for name in names] == [("az", True), ("hy", True), ("other", False)]
    assert OrganisationName.objects.filter(is_verdict=True).count() == 2
    assert Place.objects.get(code="berdzor_lachin").display_name == "Berdzor / Lachin"
    assert Place.objects.get(code="khankendi_stepanakert").display_name == "Khankendi / Stepanakert"
    assert Place.objects.get(code="goris").display_name == "Goris / Gorus"


def test_access_of_the_two_roads_today() -> None:
    access = dict(ControlPoint.objects.values_list("place_id", "access"))
    assert access == {
        "aghdam_road": "open",
        "aghdam_road_post": "",
        "lachin_checkpoint": "restricted",
        "samur_checkpoint": "",
    }


def test_events_stand_in_the_order_of_the_lines() -> None:
    """Lines of one subject stand in the order of recording, which breaks ties; time goes first."""
    lines = events_of_lines()
    for subject in {row["subject"] for row in read_case(CASE).rows("records")}:
        ids = [row["id"] for row in read_case(CASE).rows("records") if row["subject"] == subject]
        times = [lines[name].effective_at for name in ids]
        assert times == sorted(times), subject
        assert all(lines[name].effective_at < period_of(lines[name])[1] for name in ids)


def test_a_second_load_adds_nothing() -> None:
    size = LedgerHead.objects.get().size
    Place.objects.filter(code="goris").update(note="edited by the desk")
    again = load_case(read_case(CASE))
    assert again == Loaded(change_sets=again.change_sets, added=0)
    assert LedgerHead.objects.get().size == size
    assert Place.objects.get(code="goris").note == "edited by the desk"


def test_a_load_that_was_interrupted_goes_on_with_the_same_results() -> None:
    """Where one change set is missing all are sent again, and the write path answers with the first."""
    case = read_case(CASE)
    rows = case.rows("records")
    extra = dict(rows[-1]) | {"id": "AG4.03", "note": "", "kind": "discussed", "decided_by": ""}
    claim = dict(case.rows("claims")[-1]) | {"id": "C230", "target": "AG4.03", "note": ""}
    longer = type(case)(
        case.name,
        {**case.tables, "records": (*rows, extra), "claims": (*case.rows("claims"), claim)},
    )
    size = LedgerHead.objects.get().size
    assert load_case(longer).added == 1
    assert LedgerHead.objects.get().size == size + 2
    assert (
        Event.objects.filter(agreement_id="AG4").count()
        == Event.objects.filter(agreement_id="AG4", chain=F("sequence")).count()
    )


def test_a_line_that_the_write_path_refuses_is_named_and_what_came_before_stays() -> None:
    case = read_case(CASE)
    rows = case.rows("records")
    bad = dict(rows[-1]) | {"id": "AG4.03", "occurred_at": "2093-01-01"}
    claim = dict(case.rows("claims")[-1]) | {"id": "C230", "target": "AG4.03"}
    longer = type(case)(
        case.name, {**case.tables, "records": (*rows, bad), "claims": (*case.rows("claims"), claim)}
    )
    size = LedgerHead.objects.get().size
    with pytest.raises(BadCase, match=r"AG4\.03: This lies in the future"):
        load_case(longer)
    assert LedgerHead.objects.get().size == size
