"""A citation opens the very same page later, whatever was recorded since; one that fails says so first."""

from __future__ import annotations

import re
from datetime import date

import pytest
import time_machine

from convoys.models import Event
from convoys.services.changes import Claim, Correct, Record, SubjectRef, Target
from tests import factories as make

pytestmark = pytest.mark.django_db


def opened(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status
    return response


def main_of(response):
    """What the page says: without the form for another day, whose slider reaches to today."""
    text = response.content.decode()
    return text[text.index("<main") : text.index('id="time"')]


@pytest.fixture
def cited(signed_in):
    """A client, and the citation of a convoy's page of 5 March as it stood at noon."""
    with time_machine.travel("2026-03-05T11:00:00Z", tick=False):
        make.make_held_convoy("C-1")
    with time_machine.travel("2026-03-05T12:00:00Z", tick=False):
        client = signed_in(make.officer())
        address = opened(client, "/convoys/C-1").context["citation"].address
    with time_machine.travel("2026-03-05T12:30:00Z", tick=False):
        yield client, address


def history_loaded_later():
    """A coordinator loads what documents of 3 March told: known from then, though nobody had it."""
    told = make.account(speaker="An old paper", reported_on=date(2026, 3, 3), alleged_tonnes_low=12)
    make.apply(
        make.record("C-1", "seen", "2026-03-03T09:00", place="junction", claims=[told]),
        author=make.coordinator(),
        backfilled=True,
    )


def test_it_carries_both_moments_and_the_ledgers_size_and_head(cited):
    _client, address = cited
    assert re.fullmatch(
        r"/convoys/C-1\?as_of=2026-03-05T12:00:00Z&known_at=2026-03-05T12:00:00Z&ledger=\d+:[0-9a-f]{64}",
        address,
    )


@pytest.mark.parametrize("later", ["a report", "history", "a correction", "an account", "access"])
def test_opened_after_more_was_recorded_it_is_the_very_same_page(cited, later):
    client, address = cited
    before = main_of(opened(client, address))
    with time_machine.travel("2026-03-06T12:00:00Z", tick=False):
        make.control_point("bridge")
        {
            "a report": lambda: make.tell("C-1", "released", "2026-03-04T08:00", place="junction"),
            "history": history_loaded_later,
            "a correction": corrected,
            "an account": lambda: make.apply(
                Claim(Target(subject=make_ref(), item="tonnes"), make.account(alleged_tonnes_low=99))
            ),
            "access": lambda: make.tell(
                SubjectRef("control_point", "bridge"), "access_changed", "2026-03-03", access="closed",
                claims=[make.account(reported_on=date(2026, 3, 3))],
            ),
        }[later]()  # fmt: skip
        after = opened(client, address)
    assert main_of(after) == before
    assert after.context["cited"].holds
    assert "this page is made of it alone" in main_of(after)
    assert after.context["citation"].address == address, "it cites what it was opened by"


def make_ref():
    return SubjectRef("convoy", "C-1")


def corrected():
    event = Event.objects.get(kind="held")
    contents = Record(make_ref(), "held", make.at("2026-03-03T08:00"), place="junction", held_before="bridge")
    make.apply(Correct(event.sequence, contents, "a day later"), author=make.coordinator())


def test_without_the_head_the_same_day_shows_what_was_loaded_since(cited):
    client, address = cited
    with time_machine.travel("2026-03-06T12:00:00Z", tick=False):
        history_loaded_later()
        assert "An old paper" in main_of(opened(client, address.split("&ledger")[0]))
        assert "An old paper" not in main_of(opened(client, address))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda size, root: (size, "0" * 64), "does not hold"),
        (lambda size, root: (size - 1, root), "does not hold"),
        (lambda size, root: (size + 500, root), "fewer than the one cited"),
    ],
)
def test_a_head_that_is_not_this_ledgers_is_said_first_and_what_to_do(cited, change, says):
    client, address = cited
    start, head = address.split("&ledger=")
    size, root = change(int(head.split(":")[0]), head.split(":")[1])
    text = main_of(opened(client, f"{start}&ledger={size}:{root}"))
    assert text.index('role="alert"') < text.index('class="hero"')
    assert says in text
    assert "tell the desk" in text
    assert "this page is made of it alone" not in text


@pytest.mark.parametrize(
    "head", ["", "x", "1", "0:" + "0" * 64, "9" * 40 + ":" + "0" * 64, "١:" + "a" * 64, "\x00"]
)
def test_nonsense_for_a_head_breaks_nothing(cited, head):
    client, address = cited
    response = client.get(address.split("&ledger=")[0], {"ledger": head})
    assert response.status_code in (200, 400)


def test_the_data_link_asks_for_the_same_moment(cited):
    client, address = cited
    assert 'href="/api/v1/convoys/C-1"' in main_of(opened(client, "/convoys/C-1"))
    asked = address.split("?")[1].split("&ledger")[0].replace("&", "&amp;")
    assert f'href="/api/v1/convoys/C-1?{asked}"' in main_of(opened(client, address))
    assert client.get(f"/api/v1/convoys/C-1?{asked.replace('&amp;', '&')}").status_code == 200


def test_a_citation_shows_no_more_than_its_reader_may_see_now(cited, signed_in):
    _client, address = cited
    assert signed_in(make.partner("others")).get(address).status_code == 404


# --- lists and panels of another day


def test_words_and_route_find_what_was_so_then(signed_in):
    with time_machine.travel("2026-03-05T11:00:00Z", tick=False):
        make.make_held_convoy("C-1")
        make.organisation("city_fund", name="City Fund")
        make.route("other", "harbour", "valley")
        later = {
            "sponsors": ["city_fund"],
            "route": "other",
            "references": [{"issuer": "Customs", "number": "W-9"}],
        }
        make.apply(Record(make_ref(), "amended", make.at("2026-03-04"), declares=later))
        make.tell("C-1", "seen", "2026-03-04T09:00", place="hamlet")
    with time_machine.travel("2026-03-05T12:00:00Z", tick=False):
        client = signed_in(make.officer())

        def found(**query):
            return [row.convoy.reference for row in opened(client, "/convoys?" + "&".join(
                f"{name}={value}" for name, value in query.items())).context["rows"]]  # fmt: skip

        for query, then, now in (
            ({"route": "main"}, True, False), ({"route": "other"}, False, True),
            ({"q": "Aid+Society"}, True, False), ({"q": "City+Fund"}, False, True),
            ({"q": "W-9"}, False, True), ({"q": "Hamlet"}, False, True), ({"q": "Junction"}, True, False),
            ({"q": "c-1"}, True, True), ({"q": "Harbour"}, True, True),
            ({"q": "City+Fund", "route": "main"}, False, False),
        ):  # fmt: skip
            assert (found(as_of="2026-03-03", **query) == ["C-1"]) == then, query
            assert (found(**query) == ["C-1"]) == now, query


def test_an_agreement_of_which_nothing_was_known_is_not_listed(signed_in):
    with time_machine.travel("2026-03-05T11:00:00Z", tick=False):
        make.make_held_convoy("C-1")
        agreement = make.agreement()
        agreement.routes.add(make.road())
        make.tell(SubjectRef("agreement", "passage"), "agreed", "2026-03-04")
    with time_machine.travel("2026-03-05T12:00:00Z", tick=False):
        client = signed_in(make.officer())
        for path in ("/", "/routes", "/routes/main"):
            assert "Passage" not in main_of(opened(client, f"{path}?as_of=2026-03-03"))
            assert "Passage" in main_of(opened(client, f"{path}?as_of=2026-03-04"))
            assert "Passage" in main_of(opened(client, path))
