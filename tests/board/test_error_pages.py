"""Error pages: what happened, what is safe, what to do next; a broken record needs no database."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client

from tests import factories as make

ANSWERS = ("What happened", "What is safe", "What to do next")


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_the_pages_of_a_broken_record_need_no_database(name):
    text = render_to_string(name)  # no database mark: any query would raise
    assert all(answer in text for answer in ANSWERS)
    assert "Ledger: head not read" in text


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["403.html", "403_csrf.html", "404.html"])
def test_the_other_pages_end_with_the_ledger(name):
    text = render_to_string(name, {"request_path": "/x"})
    assert all(answer in text for answer in ANSWERS)
    assert "Ledger: 0 entries, head" in text


@pytest.mark.django_db
def test_a_form_without_its_mark_is_answered_in_the_same_way(now):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.officer())
    response = client.post("/accounts/logout/")
    assert response.status_code == 403
    assert b"The form you sent was too old" in response.content


@pytest.mark.django_db
def test_a_wrong_address_names_itself_harmlessly(client):
    response = client.get("/no/<b>such</b>/page")
    assert response.status_code == 404
    assert b"<b>such</b>" not in response.content
