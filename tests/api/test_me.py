"""A program can ask whom it speaks for; it learns of itself and nobody else."""

from __future__ import annotations

import pytest

from accounts.models import ApiToken
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


def test_a_partners_program_learns_its_organisation_and_its_token() -> None:
    partner = make.partner()
    program = Program(partner)
    told = program.get("me")
    token = ApiToken.objects.get(user=partner)
    assert told["username"] == partner.username
    assert told["organisation"] == {"code": partner.organisation_id, "name": partner.organisation.name}
    assert told["role"] is None
    assert (told["token"]["prefix"], told["token"]["label"]) == (token.prefix, "test")
    assert program.secret not in str(told)
    assert told["requests_per_minute"] > 0


def test_staff_learn_their_role_and_have_no_organisation() -> None:
    told = Program(make.officer()).get("me")
    assert (told["role"], told["organisation"]) == ("desk_officer", None)


def test_who_is_signed_in_with_a_browser_has_no_token() -> None:
    program = Program()
    program.client.force_login(make.viewer())
    assert program.get("me")["token"] is None
