"""The same tag, the same body: whatever was written, whoever reads, and whatever the clock says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation
from convoys.api import etags, feed
from convoys.api.convoy_filters import CONVOYS
from convoys.models import KeptText, PlaceName, Route
from convoys.services.changes import Claim, Correct, Record, Retract, Target, agreement, control_point, convoy
from convoys.services.erasing import erase_words
from convoytracker.release import release
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

NOON = "2026-03-10T12:00:00Z"
FIGURES = ("statistics/tonne-days", "statistics/held-now", "statistics/durations")
ADDRESSES = (
    "convoys", "convoys?as_of=2026-03-04", "convoys?known_at=2026-03-04", "convoys/OWN",
    "convoys/OWN?as_of=2026-03-04", "convoys/THIRD", "events", "routes", "routes/main", "control-points",
    "control-points/bridge", "organisations", "agreements", "agreements/passage", "statistics/tonne-days",
    "statistics/tonne-days?as_of=2026-03-04&group_by=route", "ledger/head", "ledger/entries/1", "me",
)  # fmt: skip


class Poller:
    """A program that keeps every answer with its tag, and asks with the last one that it got."""

    # Of all pollers of a test: what a tag stood for, by address.
    bodies: dict[tuple[str, str], Any]

    def __init__(self, user: Any, bodies: dict[tuple[str, str], Any]) -> None:
        self.program, self.bodies = Program(user), bodies
        self.last: dict[str, tuple[str, Any]] = {}

    def poll(self) -> set[str]:
        """Ask for everything; returns the addresses whose answer is another than before."""
        changed = set()
        for address in ADDRESSES:
            had, body = self.last.get(address, ("", None))
            # What an open hold has cost so far grows while one asks: all answers are of one instant.
            with time_machine.travel(timezone.now(), tick=False):
                answer = self.program.ask(address, headers={"If-None-Match": had})
                is_confirmed = answer.status == 304
                if is_confirmed:
                    assert answer.headers["ETag"] == had, address
                    answer = self.program.ask(address)
                    assert (answer.headers["ETag"], answer.body) == (had, body), (
                        f"{address}: confirmed, and stale"
                    )
                anew = self.made_anew(address)
            tag = answer.headers.get("ETag", "")
            assert (answer.status == 200) == bool(tag), address
            assert is_confirmed == (tag != "" and tag == had), address
            assert answer.body == anew or not tag, f"{address}: a text was kept too long"
            kept = answer.body if tag else None  # a problem has an id of its own
            if tag:
                assert self.bodies.setdefault((address, tag), kept) == kept, f"{address}: one tag, two bodies"
            if kept != body:
                changed.add(address)
            self.last[address] = (tag, kept)
        cache.clear()  # where requests are counted
        return changed

    def made_anew(self, address: str) -> Any:
        """The answer without any text that is kept; those that are stay as old as they are."""
        with transaction.atomic():
            KeptText.objects.all().delete()
            body = self.program.ask(address).body
            transaction.set_rollback(True)
        return body


@pytest.fixture(autouse=True)
def noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture
def country() -> dict[str, int]:
    """Convoys of the partner's own, shared with another, and a third's; points, agreement, answered claim."""
    for code in ("other_society", "third_society"):
        make.organisation(code)
    make.make_held_convoy("OWN")
    make.make_convoy("NAMED", visible_to=["other_society"])
    make.make_convoy("THIRD", declares={"sponsors": ["third_society"]})
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    make.agreement().routes.add(Route.objects.get())
    make.tell(agreement("passage"), "discussed", "2026-03-01")
    event, claim = make.apply(make.record("OWN", "seen", "2026-03-05")).sequences[0]
    return {"seen": event, "claim": claim}


def by_admin(model: str, key: str, page: str = "change", **values: Any) -> None:
    """As a coordinator saves the form."""
    client = Client()
    client.force_login(make.coordinator())
    app = "accounts" if model == "organisation" else "convoys"
    response = client.post(reverse(f"admin:{app}_{model}_{page}", args=[key]), values)
    assert response.status_code == 302, response.content.decode()


def rows(prefix: str, initial: int = 0, *items: dict[str, Any]) -> dict[str, Any]:
    """An inline formset as a browser sends it."""
    sent = {f"{prefix}-TOTAL_FORMS": len(items), f"{prefix}-INITIAL_FORMS": initial}
    return sent | {
        f"{prefix}-{n}-{name}": value for n, item in enumerate(items) for name, value in item.items()
    }


def rename_place() -> None:
    name = PlaceName.objects.get(place="junction")
    renamed = {"id": name.pk, "place": "junction", "name": "Crossroads", "party": "other", "language": "en"}
    by_admin("place", "junction", kind="town", **rows("names", 1, renamed))


def test_every_kind_of_write_is_met_by_whoever_it_changes_an_answer_for(
    country: dict[str, int], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    bodies: dict[tuple[str, str], Any] = {}
    partner, viewer = make.partner(), make.viewer()
    readers = {
        "staff": Poller(viewer, bodies),
        "partner": Poller(partner, bodies),
        "other": Poller(make.partner("other_society"), bodies),
    }
    own, seen = "convoys/OWN", country["seen"]
    own_ref = convoy("OWN")
    better = Record(own_ref, "seen", make.at("2026-03-06"), place="junction")

    def correct() -> None:
        country["seen"] = make.apply(Correct(seen, better, "misread")).sequences[0][0]

    def moves(person: Any, **columns: Any) -> None:
        for name, value in columns.items():
            setattr(person, name, value)
        person.save(update_fields=list(columns))

    def joins(person: Any, colleague: Any) -> None:
        moves(person, is_staff=True)
        person.groups.set(colleague.groups.all())

    # What is written, and whose answer to what is another afterwards.
    writes: list[tuple[str, Callable[[], object], set[tuple[str, str]]]] = [
        ("record", lambda: make.tell("OWN", "seen", "2026-03-07"), {("staff", own), ("partner", own)}),
        ("correct", correct, {("staff", own), ("partner", own)}),
        (
            "claim",
            lambda: make.apply(Claim(Target(chain=seen), make.account(speaker="Another", stance="denies"))),
            {("staff", own), ("partner", own)},
        ),
        (
            "erase",
            lambda: erase_words(country["claim"], "A name that must not stand.", make.administrator()),
            {("staff", own), ("partner", own)},
        ),
        (
            "retract",
            lambda: make.apply(Retract(country["seen"], "A slip.")),
            {("staff", own), ("partner", "events")},
        ),
        (
            "share",
            lambda: make.apply(
                Record(own_ref, "visibility_changed", make.at("2026-03-08"), visible_to=["other_society"])
            ),
            {("other", own), ("other", "convoys"), ("staff", "events")},
        ),
        (
            "stop sharing",
            lambda: make.apply(
                Record(own_ref, "visibility_changed", make.at("2026-03-09"), visible_to=[])
            ),
            {("other", own), ("other", "convoys")},
        ),
        (
            "access",
            lambda: make.tell(control_point("bridge"), "access_changed", "2026-03-09", access="open"),
            {("partner", "control-points/bridge"), ("other", "routes")},
        ),
        ("place's name", rename_place, {("partner", own), ("staff", "convoys"), ("other", "routes/main")}),
        (
            "route's name",
            lambda: by_admin(
                "route", "main", name="The road",
                **rows("stops", 6, *(
                    {"id": stop.pk, "route": "main", "position": stop.position, "place": stop.place_id}
                    for stop in Route.objects.get().stops.all()
                )),
            ),
            {("partner", own), ("staff", "routes"), ("other", "agreements/passage")},
        ),
        (
            "organisation's name",
            lambda: by_admin("organisation", "aid_society", name="Aid", type="445", **rows("names")),
            {("partner", "convoys"), ("other", "organisations"), ("partner", "me")},
        ),
        (
            "point's side",
            lambda: by_admin("controlpoint", "bridge", "edit", type="bridge", side_a="harbour"),
            {("partner", "control-points/bridge"), ("other", "control-points")},
        ),
        (
            "agreement's title",
            lambda: by_admin("agreement", "passage", "edit", title="The passage", routes=["main"]),
            {("partner", "agreements"), ("staff", "agreements/passage")},
        ),
        (
            "partner's organisation",
            lambda: moves(partner, organisation=Organisation.objects.get(pk="third_society")),
            {("partner", own), ("partner", "convoys/THIRD"), ("partner", "convoys"), ("partner", "me")},
        ),
        (
            "partner becomes staff",
            lambda: joins(partner, viewer),
            {("partner", own), ("partner", "events"), ("partner", "me")},
        ),
        (
            "staff leaves for an organisation",
            lambda: moves(viewer, is_staff=False, organisation=Organisation.objects.get(pk="aid_society")),
            {("staff", "convoys/THIRD"), ("staff", "convoys"), ("staff", "events")},
        ),
        ("silence limit", lambda: setattr(settings, "SILENT_AFTER_HOURS", 24), {("partner", "convoys")}),
        (
            "instance's zone",
            lambda: setattr(settings, "INSTANCE_TIME_ZONE", "Asia/Yerevan"),
            {("partner", own), ("staff", "ledger/head")},
        ),
    ]  # fmt: skip
    for reader in readers.values():
        reader.poll()
    for what, write, expected in writes:
        write()
        changed = {(name, address) for name, reader in readers.items() for address in reader.poll()}
        assert expected <= changed, what


def test_the_next_release_has_other_tags(country: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(make.partner())
    addresses = ("convoys", "convoys/OWN", "vocabulary", "convoys?as_of=2026-03-04&known_at=2026-03-04")
    tags = {address: program.ask(address).headers["ETag"] for address in addresses}
    monkeypatch.setattr(etags, "release", lambda: "the next")
    for address, tag in tags.items():
        answer = program.ask(address, headers={"If-None-Match": tag})
        assert (answer.status, answer.headers["ETag"] != tag) == (200, True), address


def test_a_release_is_told_by_its_files() -> None:
    assert re.fullmatch("[0-9a-f]{32}", release())
    assert release() == release()


# One value of each parameter of a list; a new parameter needs one here, and `by_clock` where it needs that.
VALUES = {
    "convoys": {
        "status": "held", "route": "main", "sponsor": "aid_society", "origin": "harbour",
        "destination": "valley", "control_point": "bridge", "exercise": "all", "cause": "restricted_movement",
        "held_longer_than": "1", "tonnes_from": "1", "tonnes_to": "100", "registered_from": "2026-03-01",
        "registered_to": "2026-03-10", "departed_from": "2026-03-01", "departed_to": "2026-03-10",
        "held_from": "2026-03-10", "held_to": "2026-03-10", "silent": "false", "updated_since": "2026-03-01",
        "q": "OWN", "contested": "false", "other_reference": "WB-7",
    },
    "events": {
        "convoy": "OWN", "control_point": "bridge", "agreement": "passage", "kind": "seen", "after": "3",
        "page_size": "5",
        "exercise": "all",
    },
}  # fmt: skip


def test_the_clock_alone_changes_no_answer_under_its_tag(
    country: dict[str, int], noon: time_machine.Traveller, settings: Any
) -> None:
    """Reports may be dated five minutes ahead; days end; holds go on; reports grow old."""
    settings.API_REQUESTS_PER_MINUTE = 100_000
    make.tell("OWN", "released", "2026-03-10T12:03")
    make.tell("OWN", "held", "2026-03-10T12:04", place="hamlet", held_before="gate")
    lists = {"convoys": CONVOYS, "events": feed.PARAMETERS}
    assert {name: {row.name for row in rows} for name, rows in lists.items()} == {
        name: set(values) for name, values in VALUES.items()
    }
    moments = ("", "as_of=2026-03-10", "known_at=2026-03-10", "as_of=2026-03-10&known_at=2026-03-10T12:01Z")
    addresses = [
        f"{address}?{moment}"
        for address in ("convoys", "convoys/OWN", "control-points", "routes/main", "episodes", *FIGURES)
        for moment in moments
    ]
    addresses += [
        f"{name}?{urlencode({key: value})}" for name in VALUES for key, value in VALUES[name].items()
    ]
    program = Program(make.viewer())
    bodies: dict[tuple[str, str], Any] = {}
    figures = set()
    for now in (
        NOON,
        "2026-03-10T12:04:30Z",
        "2026-03-11T00:00:01Z",
        "2026-03-18T00:00:00Z",
        "2027-04-01T00:00Z",
    ):
        noon.move_to(now)
        for address in addresses:
            answer = program.ask(address)
            assert answer.status == 200, (address, answer.body)
            kept = bodies.setdefault((address, answer.headers["ETag"]), answer.body)
            assert kept == answer.body, f"{address}: one tag, two answers"
        figures.add(program.ask("statistics/tonne-days").headers["ETag"])
        cache.clear()
    assert len(figures) > 1, "an open hold costs more every day"
