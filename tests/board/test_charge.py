"""Who is in charge of a hold stands on its page and on the board: by name for staff alone."""

from __future__ import annotations

import pytest
from django.test import Client

from convoys.models import Deadline
from convoys.services.alerting.responses import take_back, take_charge
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_charge():
    officer = factories.user("officer", factories.Role.DESK_OFFICER, first_name="Ada", last_name="Doe")
    factories.make_held_convoy()
    deadline = Deadline.objects.get(watch="held")
    take_charge(officer, deadline, "desk")
    return officer, deadline


def page(who, address: str) -> str:
    client = Client()
    client.force_login(who)
    return client.get(address).content.decode()


@pytest.mark.parametrize("address", ["/", "/convoys/C-1"])
def test_staff_read_the_name_and_partners_that_the_desk_has(in_charge, address):
    officer, deadline = in_charge
    assert "Ada Doe is in charge" in page(officer, address)
    partners = page(factories.partner(), address)
    assert "the desk has taken charge" in partners
    assert "Ada Doe" not in partners
    take_back(officer, deadline, "in_charge")
    assert "is in charge" not in page(officer, address)


@pytest.mark.parametrize("address", ["/?as_of=2026-03-02", "/convoys/C-1?as_of=2026-03-02"])
def test_of_another_day_nobody_is_said_to_be_in_charge(in_charge, address):
    assert "in charge" not in page(in_charge[0], address)
