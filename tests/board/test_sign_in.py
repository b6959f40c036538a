"""Signing in: sign-up is closed; the demonstration's sign-ins are for its own machine alone."""

from __future__ import annotations

import json

import pytest
from allauth.account.models import EmailAddress

from tests import factories as make

pytestmark = pytest.mark.django_db
SIGN_INS = {
    "url": "http://127.0.0.1:8000",
    "admin": {"username": "admin", "password": "amber-ladle-41"},
    "officer": {"username": "officer", "password": "quiet-river-07"},
    "partner": {"username": "partner", "password": "plain-cedar-66", "token": "ct_secret"},
}


@pytest.fixture
def demo_file(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "demo.json").write_text(json.dumps(SIGN_INS))


def sign_in_page(client, address="127.0.0.1"):
    return client.get("/accounts/login/", REMOTE_ADDR=address).content.decode()


def test_somebody_with_an_account_gets_in(client):
    make.officer()
    response = client.post("/accounts/login/?next=/data", {"login": "officer", "password": make.PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/data")


def test_a_wrong_password_is_told_beside_the_form_and_keeps_the_name(client):
    make.officer()
    text = client.post("/accounts/login/", {"login": "officer", "password": "wrong"}).content.decode()
    assert 'role="alert"' in text
    assert 'value="officer"' in text


def test_nobody_can_sign_up(client):
    before = client.get("/accounts/signup/").content.decode()
    assert "Accounts are made by the desk" in before
    client.post(
        "/accounts/signup/", {"username": "intruder", "password1": "x7!kkq-long", "password2": "x7!kkq-long"}
    )
    from accounts.models import User

    assert not User.objects.filter(username="intruder").exists()


def test_the_embedded_copy_shows_its_sign_ins_to_its_own_machine_alone(client, settings, demo_file):
    settings.ENVIRONMENT, settings.DEMO = "embedded", True
    assert "amber-ladle-41" in sign_in_page(client)
    assert "amber-ladle-41" in sign_in_page(client, "::1")
    assert "amber-ladle-41" not in sign_in_page(client, "10.0.0.7")
    assert "ct_secret" not in sign_in_page(client)


def test_a_composed_demonstration_shows_them_and_production_never_does(client, settings, demo_file):
    settings.ENVIRONMENT, settings.DEMO = "production", True
    assert "quiet-river-07" in sign_in_page(client, "172.18.0.2")
    settings.DEMO = False
    assert "quiet-river-07" not in sign_in_page(client)


@pytest.mark.parametrize("contents", ["", "[]", "{", '{"admin": 3}', '{"admin": {"username": "x"}}'])
def test_a_damaged_file_of_sign_ins_does_no_harm(client, settings, tmp_path, contents):
    settings.ENVIRONMENT, settings.DEMO, settings.VAR_DIR = "embedded", True, tmp_path
    (tmp_path / "demo.json").write_text(contents)
    assert "Demonstration sign-ins" not in sign_in_page(client)


def test_the_pages_of_an_account_wear_the_look(signed_in):
    client = signed_in(make.officer())
    for path in ("/accounts/password/change/", "/accounts/logout/"):
        text = client.get(path).content.decode()
        assert 'class="masthead"' in text
        assert "button-primary" in text
    reset = client.get("/accounts/password/reset/").content.decode()
    assert 'class="masthead"' in reset


def test_signing_out_takes_one_press(signed_in):
    client = signed_in(make.officer())
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/").status_code == 302


def test_nobody_changes_where_their_mails_go(signed_in):
    partner = make.partner()
    client = signed_in(partner)
    assert client.get("/accounts/email/").status_code == 404
    new = {"action_add": "", "email": "elsewhere@example.org"}
    assert client.post("/accounts/email/", new).status_code == 404
    assert not EmailAddress.objects.filter(email="elsewhere@example.org").exists()


def test_who_has_no_account_is_not_sent_to_a_sign_up_that_is_closed(client, mailoutbox):
    known, unknown = make.officer().email, "nobody@example.org"
    for address in (known, unknown):
        response = client.post("/accounts/password/reset/", {"email": address})
        assert (response.status_code, response["Location"]) == (302, "/accounts/password/reset/done/")
    assert [mail.to for mail in mailoutbox] == [[known], [unknown]]
    assert "No account has this address" in mailoutbox[1].body
    assert "http" not in mailoutbox[1].body
