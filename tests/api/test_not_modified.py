"""Who has the answer already is told so, by every address, and told nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern
from django.utils import timezone

from accounts.tokens import issue_token
from convoys.api.etags import Basis
from convoys.api.urls import urlpatterns
from convoys.services.checking import CLOCK_SKEW
from tests import factories as make
from tests.api import own_addresses
from tests.api.conftest import Answer, Program
from tests.api.test_access import ADDRESSES, CAST, country

pytestmark = pytest.mark.django_db
__all__ = ["country"]  # a fixture, used by name

# What each address of the router answers from; whatever is not named here is tagged by its body.
FROM_THE_RECORD = {
    "convoys", "convoy", "convoy-by-reference", "events", "routes", "route", "control-points",
    "control-point", "organisations", "organisation", "agreements", "agreement", "episodes", "tonne-days",
    "held-now", "durations", "ledger-head", "ledger-entry", "ledger-inclusion", "ledger-consistency",
}  # fmt: skip
FIGURES = {"tonne-days", "held-now", "durations"}
FROM_THE_RELEASE = {"index", "vocabulary", "problems", "problem", "openapi.json"}
PUBLIC_ADDRESSES = ("/api/v1/problems", "/api/v1/problems/not-found")


def basis_of(pattern: URLPattern) -> Any:
    view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
    return getattr(view, "basis", None)


def test_whoever_answers_from_the_record_says_so_here() -> None:
    bases = {
        str(pattern.name): basis_of(pattern) for pattern in urlpatterns if isinstance(pattern, URLPattern)
    }
    assert {name for name, basis in bases.items() if basis is Basis.RECORD} == FROM_THE_RECORD
    assert {name for name, basis in bases.items() if basis is Basis.RELEASE} == FROM_THE_RELEASE


def have(program: Program, address: str, tag: str, method: str = "GET") -> Answer:
    return program.ask(address, method, headers={"If-None-Match": tag})


def check_headers(answer: Answer, address: str) -> None:
    assert answer.headers["ETag"].startswith('W/"'), address
    assert answer.headers["Cache-Control"].startswith("private, no-"), address
    vary = set(answer.headers["Vary"].lower().split(", "))
    assert {"accept", "accept-encoding", "authorization", "cookie", "origin"} <= vary, address
    assert answer.headers["X-Request-ID"], address


def check_confirmed(answer: Answer, tag: str, address: str) -> None:
    assert answer.status == 304, address
    check_headers(answer, address)
    assert (answer.headers["ETag"], answer.body) == (tag, None), address
    assert not {"Content-Type", "Content-Length"} & set(answer.headers), address


def check_has(program: Program, address: str) -> None:
    """GET, HEAD, and both again by who has the answer already."""
    got, head = program.ask(address), program.ask(address, "HEAD")
    check_headers(got, address)
    tag = got.headers["ETag"]
    assert (head.status, head.headers["ETag"]) == (200, tag), address
    for method in ("GET", "HEAD"):
        check_confirmed(have(program, address, tag, method), tag, address)


@pytest.mark.parametrize("who", ["viewer", "partner"])
def test_every_address_confirms_what_one_has(who: str, country: None, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    program = Program(CAST[who]())
    for answers in ADDRESSES.values():
        for address, allowed in answers.items():
            if who in allowed:
                check_has(program, address)
    for address in PUBLIC_ADDRESSES:
        check_has(Program(), address)


def test_tags_are_compared_weakly_several_may_be_named_and_a_star_stands_for_any(country: None) -> None:
    program = Program(make.partner())
    for address in ("convoys", "me"):  # a tag that is known beforehand, and one of the body
        tag = program.ask(address).headers["ETag"]
        opaque = tag.removeprefix("W/")
        for named in (opaque, f'"other", {tag}', f'{opaque},"other"', "*", " * "):
            check_confirmed(have(program, address, named), tag, address)
        for named in (
            '"other"',
            opaque.strip('"'),
            "",
            "W/",
            '"' + "x" * 5000,
            "é",
            f'"{tag}"',
            f"*, {tag[:9]}",
        ):
            assert have(program, address, named).status == 200, named
        assert have(program, address, tag, "OPTIONS").status == 200


def test_what_one_may_not_see_has_no_tag_and_answers_no_condition(country: None) -> None:
    staff, partner = Program(make.viewer()), Program(make.partner("other_society"))
    theirs = staff.ask("convoys/OWN").headers["ETag"]
    for address in ("convoys/OWN", "convoys/NONE", "events?convoy=OWN", "events?convoy=NONE"):
        for named in ("*", theirs, ""):
            answer = have(partner, address, named)
            assert (answer.status, "ETag" in answer.headers) == (404, False), (address, named)


def test_a_tag_tells_nothing_of_what_it_is_of(country: None) -> None:
    """It is asked for before the convoy is looked for, and is another for every address and reader."""
    program, other = Program(make.viewer()), Program(make.partner())
    addresses = ("convoys/OWN", "convoys/NAMED", "convoys", "convoys?page_size=5", "convoys?status=held")
    tags = [who.ask(address).headers["ETag"] for who in (program, other) for address in addresses]
    assert len(set(tags)) == len(tags)
    assert program.ask("convoys").headers["ETag"] == tags[2]


def test_two_programs_of_one_organisation_share_a_tag_and_two_readers_do_not(country: None) -> None:
    partner = make.partner()
    one, same = Program(partner), Program(secret=issue_token(partner, "another")[1])
    assert one.ask("convoys").headers["ETag"] == same.ask("convoys").headers["ETag"]
    assert one.ask("convoys").headers["ETag"] != Program(make.viewer()).ask("convoys").headers["ETag"]


def test_errors_have_no_tag_and_a_condition_changes_none(country: None, settings: Any) -> None:
    program = Program(make.partner())
    for address, status in (("convoys?x=1", 400), ("convoys/NONE", 404), ("none", 404)):
        answer = have(program, address, "*")
        assert (answer.status, "ETag" in answer.headers) == (status, False)
    assert have(Program(), "convoys", "*").status == 401
    assert have(Program(make.stranger()), "convoys", "*").status == 403
    settings.API_REQUESTS_PER_MINUTE = 0
    assert have(program, "convoys", "*").status == 429


def test_what_one_manages_confirms_it_too_and_is_told_to_nobody_else(country: None, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    mine = own_addresses.property_of(own_addresses.owner())
    program, other = Program(mine.owner), Program(make.partner())
    for name, (path, methods) in own_addresses.OWN.items():
        if "GET" in methods:
            address = mine.addresses.get(name, path)
            program.ask(address)  # the first use of a token is noted, and shown
            check_has(program, address)
            if name in own_addresses.DETAILS:
                answer = have(other, address, "*")
                assert (answer.status, "ETag" in answer.headers) == (404, False), address


@pytest.mark.parametrize(("who", "most"), [("partner", 2), ("viewer", 2)])
def test_a_confirmation_asks_for_token_rights_and_version_alone(who: str, most: int, country: None) -> None:
    """Token with its person and organisation, of staff the role, and the version of the record."""
    make.make_held_convoy("HELD")
    settled = timezone.now() + CLOCK_SKEW + timedelta(seconds=1)  # nothing on record lies ahead any more
    program = Program(CAST[who]())
    addresses = [
        address
        for name in FROM_THE_RECORD - FIGURES
        for address, allowed in ADDRESSES[name].items()
        if who in allowed
    ]
    # A figure that grows with the clock is confirmed by its body; one of a day that is over is not.
    addresses += [f"statistics/{name}?as_of=2026-03-05" for name in FIGURES]
    addresses += ["convoys?as_of=2026-03-05&known_at=2026-03-05", "convoys?known_at=2026-03-05"]
    with time_machine.travel(settled):
        for address in addresses:
            tag = program.ask(address).headers["ETag"]
            with CaptureQueriesContext(connection) as queries:
                assert have(program, address, tag).status == 304
            assert len(queries) == most, (address, [query["sql"] for query in queries])


def test_a_revoked_token_is_refused_whatever_it_has(country: None) -> None:
    partner = make.partner()
    program = Program(partner)
    tag = program.ask("convoys").headers["ETag"]
    partner.is_active = False
    partner.save(update_fields=["is_active"])
    assert have(program, "convoys", tag).status == 401


def test_a_browser_that_is_signed_in_is_told_so_too(country: None) -> None:
    program = Program()
    program.client.force_login(make.partner())
    check_has(program, "/api/v1/convoys")
    assert program.client.get("/api/v1/docs").status_code == 200
