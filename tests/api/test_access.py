"""Every address of the API, asked by everybody, about one's own, a shared and another's convoy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern
from django.utils import timezone

from accounts.models import ApiToken
from accounts.tokens import issue_token, revoke_token
from convoys.api.urls import urlpatterns
from tests import factories as make
from tests.api import own_addresses
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

CAST = {
    "nobody": lambda: None,
    "stranger": make.stranger,
    "partner": make.partner,
    "other partner": lambda: make.partner("other_society"),
    "viewer": make.viewer,
    "officer": make.officer,
    "coordinator": make.coordinator,
    "administrator": make.administrator,
}
READERS = frozenset(CAST) - {"nobody", "stranger"}
STAFF = frozenset({"viewer", "officer", "coordinator", "administrator"})

# Address -> who gets an answer; everybody else a 404, or 401 and 403 for nobody and the stranger.
ADDRESSES = {
    "index": {"/api/v1": READERS},
    "convoys": {"/api/v1/convoys": READERS},
    "convoy": {
        "/api/v1/convoys/OWN": STAFF | {"partner"},
        "/api/v1/convoys/NAMED": STAFF | {"partner", "other partner"},
        "/api/v1/convoys/ALL": READERS,
        "/api/v1/convoys/THIRD": STAFF,
        "/api/v1/convoys/NONE": frozenset(),
    },
    "events": {
        "/api/v1/events": READERS,
        "/api/v1/events?convoy=OWN": STAFF | {"partner"},
        "/api/v1/events?convoy=NAMED": STAFF | {"partner", "other partner"},
        "/api/v1/events?convoy=ALL": READERS,
        "/api/v1/events?convoy=THIRD": STAFF,
        "/api/v1/events?convoy=NONE": frozenset(),
    },
    "convoy-by-reference": {
        "/api/v1/convoys/by-reference/Carrier/OWN": STAFF | {"partner"},
        "/api/v1/convoys/by-reference/Carrier/NAMED": STAFF | {"partner", "other partner"},
        "/api/v1/convoys/by-reference/Carrier/ALL": READERS,
        "/api/v1/convoys/by-reference/Carrier/THIRD": STAFF,
        "/api/v1/convoys/by-reference/Carrier/NONE": frozenset(),
        "/api/v1/convoys/by-reference/Another/OWN": frozenset(),
    },
    "episodes": {
        "/api/v1/episodes": READERS,
        "/api/v1/episodes?convoy=OWN": STAFF | {"partner"},
        "/api/v1/episodes?convoy=NAMED": STAFF | {"partner", "other partner"},
        "/api/v1/episodes?convoy=ALL": READERS,
        "/api/v1/episodes?convoy=THIRD": STAFF,
        "/api/v1/episodes?convoy=NONE": frozenset(),
    },
    "routes": {"/api/v1/routes": READERS},
    "route": {"/api/v1/routes/main": READERS, "/api/v1/routes/none": frozenset()},
    "control-points": {"/api/v1/control-points": READERS},
    "control-point": {
        "/api/v1/control-points/bridge": READERS,
        "/api/v1/control-points/harbour": frozenset(),
    },
    "organisations": {"/api/v1/organisations": READERS},
    "organisation": {"/api/v1/organisations/aid_society": READERS, "/api/v1/organisations/none": frozenset()},
    "agreements": {"/api/v1/agreements": READERS},
    "agreement": {"/api/v1/agreements/passage": READERS, "/api/v1/agreements/none": frozenset()},
    "tonne-days": {"/api/v1/statistics/tonne-days": READERS},
    "held-now": {"/api/v1/statistics/held-now": READERS},
    "durations": {"/api/v1/statistics/durations": READERS},
    "ledger-head": {"/api/v1/ledger/head": READERS},
    # Entry 1 registers OWN; 6 registers THIRD, after those of NAMED and ALL and of who sees them.
    "ledger-entry": {
        "/api/v1/ledger/entries/1": STAFF | {"partner"},
        "/api/v1/ledger/entries/6": STAFF,
        "/api/v1/ledger/entries/0": frozenset(),
    },
    "ledger-inclusion": {
        "/api/v1/ledger/inclusion/1": STAFF | {"partner"},
        "/api/v1/ledger/inclusion/6": STAFF,
        "/api/v1/ledger/inclusion/0": frozenset(),
    },
    "ledger-consistency": {"/api/v1/ledger/consistency?from=1": READERS},
    "me": {"/api/v1/me": READERS},
    "vocabulary": {"/api/v1/vocabulary": READERS},
    "openapi.json": {"/api/v1/openapi.json": READERS},
}
# Whoever meets an error may read what it means; the viewer asks for a sign-in, not for a token.
PUBLIC = {"problems", "problem", "docs", "nowhere"}


def _waybill(number: str) -> dict[str, Any]:
    return {"references": [{"issuer": "Carrier", "number": number}]}


@pytest.fixture
def country() -> None:
    """Four convoys: the partner's own, one shared with the other by name, one with all, a third's."""
    for code in ("other_society", "third_society"):
        make.organisation(code)
    third = {"sponsors": ["third_society"]}
    make.make_convoy("OWN", declares=_waybill("OWN"))
    make.make_convoy("NAMED", declares=_waybill("NAMED"), visible_to=["other_society"])
    make.make_convoy("ALL", declares=third | _waybill("ALL"), visible_to="all_partners")
    make.make_convoy("THIRD", declares=third | _waybill("THIRD"))
    make.agreement()


def test_the_table_names_every_address_of_the_router() -> None:
    named = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern) and pattern.name}
    assert named == set(ADDRESSES) | set(own_addresses.OWN) | PUBLIC


@pytest.mark.parametrize("who", CAST)
def test_everybody_gets_what_they_may_see_and_nothing_else(who: str, country: None) -> None:
    program = Program(CAST[who]())
    for answers in ADDRESSES.values():
        for address, allowed in answers.items():
            refusal = {"nobody": 401, "stranger": 403}.get(who, 404)
            answer = program.ask(address)
            assert answer.status == (200 if who in allowed else refusal), address
            if answer.status != 200:
                assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("partner", ["ALL", "NAMED", "OWN"]),
        ("other partner", ["ALL", "NAMED"]),
        ("viewer", ["ALL", "NAMED", "OWN", "THIRD"]),
    ],
)
def test_lists_and_the_record_hold_only_convoys_that_the_asker_sees(
    who: str, seen: list[str], country: None
) -> None:
    program = Program(CAST[who]())
    assert program.ask("convoys").references == seen
    assert program.ask("convoys?sponsor=third_society").references == [
        r for r in seen if r in ("ALL", "THIRD")
    ]
    feed = program.get("events")["results"]
    told_of = {row["subject"]["code"] for row in feed if "subject" in row}
    told_of |= {reference for row in feed for reference in row["visible"] + row["withdrawn"]}
    assert told_of == set(seen)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("who", ["nobody", "partner", "administrator"])
def test_nothing_can_be_changed(method: str, who: str, country: None) -> None:
    program = Program(CAST[who]())
    for answers in ADDRESSES.values():
        for address in answers:
            answer = program.ask(address, method, data=b"{}", content_type="application/json")
            assert answer.status == (401 if who == "nobody" else 405), address
            assert answer.headers["Content-Type"] == "application/problem+json"
            if who != "nobody":
                assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_signed_in_browser_may_read_too_but_a_form_from_elsewhere_may_not_post(country: None) -> None:
    program = Program()
    program.client.force_login(make.partner())
    assert program.ask("convoys").references == ["ALL", "NAMED", "OWN"]
    program.client.handler.enforce_csrf_checks = True
    assert program.ask("convoys", "POST").status == 403


# --- tokens


def test_without_a_token_the_answer_says_how_to_send_one() -> None:
    answer = Program().ask("convoys")
    assert (answer.status, answer.body["code"]) == (401, "not-authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Convoy tracker"'


@pytest.mark.parametrize(
    "sent", ["Bearer", "Bearer ", "Bearer nonsense", "bearer ct_é", "Bearer a b", "Bearer " + "x" * 500]
)
def test_a_token_that_is_not_ours_is_refused_even_beside_a_session(sent: str) -> None:
    program = Program()
    program.client.force_login(make.partner())
    answer = program.ask("convoys", headers={"Authorization": sent})
    assert (answer.status, answer.body["code"]) == (401, "invalid-token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_ends_when_it_expires_is_revoked_or_its_account_is_closed() -> None:
    partner = make.partner()
    later = timezone.now() + timedelta(hours=1)
    kept, secret = issue_token(partner, "kept", later)
    program = Program(secret=secret)
    assert program.ask("convoys").status == 200

    ApiToken.objects.filter(pk=kept.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert program.ask("convoys").status == 401
    ApiToken.objects.filter(pk=kept.pk).update(expires_at=later)
    assert program.ask("convoys").status == 200

    partner.is_active = False
    partner.save(update_fields=["is_active"])
    assert program.ask("convoys").status == 401
    partner.is_active = True
    partner.save(update_fields=["is_active"])
    assert program.ask("convoys").status == 200

    revoke_token(kept)
    assert program.ask("convoys").status == 401


def test_the_secret_is_nowhere_in_the_database_and_use_is_noted_once_in_a_while() -> None:
    token, secret = issue_token(make.partner(), "poll")
    program = Program(secret=secret)
    program.get("convoys")
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    assert all(secret not in str(value) for value in ApiToken.objects.values().get(pk=token.pk).values())
    program.get("convoys")
    token.refresh_from_db()
    assert token.last_used_at == first


def test_a_token_sees_what_its_owner_sees_now() -> None:
    make.make_convoy("OWN")
    partner = make.partner()
    program = Program(partner)
    assert program.ask("convoys/OWN").status == 200
    partner.organisation = make.organisation("other_society")
    partner.save(update_fields=["organisation"])
    assert program.ask("convoys/OWN").status == 404


def test_too_many_requests_are_told_when_to_come_back(settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    one, another = Program(make.partner()), Program(make.partner())
    assert [one.ask("convoys").status for _ in range(4)] == [200, 200, 200, 429]
    answer = one.ask("convoys")
    assert answer.body["code"] == "too-many-requests"
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert another.ask("convoys").status == 200
