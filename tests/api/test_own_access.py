"""What a program manages of its own: every address, every method, everybody, every scope."""

from __future__ import annotations

import pytest

from accounts.models import ApiToken, TokenScope
from accounts.tokens import issue_token
from tests import factories as make
from tests.api.conftest import Program
from tests.api.own_addresses import DETAILS, LISTS, OWN, Property, owner, property_of
from tests.api.test_access import CAST, READERS

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def theirs() -> Property:
    """The property of somebody who is not of the cast."""
    make.organisation("other_society")
    return property_of(owner())


@pytest.mark.parametrize("who", CAST)
def test_everybody_has_lists_of_their_own_and_nothing_of_anothers(who: str, theirs: Property) -> None:
    program = Program(CAST[who]())
    refusal = {"nobody": 401, "stranger": 403}.get(who)
    for name, (path, methods) in LISTS.items():
        answer = program.ask(path)
        assert answer.status == (refusal or 200), path
        if who in READERS and name != "tokens":
            assert answer.body["results"] == []
        for method in methods - {"GET"}:
            assert program.send(method, path, {"no such field": 1}).status == (refusal or 422), (method, path)
    for name, path in theirs.addresses.items():
        for method in DETAILS[name][1]:
            assert program.send(method, path, {}).status == (refusal or 404), (method, path)


def test_the_owner_reaches_what_is_theirs(theirs: Property) -> None:
    program = Program(theirs.owner)
    for name, path in theirs.addresses.items():
        if "GET" in DETAILS[name][1]:
            assert program.ask(path).status == 200, path


def test_methods_that_an_address_does_not_have_are_refused(theirs: Property) -> None:
    program = Program(theirs.owner)
    paths = theirs.addresses | {name: path for name, (path, _) in LISTS.items()}
    for name, path in paths.items():
        for method in set(METHODS) - OWN[name][1]:
            answer = program.send(method, path, {})
            assert (answer.status, answer.body["code"]) == (405, "method-not-allowed"), (method, path)


@pytest.mark.parametrize("scope", TokenScope.values)
def test_a_token_opens_what_its_scope_says_and_else_is_told_which_it_lacks(
    scope: str, theirs: Property
) -> None:
    program = Program(secret=issue_token(theirs.owner, "one scope", scopes=[scope])[1])
    paths = theirs.addresses | {name: path for name, (path, _) in LISTS.items()}
    for name, path in paths.items():
        for method in OWN[name][1]:
            is_of_tokens = path.startswith("tokens")
            needed = "tokens" if is_of_tokens else "read" if method == "GET" else "manage"
            if needed != scope:
                answer = program.send(method, path, {})
                assert (answer.status, answer.body["code"]) == (403, "missing-scope"), (method, path)
                assert f"scope {needed}" in answer.body["detail"]
    assert program.ask("convoys").status == (200 if scope == "read" else 403)
    assert program.ask("me").status == program.ask("/api/v1").status == 200


def test_a_sign_in_by_browser_only_reads(theirs: Property) -> None:
    program = Program()
    program.client.force_login(theirs.owner)
    paths = theirs.addresses | {name: path for name, (path, _) in LISTS.items()}
    for name, path in paths.items():
        for method in OWN[name][1]:
            is_read = method == "GET" and not path.startswith("tokens")
            assert program.send(method, path, {}).status == (200 if is_read else 403), (method, path)


def test_a_token_of_before_there_were_scopes_reads() -> None:
    token = ApiToken.objects.create(user=make.partner(), label="old", prefix="ct_abcdef", digest="0" * 64)
    assert token.scopes == ["read"]
